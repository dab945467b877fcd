//! How somebody takes conversations: whether they are a CSR, what they know, how much at once, and where calls reach
//! them (spec/dialai.md §13.7, §15.5).
//!
//! Says nothing of who gets which conversation: that is routing's, which asks [`super::routable`] first.

use serde::{Deserialize, Serialize};

use crate::{documents::DocumentError, phone_number::is_e164};

/// Whether somebody is there, by their own account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Takes conversations.
    Available,
    /// Is there, and takes none.
    Busy,
    /// Is not there.
    #[default]
    Offline,
    /// Was there, and was lost.
    Disconnected,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Available, Self::Busy, Self::Offline, Self::Disconnected];

    /// What people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Busy => "Busy",
            Self::Offline => "Offline",
            Self::Disconnected => "Disconnected",
        }
    }

    /// One by its name.
    ///
    /// # Errors
    /// When nothing is called so.
    pub fn named(name: &str) -> Result<Self, DocumentError> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == name);
        found.ok_or_else(|| DocumentError::invalid("status", "use Available, Busy, Offline or Disconnected"))
    }
}

/// Most conversations of a kind that somebody may have at once.
pub const MOST_AT_ONCE: u8 = 10;
const MOST_SKILLS: usize = 50;

/// How somebody takes conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Desk {
    /// Whether conversations are ever routed to them (row D17).
    pub csr: bool,
    /// Whether they are there.
    pub status: Status,
    /// Names of what they know.
    pub skills: Vec<String>,
    /// Whether they take calls.
    pub voice_calls: bool,
    /// Chats at once, 0 to [`MOST_AT_ONCE`].
    pub max_chats: u8,
    /// E-mails at once, 0 to [`MOST_AT_ONCE`].
    pub max_emails: u8,
    /// E.164. For transfers to an internal contact alone, never for customers' calls.
    pub mobile_number: Option<String>,
    /// A telephone's number or SIP address: where a desk phone takes calls.
    pub sip_destination: Option<String>,
}

impl Default for Desk {
    /// No CSR, and not there; one conversation at a time.
    fn default() -> Self {
        Self {
            csr: false,
            status: Status::default(),
            skills: Vec::new(),
            voice_calls: false,
            max_chats: 1,
            max_emails: 1,
            mobile_number: None,
            sip_destination: None,
        }
    }
}

/// What of a desk is to be otherwise; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct DeskChange {
    /// See [`Desk::csr`].
    pub csr: Option<bool>,
    /// The name of a [`Status`].
    pub status: Option<String>,
    /// In place of all.
    pub skills: Option<Vec<String>>,
    /// See [`Desk::voice_calls`].
    pub voice_calls: Option<bool>,
    /// See [`Desk::max_chats`].
    pub max_chats: Option<i64>,
    /// See [`Desk::max_emails`].
    pub max_emails: Option<i64>,
    /// `Some(None)` takes it away.
    pub mobile_number: Option<Option<String>>,
    /// `Some(None)` takes it away.
    pub sip_destination: Option<Option<String>>,
}

impl Desk {
    /// The same with a change.
    ///
    /// # Errors
    /// When a value is not acceptable; the field is named.
    pub fn changed(&self, change: DeskChange) -> Result<Self, DocumentError> {
        let mut desk = self.clone();
        if let Some(csr) = change.csr {
            desk.csr = csr;
        }
        if let Some(status) = change.status {
            desk.status = Status::named(&status)?;
        }
        if let Some(skills) = change.skills {
            desk.skills = known_skills(skills)?;
        }
        if let Some(voice_calls) = change.voice_calls {
            desk.voice_calls = voice_calls;
        }
        if let Some(most) = change.max_chats {
            desk.max_chats = at_once("max_chats", most)?;
        }
        if let Some(most) = change.max_emails {
            desk.max_emails = at_once("max_emails", most)?;
        }
        if let Some(number) = change.mobile_number {
            desk.mobile_number = number.as_deref().map(mobile_number).transpose()?;
        }
        if let Some(destination) = change.sip_destination {
            desk.sip_destination = destination.as_deref().map(sip_destination).transpose()?;
        }
        Ok(desk)
    }
}

fn at_once(field: &'static str, most: i64) -> Result<u8, DocumentError> {
    let known = u8::try_from(most).ok().filter(|most| *most <= MOST_AT_ONCE);
    known.ok_or_else(|| DocumentError::invalid(field, format!("use 0 to {MOST_AT_ONCE}")))
}

/// Names of skills, each once, in the order in which they came.
fn known_skills(skills: Vec<String>) -> Result<Vec<String>, DocumentError> {
    let mut known: Vec<String> = Vec::new();
    for (index, skill) in skills.into_iter().enumerate() {
        let skill = skill.trim();
        if skill.is_empty() || skill.chars().count() > 100 || skill.chars().any(char::is_control) {
            let complaint = "use 1 to 100 characters, none of them a control character";
            return Err(DocumentError::invalid(format!("skills[{index}]"), complaint));
        }
        if !known.iter().any(|other| other == skill) {
            known.push(skill.to_owned());
        }
    }
    if known.len() > MOST_SKILLS {
        return Err(DocumentError::invalid("skills", format!("name at most {MOST_SKILLS}")));
    }
    Ok(known)
}

/// A number in the form of E.164.
fn mobile_number(text: &str) -> Result<String, DocumentError> {
    let text = text.trim();
    if is_e164(text) {
        return Ok(text.to_owned());
    }
    Err(DocumentError::invalid("mobile_number", "use the form of E.164, such as +491701234567"))
}

/// The number of an extension, or a SIP address (RFC 3261 §19.1.1) without checking more than its shape.
fn sip_destination(text: &str) -> Result<String, DocumentError> {
    let text = text.trim();
    let number = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if number || is_sip_address(text) {
        return Ok(text.to_owned());
    }
    let complaint = "use an extension's number, or an address such as sip:ada@pbx.example.com";
    Err(DocumentError::invalid("sip_destination", complaint))
}

fn is_sip_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let host = match rest.split_once('@') {
        Some(("", _)) => return false,
        Some((_, host)) => host,
        None => rest,
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\');
    (scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips"))
        && text.len() <= 255
        && text.bytes().all(plain)
        && host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
        && !host.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(change: DeskChange) -> String {
        match Desk::default().changed(change) {
            Err(DocumentError::Invalid { field, .. }) => field,
            other => panic!("it is refused: {other:?}"),
        }
    }

    #[test]
    fn da_d17_numbers_are_between_nought_and_ten() {
        for most in [0, 1, 10] {
            let change = DeskChange { max_chats: Some(most), max_emails: Some(10 - most), ..DeskChange::default() };
            let desk = Desk::default().changed(change).expect("it is taken");
            assert_eq!((i64::from(desk.max_chats), i64::from(desk.max_emails)), (most, 10 - most));
        }
        for most in [-1, 11, 256, i64::MIN, i64::MAX] {
            assert_eq!(field(DeskChange { max_chats: Some(most), ..DeskChange::default() }), "max_chats");
            assert_eq!(field(DeskChange { max_emails: Some(most), ..DeskChange::default() }), "max_emails");
        }
    }

    #[test]
    fn da_d17_telephones_are_as_their_standards_say() {
        for good in ["+491701234567", "+14155552671", "+2904567"] {
            assert_eq!(mobile_number(good).expect("it is taken"), good);
        }
        for bad in
            ["", "+", "491701234567", "+0491701234567", "+49 170 1234567", "+123456", "+1234567890123456", "+٤٩١٧٠١٢٣٤"]
        {
            assert!(mobile_number(bad).is_err(), "{bad}");
        }
        for good in [
            "4711",
            "sip:ada@pbx.example.com",
            "sips:ada@192.0.2.1:5061;transport=tcp",
            "sip:pbx.example.com",
            "SIP:7@[2001:db8::1]",
        ] {
            assert_eq!(sip_destination(good).expect("it is taken"), good);
        }
        for bad in
            ["", "ada", "tel:4711", "sip:", "sip:@pbx.example.com", "sip:ada@", "sip:a b@c", "sip:a@b@c", "<sip:a@b>"]
        {
            assert!(sip_destination(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn da_d17_what_is_not_named_stays() {
        let change = DeskChange {
            csr: Some(true),
            status: Some("Busy".to_owned()),
            skills: Some(["billing", " billing ", "French"].map(str::to_owned).to_vec()),
            mobile_number: Some(Some("+491701234567".to_owned())),
            ..DeskChange::default()
        };
        let desk = Desk::default().changed(change).expect("it is taken");
        assert_eq!((desk.csr, desk.status, desk.skills.join(",")), (true, Status::Busy, "billing,French".to_owned()));
        assert_eq!(desk.changed(DeskChange::default()).expect("nothing changes"), desk);
        let without = DeskChange { mobile_number: Some(None), ..DeskChange::default() };
        let changed = desk.changed(without).expect("it is taken");
        assert_eq!(changed, Desk { mobile_number: None, ..desk });
        assert_eq!(field(DeskChange { status: Some("busy".to_owned()), ..DeskChange::default() }), "status");
        let blank = vec!["billing".to_owned(), " ".to_owned()];
        assert_eq!(field(DeskChange { skills: Some(blank), ..DeskChange::default() }), "skills[1]");
    }
}
