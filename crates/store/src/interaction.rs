//! What was said, contact by contact: the shape of exports.

use model::{
    AgentId, ContactId, LogSeq, Timestamp,
    record::{Author, RequestFacts},
};
use serde_json::value::RawValue;

/// Most lines that one page of interactions holds.
pub const MAX_PAGE: usize = 5_000;

/// Which contacts, and which of their lines.
#[derive(Debug, Clone)]
pub struct InteractionFilter {
    /// Said at this moment or later.
    pub from: Timestamp,
    /// Said at this moment or earlier.
    pub to: Timestamp,
    /// Only of this contact.
    pub contact: Option<ContactId>,
    /// Only of contacts each of whose named attributes contains this text, whatever the case.
    pub found_by: Vec<(String, String)>,
    /// Only what this one said.
    pub author: Option<Author>,
}

impl Default for InteractionFilter {
    /// Everything.
    fn default() -> Self {
        Self { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX), contact: None, found_by: Vec::new(), author: None }
    }
}

/// Where a page ended, and the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionPlace {
    /// The contact of the last line.
    pub contact: ContactId,
    /// The record of the last line.
    pub log_seq: LogSeq,
}

/// A contact's lines, as far as they are on one page.
#[derive(Debug, Clone)]
pub struct ContactInteractions {
    /// Whose.
    pub contact: ContactId,
    /// Whether an earlier page had lines of the same contact.
    pub continued: bool,
    /// The contact's attributes after its latest turn; none on a page that continues, and for one that
    /// never took a turn.
    pub state: Option<Box<RawValue>>,
    /// The lines, in the order of the log.
    pub lines: Vec<Interaction>,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Interaction {
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub author: Author,
    /// What it is.
    pub kind: String,
    /// Its plain text.
    pub text: String,
    /// The intent that it realises.
    pub intent: Option<String>,
    /// The agent that was talked to.
    pub agent: Option<AgentId>,
    /// The whole of it, the JSON that was stored; none for a contact's plain text, whose text says it all.
    pub body: Option<String>,
    /// How its turn arrived; none for a line that came beside turns.
    pub request: Option<RequestFacts>,
}

/// A page of interactions: contacts by id, each with its lines.
#[derive(Debug, Clone, Default)]
pub struct InteractionPage {
    /// The contacts.
    pub contacts: Vec<ContactInteractions>,
    /// Where the next page begins; none after the last.
    pub next: Option<InteractionPlace>,
}

/// A page of what was said, without how it came: contacts by id, each with its lines.
///
/// All texts lie in one piece, one behind the other: a page of thousands of lines is as many allocations
/// as it has contacts.
#[derive(Debug, Clone, Default)]
pub struct SaidPage {
    pub(crate) contacts: Vec<SaidContact>,
    lines: Vec<SaidPlace>,
    texts: String,
    /// Where the next page begins; none after the last.
    pub next: Option<InteractionPlace>,
}

/// A contact of a page.
#[derive(Debug, Clone)]
pub(crate) struct SaidContact {
    pub(crate) contact: ContactId,
    pub(crate) continued: bool,
    pub(crate) state: Option<Box<RawValue>>,
    /// Which line of the page is the contact's first.
    first: usize,
}

/// Where a line's kind, text and body end in the texts of its page; the kind begins at `start`.
#[derive(Debug, Clone)]
struct SaidPlace {
    at: Timestamp,
    start: usize,
    kind: usize,
    text: usize,
    body: usize,
}

/// What a contact said, as far as it is on one page.
#[derive(Debug, Clone)]
pub struct SaidBy<'p> {
    /// Whose.
    pub contact: &'p ContactId,
    /// Whether an earlier page had lines of the same contact.
    pub continued: bool,
    /// The contact's attributes after its latest turn; none on a page that continues, and for one that
    /// never took a turn.
    pub state: Option<&'p RawValue>,
    lines: &'p [SaidPlace],
    texts: &'p str,
}

/// One line of a page of what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidLine<'p> {
    /// When it was said.
    pub at: Timestamp,
    /// What it is.
    pub kind: &'p str,
    /// Its plain text.
    pub text: &'p str,
    /// The whole of it, the JSON that was stored; none for a contact's plain text, whose text says it all.
    pub body: Option<&'p str>,
}

impl SaidPage {
    /// An empty page with room for some lines.
    pub(crate) fn with_room(lines: usize) -> Self {
        // About what a pressed button takes, with what the client says of the visitor.
        const OF_A_LINE: usize = 256;
        let texts = String::with_capacity(lines * OF_A_LINE);
        Self { contacts: Vec::new(), lines: Vec::with_capacity(lines), texts, next: None }
    }

    /// Begins the lines of a contact.
    pub(crate) fn push_contact(&mut self, contact: ContactId, continued: bool) {
        self.contacts.push(SaidContact { contact, continued, state: None, first: self.lines.len() });
    }

    /// Adds a line of the contact that was begun last.
    pub(crate) fn push_line(&mut self, line: &SaidLine<'_>) {
        let start = self.texts.len();
        let mut end_of = |part: &str| {
            self.texts.push_str(part);
            self.texts.len()
        };
        let (kind, text) = (end_of(line.kind), end_of(line.text));
        let body = end_of(line.body.unwrap_or_default());
        self.lines.push(SaidPlace { at: line.at, start, kind, text, body });
    }

    /// The contacts, in order.
    pub fn contacts(&self) -> impl Iterator<Item = SaidBy<'_>> {
        self.contacts.iter().enumerate().map(|(index, of)| {
            let end = self.contacts.get(index + 1).map_or(self.lines.len(), |next| next.first);
            SaidBy {
                contact: &of.contact,
                continued: of.continued,
                state: of.state.as_deref(),
                lines: &self.lines[of.first..end],
                texts: &self.texts,
            }
        })
    }
}

impl SaidBy<'_> {
    /// The lines, in the order of the log.
    pub fn lines(&self) -> impl Iterator<Item = SaidLine<'_>> {
        self.lines.iter().map(|place| SaidLine {
            at: place.at,
            kind: &self.texts[place.start..place.kind],
            text: &self.texts[place.kind..place.text],
            // No JSON is empty.
            body: Some(&self.texts[place.text..place.body]).filter(|body| !body.is_empty()),
        })
    }
}

/// One line among all lines with an agent, in the order of the log.
#[derive(Debug, Clone)]
pub struct ClickstreamLine {
    /// Its place among all entries.
    pub position: u64,
    /// Who it was said with.
    pub contact: ContactId,
    /// The number of the turn in its transcript.
    pub turn: u32,
    /// The client's id of the turn's message.
    pub message_id: Option<String>,
    /// The line.
    pub line: Interaction,
}

/// Which lines with an agent.
#[derive(Debug, Clone)]
pub struct ClickstreamFilter {
    /// The agent.
    pub agent: AgentId,
    /// Said at this moment or later.
    pub from: Timestamp,
    /// Said at this moment or earlier.
    pub to: Timestamp,
    /// Only of this contact.
    pub contact: Option<ContactId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gives_its_lines_as_they_were_added() {
        let said = |at, kind, text, body| SaidLine { at: Timestamp(at), kind, text, body };
        let lines = [
            said(1, "text", "Hällo", None),
            said(2, "button", "", Some("{}")),
            said(3, "", "", None),
            said(4, "form", "x", Some(r#"{"a":"ü"}"#)),
        ];
        let (ann, bob, eve) = ("ann".parse().unwrap(), "bob".parse().unwrap(), "eve".parse().unwrap());
        let mut page = SaidPage::with_room(2);
        page.push_contact(ann, true);
        for line in &lines[..3] {
            page.push_line(line);
        }
        page.push_contact(bob, false);
        page.push_contact(eve, false);
        page.push_line(&lines[3]);
        let found: Vec<(&str, bool, usize)> =
            page.contacts().map(|by| (by.contact.as_str(), by.continued, by.lines().count())).collect();
        assert_eq!(found, [("ann", true, 3), ("bob", false, 0), ("eve", false, 1)]);
        let by: Vec<SaidBy<'_>> = page.contacts().collect();
        assert!(by.iter().flat_map(|by| by.lines()).eq(lines));
    }
}
