//! The one file in a form as browsers and programs send it (`multipart/form-data`, RFC 7578). The body is there already,
//! bounded by who read it: this finds the part and copies nothing else.

/// Name of the part that is the file.
const FILE: &str = "file";
/// Parts that are looked at.
const MOST_PARTS: usize = 20;

/// A file in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormFile {
    /// Its name, where the form says it.
    pub(crate) name: Option<String>,
    /// Its media type, where the form says it.
    pub(crate) media_type: Option<String>,
    pub(crate) content: Vec<u8>,
}

/// Whether a content type is that of a form with files.
pub(crate) fn is_form(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("multipart/form-data")
}

/// The part `file` of a form; why there is none, in words for whoever sent it.
pub(crate) fn file(content_type: &str, body: &[u8]) -> Result<FormFile, &'static str> {
    let boundary = parameter(content_type, "boundary").filter(|boundary| (1..=70).contains(&boundary.len()));
    let boundary = boundary.ok_or("`Content-Type` names no boundary of 1 to 70 characters.")?;
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    // The first delimiter may stand at the very beginning, without a line before it.
    let mut rest = match body.strip_prefix(&delimiter[2..]) {
        Some(rest) => rest,
        None => split(body, delimiter).ok_or("The boundary that `Content-Type` names is not in the body.")?.1,
    };
    for _ in 0..MOST_PARTS {
        if rest.starts_with(b"--") {
            break;
        }
        let (part, after) = split(rest, delimiter).ok_or("The form breaks off: its last boundary is missing.")?;
        rest = after;
        let (_, part) = split_line(part).ok_or("A part of the form has no head.")?;
        // A part without a field in its head begins with the empty line.
        let (head, content) = match part.strip_prefix(b"\r\n") {
            Some(content) => (&b""[..], content),
            None => split(part, b"\r\n\r\n").ok_or("A part of the form has no end to its head.")?,
        };
        let head = std::str::from_utf8(head).map_err(|_| "A part of the form has a head that is no text.")?;
        let disposition = field(head, "content-disposition").unwrap_or_default();
        if parameter(disposition, "name").as_deref() == Some(FILE) {
            return Ok(FormFile {
                name: parameter(disposition, "filename").filter(|name| !name.is_empty()),
                media_type: field(head, "content-type").map(str::to_owned),
                content: content.to_vec(),
            });
        }
    }
    Err("The form has no part `file`.")
}

/// What is before a sequence of bytes, and after it.
fn split<'b>(bytes: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let mut from = 0;
    // Most bytes are not how it begins: that is looked at first.
    while let Some(next) = bytes[from..].iter().position(|byte| *byte == at[0]) {
        let found = from + next;
        if bytes[found..].starts_with(at) {
            return Some((&bytes[..found], &bytes[found + at.len()..]));
        }
        from = found + 1;
    }
    None
}

/// The rest of a line, and what comes after it.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, after) = split(bytes, b"\r\n")?;
    line.iter().all(|byte| matches!(byte, b' ' | b'\t')).then_some((line, after))
}

/// A field of a head, by its name in lower case.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
    fields.find(|(named, _)| named.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A parameter after the first `;` of a value: a word, or a text in quotes. Of quotes within, browsers make `%22`.
fn parameter(value: &str, name: &str) -> Option<String> {
    let (_, mut rest) = value.split_once(';')?;
    loop {
        let (named, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (text, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if named.trim().eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = next.trim_start().strip_prefix(';')?;
    }
}

/// A text up to its closing quote, and what comes after that.
fn quoted_text(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((text.replace("%22", "\""), &quoted[at + 1..])),
            // Only a quote is escaped: names of files on Windows have backslashes of their own.
            '\\' if quoted[at + 1..].starts_with('"') => {
                text.push('"');
                letters.next();
            }
            letter => text.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=\"the end\"";

    fn form(parts: &[&str]) -> Vec<u8> {
        let parts: String = parts.iter().map(|part| format!("--the end\r\n{part}\r\n")).collect();
        format!("{parts}--the end--\r\n").into_bytes()
    }

    #[test]
    fn the_file_of_a_form_is_found_with_its_name_and_type() {
        let body = form(&[
            "Content-Disposition: form-data; name=\"note\"\r\n\r\nhello",
            "content-disposition: form-data; filename=\"a \\\"b%22;c.txt\"; name=file\r\nContent-Type: text/plain\r\n\r\n\
             One\r\n--the enD\r\n\r\nTwo\r\n",
        ]);
        let expected = FormFile {
            name: Some("a \"b\";c.txt".to_owned()),
            media_type: Some("text/plain".to_owned()),
            content: b"One\r\n--the enD\r\n\r\nTwo\r\n".to_vec(),
        };
        assert_eq!(file(TYPE, &body), Ok(expected.clone()));
        let before = [&b"a preamble\r\n"[..], &body].concat();
        assert_eq!(file(TYPE, &before), Ok(expected));
        let bare = file(TYPE, &form(&["Content-Disposition: form-data; name=\"file\"\r\n\r\n"]));
        assert_eq!(bare, Ok(FormFile { name: None, media_type: None, content: Vec::new() }));
    }

    #[test]
    fn what_is_no_form_says_why() {
        let whole = form(&["Content-Disposition: form-data; name=\"file\"\r\n\r\nhello"]);
        let no_boundary =
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"x"];
        for content_type in no_boundary {
            assert!(file(content_type, &whole).is_err_and(|why| why.contains("no boundary")), "{content_type}");
        }
        for (body, why) in [
            (&b""[..], "is not in the body"),
            (b"hello", "is not in the body"),
            (&form(&[]), "no part `file`"),
            (&form(&["Content-Disposition: form-data; name=\"other\"\r\n\r\nx"]), "no part `file`"),
            (&form(&["\r\nno head"]), "no part `file`"),
            (&form(&["Content-Disposition: form-data; name=\"file\""]), "no end to its head"),
            (&whole[..whole.len() - 14], "breaks off"),
            (&form(&["a: b\r\n\r\n"; MOST_PARTS + 1]), "no part `file`"),
        ] {
            let refused = file(TYPE, body);
            assert!(refused.as_ref().is_err_and(|said| said.contains(why)), "{refused:?}: {why}");
        }
        for end in 0..whole.len() {
            assert!(file(TYPE, &whole[..end]).is_err() || end >= whole.len() - 4, "{end}");
        }
    }

    #[test]
    fn only_forms_are_forms() {
        assert!(is_form("Multipart/Form-Data; boundary=x") && is_form(TYPE));
        assert!(!is_form("multipart/mixed; boundary=x") && !is_form("") && !is_form("text/plain"));
    }
}
