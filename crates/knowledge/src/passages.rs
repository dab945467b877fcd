//! From a file to passages: its text, cut, each passage with a line that says where it stands in the file (row DA-K3).
//! A model reads passages one by one, and "it costs nine euros" is no answer where nothing says what does.

use crate::{
    extraction::{self, ExtractionError},
    splitting::{pieces, sections, shortened},
};

/// Most passages of one document.
pub const MOST_PASSAGES: usize = 20_000;
/// Rows of a table that stand in one passage, where they are short.
const ROWS: usize = 20;
/// Characters of the rows in one passage.
const ROW_CHARS: usize = 800;

/// A part of a document that is found and shown as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where it stands.
    pub place: String,
    /// What is said there.
    pub text: String,
}

impl Passage {
    /// The passage as it is kept and shown: it begins with where it stands.
    pub fn whole(&self) -> String {
        format!("{}\n\n{}", self.place, self.text)
    }
}

/// Why there are no passages of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no text that could be read.
    #[error(transparent)]
    Extraction(#[from] ExtractionError),
    /// It is a table and cannot be read as one.
    #[error("the table cannot be read: {0}")]
    Table(String),
    /// It has more passages than are kept of one document.
    #[error("the document has more than {0} passages: send it in parts")]
    TooMany(usize),
}

/// The passages of a file, in order.
///
/// # Errors
/// [`ReadError`].
pub fn read(name: &str, media_type: &str, bytes: &[u8]) -> Result<Vec<Passage>, ReadError> {
    let text = extraction::text(media_type, bytes)?;
    let passages = match media_type {
        "text/csv" => of_table(name, &text, b',')?,
        "text/tab-separated-values" => of_table(name, &text, b'\t')?,
        "text/html" | "application/xhtml+xml" | "text/markdown" | "text/x-markdown" => of_sections(name, &text),
        _ => of_text(name, &text),
    };
    match passages.len() {
        // Marks of markdown alone are text to the extraction.
        0 => Err(ExtractionError::Empty.into()),
        count if count > MOST_PASSAGES => Err(ReadError::TooMany(MOST_PASSAGES)),
        _ => Ok(passages),
    }
}

fn of_text(name: &str, text: &str) -> Vec<Passage> {
    numbered(pieces(text), &format!("From \u{201c}{}\u{201d}", shortened(name)))
}

fn of_sections(name: &str, markdown: &str) -> Vec<Passage> {
    let passages = sections(markdown).into_iter().flat_map(|section| {
        let mut place = format!("From \u{201c}{}\u{201d}", shortened(name));
        if !section.headings.is_empty() {
            place.push_str(&format!(", section \u{201c}{}\u{201d}", section.headings.join(" \u{203a} ")));
        }
        numbered(pieces(&section.text), &place)
    });
    // One more is enough to know that there are too many.
    passages.take(MOST_PASSAGES + 1).collect()
}

/// Passages of one place: where there are several, each says which it is.
fn numbered(texts: Vec<String>, place: &str) -> Vec<Passage> {
    let count = texts.len();
    let passage = |(at, text): (usize, String)| {
        let place = if count == 1 { format!("{place}.") } else { format!("{place}, part {} of {count}.", at + 1) };
        Passage { place, text }
    };
    texts.into_iter().enumerate().map(passage).collect()
}

/// The rows of a table, each with the names of its columns.
fn of_table(name: &str, text: &str, delimiter: u8) -> Result<Vec<Passage>, ReadError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| ReadError::Table(error.to_string());
    let columns: Vec<String> =
        reader.headers().map_err(unreadable)?.iter().map(|name| name.trim().to_owned()).collect();
    let mut groups: Vec<Rows> = Vec::new();
    let mut count = 0;
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        count += 1;
        let shown = shown(&columns, &row);
        if shown.is_empty() {
            continue;
        }
        let length = shown.chars().count();
        match groups.last_mut() {
            Some(rows) if rows.count < ROWS && rows.length + length <= ROW_CHARS => rows.add(count, length, &shown),
            _ => groups.push(Rows { first: count, last: count, count: 1, length, text: shown }),
        }
        if groups.len() > MOST_PASSAGES {
            return Err(ReadError::TooMany(MOST_PASSAGES));
        }
    }
    if groups.is_empty() {
        // A single line is a text, not the head of a table.
        return Ok(of_text(name, text));
    }
    let title = shortened(name);
    let passages = groups.into_iter().flat_map(|Rows { first, last, text, .. }| {
        let rows = if first == last { format!("row {first}") } else { format!("rows {first} to {last}") };
        numbered(pieces(&text), &format!("From \u{201c}{title}\u{201d}, {rows}"))
    });
    Ok(passages.take(MOST_PASSAGES + 1).collect())
}

/// Rows of a table that stand in one passage.
struct Rows {
    first: usize,
    last: usize,
    count: usize,
    length: usize,
    text: String,
}

impl Rows {
    fn add(&mut self, number: usize, length: usize, row: &str) {
        self.last = number;
        self.count += 1;
        self.length += length;
        self.text.push('\n');
        self.text.push_str(row);
    }
}

/// A row on one line; fields without a value say nothing.
fn shown(columns: &[String], row: &csv::StringRecord) -> String {
    let field = |(at, value): (usize, &str)| {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        match columns.get(at).filter(|column| !column.is_empty()) {
            _ if value.is_empty() => None,
            Some(column) => Some(format!("{column}: {value}")),
            None => Some(value),
        }
    };
    row.iter().enumerate().filter_map(field).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wholes(name: &str, media_type: &str, text: &str) -> Vec<String> {
        let passages = read(name, media_type, text.as_bytes()).expect("it can be read");
        passages.iter().map(Passage::whole).collect()
    }

    #[test]
    fn da_k03_a_passage_begins_with_where_it_stands() {
        let found =
            wholes("rules.md", "text/markdown", "# House\n\n## Parking\n\nIt costs nine euros.\n\n## Pets\n\nYes.");
        let expected = [
            "From \u{201c}rules.md\u{201d}, section \u{201c}House \u{203a} Parking\u{201d}.\n\nIt costs nine euros.",
            "From \u{201c}rules.md\u{201d}, section \u{201c}House \u{203a} Pets\u{201d}.\n\nYes.",
        ];
        assert_eq!(found, expected);
        let html = wholes("a.html", "text/html", "<h2>Parking</h2><p>Nine euros.</p>");
        assert_eq!(html, ["From \u{201c}a.html\u{201d}, section \u{201c}Parking\u{201d}.\n\nNine euros."]);
        let long = wholes("terms.txt", "text/plain", &"A sentence of the terms. ".repeat(120));
        assert!(long.len() > 1 && long[0].starts_with("From \u{201c}terms.txt\u{201d}, part 1 of 3."), "{}", long[0]);
    }

    #[test]
    fn da_k03_rows_of_a_table_have_the_names_of_their_columns() {
        let found = wholes("p.csv", "text/csv", "what,price\nParking,9\nBreakfast,\"12,50\"\n,\nSauna,,free");
        assert_eq!(
            found,
            [
                "From \u{201c}p.csv\u{201d}, rows 1 to 4.\n\nwhat: Parking; price: 9\nwhat: Breakfast; price: 12,50\nwhat: \
              Sauna; free"
            ]
        );
        let many: String = (0..50).map(|number| format!("thing {number},{number}\n")).collect();
        assert_eq!(wholes("p.csv", "text/csv", &format!("what,price\n{many}")).len(), 3);
        assert_eq!(wholes("p.csv", "text/csv", "just a line"), ["From \u{201c}p.csv\u{201d}.\n\njust a line"]);
        assert_eq!(
            wholes("p.tsv", "text/tab-separated-values", "a\tb\n1\t2"),
            ["From \u{201c}p.tsv\u{201d}, row 1.\n\na: 1; b: 2"]
        );
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let error = |media_type: &str, bytes: &[u8]| read("x", media_type, bytes).expect_err("it cannot be read");
        assert_eq!(error("text/plain", b"  "), ExtractionError::Empty.into());
        assert!(matches!(error("text/plain", b"\xff"), ReadError::Extraction(ExtractionError::Unreadable(_))));
        assert!(matches!(error("image/png", b"x"), ReadError::Extraction(ExtractionError::UnknownType(_))));
        let many = "# a\n\nb\n\n".repeat(MOST_PASSAGES + 1);
        assert_eq!(error("text/markdown", many.as_bytes()), ReadError::TooMany(MOST_PASSAGES));
    }

    proptest! {
        #[test]
        fn whatever_is_written_gives_passages_or_a_reason(text in "([#|,\"a-z\n ]{0,40}|\\PC{0,40})") {
            for media_type in ["text/plain", "text/markdown", "text/csv", "text/html"] {
                match read("a", media_type, text.as_bytes()) {
                    Ok(passages) => {
                        prop_assert!(!passages.is_empty());
                        for passage in passages {
                            prop_assert!(!passage.text.trim().is_empty() && passage.place.starts_with("From "));
                        }
                    }
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
            }
        }
    }
}
