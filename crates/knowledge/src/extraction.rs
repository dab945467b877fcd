//! The text in a file: PDF, HTML, Markdown, CSV, plain text. Of HTML the structure is kept, as markdown.
//!
//! Files come from people who are signed in, and were written by anybody. What reads them panics on some, which is caught
//! here; it also overflows its stack, fills the memory or comes to no end, which nothing here can stop: whoever has
//! something to lose reads files in a process of their own.

use std::panic::catch_unwind;

use htmd::HtmlToMarkdown;
use unicode_normalization::UnicodeNormalization;

/// Why a file has no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractionError {
    /// Nothing here reads this media type.
    #[error("files of the type `{0}` cannot be read")]
    UnknownType(String),
    /// It is not what it says it is, or damaged.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// There is no text in it.
    #[error("there is no text in the file")]
    Empty,
}

/// What programs send that do not know a file's media type: generated clients, and curl for a body that is a file.
const UNKNOWN: [&str; 2] = ["application/octet-stream", "application/x-www-form-urlencoded"];
/// What browsers send for a table of text on machines with Excel.
const EXCEL: &str = "application/vnd.ms-excel";

/// What can be read, for people who sent something else.
pub const READABLE: &str = "application/pdf, text/html, text/markdown, text/csv and other text in UTF-8";

/// The media type of a file, without parameters and in lower case: as its sender says; where they do not know, as the
/// ending of its name says.
pub fn media_type(sent: Option<&str>, name: &str) -> String {
    let named = type_by_name(name);
    let Some(sent) = sent else { return named.unwrap_or("text/plain").to_owned() };
    let sent = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_unknown = |named: &&str| UNKNOWN.contains(&sent.as_str()) || (sent == EXCEL && *named == "text/csv");
    match named.filter(is_unknown) {
        Some(named) => named.to_owned(),
        None => sent,
    }
}

/// The media type that the ending of a file's name stands for.
fn type_by_name(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "pdf" => Some("application/pdf"),
        "html" | "htm" => Some("text/html"),
        "csv" => Some("text/csv"),
        "md" | "markdown" => Some("text/markdown"),
        "txt" => Some("text/plain"),
        _ => None,
    }
}

/// Whether files of a media type are read at all.
pub fn is_readable(media_type: &str) -> bool {
    match media_type {
        "application/pdf" | "application/xhtml+xml" => true,
        // Formats of word processors, text only by name.
        "text/rtf" | "text/richtext" => false,
        kind => kind.starts_with("text/") && kind.len() > "text/".len(),
    }
}

/// The text of a file of a media type, without parameters and in lower case.
///
/// # Errors
/// [`ExtractionError`].
pub fn text(media_type: &str, bytes: &[u8]) -> Result<String, ExtractionError> {
    if !is_readable(media_type) {
        return Err(ExtractionError::UnknownType(media_type.to_owned()));
    }
    let text = match media_type {
        "application/pdf" => of_pdf(bytes)?,
        "text/html" | "application/xhtml+xml" => of_html(&utf8(bytes)?)?,
        _ => utf8(bytes)?,
    };
    // Control characters mean nothing to a reader; form feeds are where pages end.
    let text: String = text.replace("\r\n", "\n").replace(['\r', '\u{c}'], "\n");
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = text.trim();
    if text.is_empty() { Err(ExtractionError::Empty) } else { Ok(text.to_owned()) }
}

fn utf8(bytes: &[u8]) -> Result<String, ExtractionError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned).map_err(|_| ExtractionError::Unreadable("it is no text in UTF-8".to_owned()))
}

/// The text of a PDF. Ligatures and other forms of letters become the letters.
fn of_pdf(bytes: &[u8]) -> Result<String, ExtractionError> {
    if !bytes.starts_with(b"%PDF-") {
        return Err(ExtractionError::Unreadable("it is no PDF".to_owned()));
    }
    // The reader panics on some damaged files.
    let read = catch_unwind(|| pdf_extract::extract_text_from_mem(bytes));
    let read = read.map_err(|_| ExtractionError::Unreadable("it is damaged".to_owned()))?;
    let text = read.map_err(|problem| ExtractionError::Unreadable(problem.to_string()))?;
    Ok(text.nfkc().collect())
}

fn of_html(html: &str) -> Result<String, ExtractionError> {
    let converter =
        HtmlToMarkdown::builder().skip_tags(vec!["head", "script", "style", "noscript", "template"]).build();
    // Markup nested without end overflows the stack. A look that can be deceived: it gives a reason to who meant no harm.
    if nesting(html) > DEEPEST {
        return Err(ExtractionError::Unreadable(format!("its elements are nested more than {DEEPEST} deep")));
    }
    converter.convert(html).map_err(|problem| ExtractionError::Unreadable(problem.to_string()))
}

/// Elements within elements that are read.
const DEEPEST: usize = 200;

/// How deep elements are nested, roughly: opening tags that no closing tag answers, of elements that do not end by
/// themselves.
fn nesting(html: &str) -> usize {
    const ENDED: [&str; 22] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p",
        "li", "td", "th", "tr", "dt", "dd", "option", "!doctype",
    ];
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let name: String = tag.chars().take_while(|c| !c.is_whitespace() && !matches!(c, '>' | '<')).collect();
        let name = name.to_ascii_lowercase();
        if name.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if is_name(&name) && !ENDED.contains(&name.as_str()) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

/// Whether it is an element's name, and not what follows a `<` in a script.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_markdown_without_what_nobody_reads() {
        let html = b"<html><head><title>T</title><style>p{}</style></head><body><h1>Prices</h1><p>A <b>cut</b> is \
                     30.</p><script>steal()</script><ul><li>One</li></ul></body></html>";
        let text = text("text/html", html).expect("there is text");
        assert!(text.contains("# Prices") && text.contains("**cut**") && text.contains("One"), "{text}");
        assert!(!text.contains("steal") && !text.contains("p{}"), "{text}");
    }

    #[test]
    fn text_is_taken_as_it_is() {
        assert_eq!(text("text/csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n"), Ok("a,b\n1,2".to_owned()));
        assert_eq!(text("text/plain", "gr\u{fc}n\u{0}".as_bytes()), Ok("gr\u{fc}n".to_owned()));
    }

    #[test]
    fn the_name_says_what_it_is_where_its_sender_does_not_know() {
        let octets = Some("application/octet-stream");
        for (sent, name, expected) in [
            (octets, "a.PDF", "application/pdf"),
            (octets, "a.b.md", "text/markdown"),
            (octets, "a", "application/octet-stream"),
            (octets, "a.docx", "application/octet-stream"),
            (Some("Text/CSV; charset=utf-8"), "a.pdf", "text/csv"),
            (Some("application/x-www-form-urlencoded"), "a.csv", "text/csv"),
            (Some("application/vnd.ms-excel"), "a.csv", "text/csv"),
            (Some("application/vnd.ms-excel"), "a.xls", "application/vnd.ms-excel"),
            (Some("application/vnd.ms-excel"), "a.pdf", "application/vnd.ms-excel"),
            (None, "a.pdf", "application/pdf"),
            (None, "a", "text/plain"),
        ] {
            assert_eq!(media_type(sent, name), expected, "{sent:?} {name}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        for kind in ["image/png", "text/rtf", "text/", "application/msword", ""] {
            assert_eq!(text(kind, b"x"), Err(ExtractionError::UnknownType(kind.to_owned())));
        }
        assert_eq!(text("text/plain", b" \n "), Err(ExtractionError::Empty));
        for (kind, bytes) in [
            ("text/plain", &b"\xff\xfe"[..]),
            ("application/pdf", b"PK"),
            ("application/pdf", b"%PDF-1.7"),
            ("application/pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>"),
        ] {
            assert!(
                matches!(text(kind, bytes), Err(ExtractionError::Unreadable(_) | ExtractionError::Empty)),
                "{kind}"
            );
        }
        let deep = "<div>".repeat(100_000);
        assert!(matches!(text("text/html", deep.as_bytes()), Err(ExtractionError::Unreadable(_))));
    }

    /// A page with two lines, as small as one can be.
    #[test]
    fn da_f26_the_text_of_a_pdf_is_found() {
        let pdf = pdf_of("BT /F1 24 Tf 72 700 Td (Opening hours) Tj 0 -30 Td (From nine to five) Tj ET");
        let text = text("application/pdf", &pdf).expect("there is text");
        assert!(text.contains("Opening hours") && text.contains("From nine to five"), "{text:?}");
    }

    fn pdf_of(content: &str) -> Vec<u8> {
        let objects = [
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
                .to_owned(),
            format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
        ];
        let mut pdf = String::from("%PDF-1.4\n");
        let mut places = Vec::new();
        for (at, object) in objects.iter().enumerate() {
            places.push(pdf.len());
            pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
        }
        let table = pdf.len();
        pdf.push_str("xref\n0 6\n0000000000 65535 f \n");
        for place in places {
            pdf.push_str(&format!("{place:010} 00000 n \n"));
        }
        pdf.push_str(&format!("trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n"));
        pdf.into_bytes()
    }
}
