//! Many users in a CSV file (row D13): a head that names the columns, and a user on each line.
//!
//! Reads, and stores nothing. A line that cannot be read is told beside those that can; a head that cannot be read
//! refuses the whole file, since then no line means anything.

use csv::{Position, ReaderBuilder, StringRecord, Trim};

use super::{DeskChange, NewUser};
use crate::documents::DocumentError;

/// Most lines of one file, without the head.
pub const MOST_LINES: usize = 500;

/// A line of a file.
#[derive(Debug)]
pub struct Line {
    /// Where it begins: the head is line 1.
    pub number: u64,
    /// Who stands in it, or what is wrong with it.
    pub user: Result<NewUser, DocumentError>,
}

/// What a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    FirstName,
    LastName,
    Email,
    Roles,
    Csr,
    Skills,
    VoiceCalls,
    MaxChats,
    MaxEmails,
    MobileNumber,
    SipDestination,
}

impl Column {
    const ALL: [Self; 12] = [
        Self::Name,
        Self::FirstName,
        Self::LastName,
        Self::Email,
        Self::Roles,
        Self::Csr,
        Self::Skills,
        Self::VoiceCalls,
        Self::MaxChats,
        Self::MaxEmails,
        Self::MobileNumber,
        Self::SipDestination,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Email => "email",
            Self::Roles => "roles",
            Self::Csr => "csr",
            Self::Skills => "skills",
            Self::VoiceCalls => "voice_calls",
            Self::MaxChats => "max_chats",
            Self::MaxEmails => "max_emails",
            Self::MobileNumber => "mobile_number",
            Self::SipDestination => "sip_destination",
        }
    }

    /// By its name in a head: `First name` is `first_name`.
    fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase().replace([' ', '-'], "_");
        Self::ALL.into_iter().find(|column| column.as_str() == name)
    }
}

/// The lines of a file.
///
/// # Errors
/// When it is no text in UTF-8, its head names no columns that there are, or there are no lines or too many.
pub fn read(file: &[u8]) -> Result<Vec<Line>, DocumentError> {
    let wrong = |complaint: String| DocumentError::invalid("body", complaint);
    let text = std::str::from_utf8(file).map_err(|_| wrong("save the file as CSV in UTF-8".to_owned()))?;
    // Spreadsheets write a mark of their own in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Column>> = None;
    let (mut lines, mut counter) = (Vec::new(), Counter { text: text.as_bytes(), counted: 0, number: 1 });
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        // Spreadsheets end with lines of nothing but separators.
        if record.iter().all(str::is_empty) {
            continue;
        }
        let Some(columns) = &columns else {
            columns = Some(head(&record)?);
            continue;
        };
        if lines.len() == MOST_LINES {
            return Err(wrong(format!("there are more than {MOST_LINES} lines: send the others in another file")));
        }
        let number = counter.line_of(record.position().map_or(0, Position::byte));
        lines.push(Line { number, user: user(columns, &record) });
    }
    if lines.is_empty() {
        return Err(wrong("there is nobody in it: a head such as `name,email,roles`, then a line for each".to_owned()));
    }
    Ok(lines)
}

/// Counts lines as editors do; the reader's own count stands still at lines that it passes over.
struct Counter<'t> {
    text: &'t [u8],
    counted: usize,
    number: u64,
}

impl Counter<'_> {
    /// The line of the record that the reader sees at `byte`: blank lines may still be in front of it.
    fn line_of(&mut self, byte: u64) -> u64 {
        let mut start = usize::try_from(byte).unwrap_or(self.text.len()).clamp(self.counted, self.text.len());
        while matches!(self.text.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        let ends = self.text[self.counted..start].iter().filter(|byte| **byte == b'\n').count();
        self.number += ends as u64;
        self.counted = start;
        self.number
    }
}

/// What stands between values: spreadsheets of many countries write a semicolon.
fn separator(text: &str) -> u8 {
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if head.contains(';') && !head.contains(',') { b';' } else { b',' }
}

fn head(record: &StringRecord) -> Result<Vec<Column>, DocumentError> {
    let mut columns = Vec::with_capacity(record.len());
    for name in record {
        let column = Column::named(name).ok_or_else(|| {
            let known: Vec<&str> = Column::ALL.into_iter().map(Column::as_str).collect();
            let complaint = format!("there is no column `{name}`: name columns among {}", known.join(", "));
            DocumentError::invalid("head", complaint)
        })?;
        if columns.contains(&column) {
            return Err(DocumentError::invalid("head", format!("the column `{}` stands twice", column.as_str())));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Roles) || !(columns.contains(&Column::Email) || columns.contains(&Column::Name)) {
        return Err(DocumentError::invalid("head", "there must be columns `roles`, and `email` or `name`"));
    }
    Ok(columns)
}

fn user(columns: &[Column], record: &StringRecord) -> Result<NewUser, DocumentError> {
    if record.len() != columns.len() {
        let complaint = format!("there are {} values, and {} columns", record.len(), columns.len());
        return Err(DocumentError::invalid("line", complaint));
    }
    let mut user = NewUser::default();
    for (column, value) in columns.iter().zip(record).filter(|(_, value)| !value.is_empty()) {
        set(&mut user, *column, value)?;
    }
    Ok(user)
}

fn set(user: &mut NewUser, column: Column, value: &str) -> Result<(), DocumentError> {
    let text = Some(value.to_owned());
    let desk: &mut DeskChange = &mut user.desk;
    match column {
        Column::Name => user.name = text,
        Column::FirstName => user.first_name = text,
        Column::LastName => user.last_name = text,
        Column::Email => user.email = text,
        Column::Roles => user.roles = several(value),
        Column::Csr => desk.csr = Some(yes_or_no(column, value)?),
        Column::Skills => desk.skills = Some(several(value)),
        Column::VoiceCalls => desk.voice_calls = Some(yes_or_no(column, value)?),
        Column::MaxChats => desk.max_chats = Some(number(column, value)?),
        Column::MaxEmails => desk.max_emails = Some(number(column, value)?),
        Column::MobileNumber => desk.mobile_number = Some(text),
        Column::SipDestination => desk.sip_destination = Some(text),
    }
    Ok(())
}

/// Several values in one: with a bar or a semicolon between.
fn several(value: &str) -> Vec<String> {
    value.split(['|', ';']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn yes_or_no(column: Column, value: &str) -> Result<bool, DocumentError> {
    match value.to_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(DocumentError::invalid(column.as_str(), "use yes or no")),
    }
}

fn number(column: Column, value: &str) -> Result<i64, DocumentError> {
    value.parse().map_err(|_| DocumentError::invalid(column.as_str(), "use a whole number"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(error: &DocumentError) -> &str {
        match error {
            DocumentError::Invalid { field, .. } => field,
            other => panic!("it names a field: {other}"),
        }
    }

    #[test]
    fn da_d13_spreadsheets_are_read_as_they_are_written() {
        let file = "\u{feff}First name;email;Roles;skills;csr\r\n\
                    Ada;ada@example.com;\"editor;read_only\";billing|French;yes\r\n\
                    \r\n\
                    \"Bo\nb\";bob@example.com;editor;;\r\n\
                    ;;;;\r\n\
                    Eve;eve@example.com;editor\r\n";
        let lines = read(file.as_bytes()).expect("it is read");
        let [ada, bob, eve] = lines.as_slice() else { panic!("there are three: {lines:?}") };
        let user = ada.user.as_ref().expect("she is read");
        assert_eq!(
            (ada.number, user.first_name.as_deref(), user.email.as_deref()),
            (2, Some("Ada"), Some("ada@example.com"))
        );
        assert_eq!((&user.roles, user.desk.csr), (&vec!["editor".to_owned(), "read_only".to_owned()], Some(true)));
        assert_eq!(user.desk.skills, Some(vec!["billing".to_owned(), "French".to_owned()]));
        let user = bob.user.as_ref().expect("he is read");
        assert_eq!((bob.number, user.desk.csr, user.first_name.as_deref()), (4, None, Some("Bo\nb")));
        assert_eq!((eve.number, eve.user.as_ref().err().map(field)), (7, Some("line")));
    }

    #[test]
    fn da_d13_a_bad_line_is_told_and_the_others_are_read() {
        let file = "email,roles,max_chats,csr\n\
                    ada@example.com,editor,3,no\n\
                    bob@example.com,editor\n\
                    eve@example.com,editor,many,no\n\
                    mia@example.com,editor,3,perhaps\n\
                    zoe@example.com,editor,,\n";
        let lines = read(file.as_bytes()).expect("it is read");
        let told: Vec<(u64, Option<&str>)> =
            lines.iter().map(|line| (line.number, line.user.as_ref().err().map(field))).collect();
        let expected = [(2, None), (3, Some("line")), (4, Some("max_chats")), (5, Some("csr")), (6, None)];
        assert_eq!(told, expected);
    }

    #[test]
    fn da_d13_what_is_no_such_file_is_refused_whole() {
        let files: [(&[u8], &str); 8] = [
            (b"", "body"),
            (b"email,roles\n", "body"),
            (b"\xff\xfee\0m\0", "body"),
            (b"{\"name\":\"Ada\"}", "head"),
            (b"email\nada@example.com", "head"),
            (b"roles\neditor", "head"),
            (b"email,roles,shoe size\na@example.com,editor,44", "head"),
            (b"email,Email,roles\na@example.com,b@example.com,editor", "head"),
        ];
        for (file, expected) in files {
            let error = read(file).expect_err("it is refused");
            assert_eq!(field(&error), expected, "{}", String::from_utf8_lossy(file));
        }
        let long = format!("email,roles\n{}", "a@example.com,editor\n".repeat(MOST_LINES + 1));
        assert_eq!(field(&read(long.as_bytes()).expect_err("it is refused")), "body");
    }

    proptest! {
        #[test]
        fn da_d13_no_file_breaks_the_reader(file: Vec<u8>, text in "(email|roles|name|,|;|\"|\n|\r|a){0,40}") {
            let _ = read(&file);
            if let Ok(lines) = read(text.as_bytes()) {
                prop_assert!((1..=MOST_LINES).contains(&lines.len()));
            }
        }
    }
}
