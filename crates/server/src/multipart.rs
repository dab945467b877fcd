//! The one file in a form as browsers and programs send it (`multipart/form-data`, RFC 7578). The body is there already,
//! bounded by who read it.

use std::convert::Infallible;

use axum::body::Bytes;
use multer::Multipart;

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
pub(crate) async fn file(content_type: &str, body: Bytes) -> Result<FormFile, String> {
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| "`Content-Type` names no boundary: it has `boundary=…` after `multipart/form-data`.".to_owned())?;
    let whole = futures_util::stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::new(whole, boundary);
    let unread = |error: multer::Error| format!("The form cannot be read: {error}.");
    for _ in 0..MOST_PARTS {
        let Some(part) = form.next_field().await.map_err(unread)? else { break };
        if part.name() == Some(FILE) {
            let name = part.file_name().filter(|name| !name.is_empty()).map(str::to_owned);
            let media_type = part.content_type().map(ToString::to_string);
            return Ok(FormFile { name, media_type, content: part.bytes().await.map_err(unread)?.into() });
        }
    }
    Err("The form has no part `file`.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; charset=utf-8; boundary=the-end";

    fn form(parts: &[&str]) -> Vec<u8> {
        let parts: String = parts.iter().map(|part| format!("--the-end\r\n{part}\r\n")).collect();
        format!("{parts}--the-end--\r\n").into_bytes()
    }

    #[tokio::test]
    async fn the_file_of_a_form_is_found_with_its_name_and_type() {
        let body = form(&[
            "Content-Disposition: form-data; name=\"note\"\r\n\r\nhello",
            "content-disposition: form-data; name=\"file\"; filename=\"a b;c.txt\"\r\nContent-Type: text/plain\r\n\r\n\
             One\r\n--the-enD\r\n\r\nTwo\r\n",
        ]);
        let expected = FormFile {
            name: Some("a b;c.txt".to_owned()),
            media_type: Some("text/plain".to_owned()),
            content: b"One\r\n--the-enD\r\n\r\nTwo\r\n".to_vec(),
        };
        assert_eq!(file(TYPE, body.into()).await, Ok(expected));
        let bare = form(&["Content-Disposition: form-data; name=\"file\"\r\n\r\n"]);
        let bare = file(TYPE, bare.into()).await;
        assert_eq!(bare, Ok(FormFile { name: None, media_type: None, content: Vec::new() }));
    }

    #[tokio::test]
    async fn what_is_no_form_says_why() {
        let whole = form(&["Content-Disposition: form-data; name=\"file\"\r\n\r\nhello"]);
        for content_type in ["multipart/form-data", "multipart/form-data; boundary=\"x"] {
            let refused = file(content_type, whole.clone().into()).await;
            assert!(refused.is_err_and(|why| why.contains("names no boundary")), "{content_type}");
        }
        let many = form(&["Content-Disposition: form-data; name=\"a\"\r\n\r\nb"; MOST_PARTS + 1]);
        for (body, why) in [
            (Vec::new(), "cannot be read"),
            (b"hello".to_vec(), "cannot be read"),
            (form(&["Content-Disposition: form-data; name=\"other\"\r\n\r\nx"]), "no part `file`"),
            (form(&["\r\nno head"]), "cannot be read"),
            (many, "no part `file`"),
        ] {
            let refused = file(TYPE, body.into()).await;
            assert!(refused.as_ref().is_err_and(|said| said.contains(why)), "{refused:?}: {why}");
        }
        for end in 0..whole.len() - 4 {
            let cut = file(TYPE, whole[..end].to_vec().into()).await;
            assert!(cut.is_err() || end >= whole.len() - "--the-end--\r\n".len() + "--the-end".len(), "{end}: {cut:?}");
        }
    }

    #[test]
    fn only_forms_are_forms() {
        assert!(is_form("Multipart/Form-Data; boundary=x") && is_form(TYPE));
        assert!(!is_form("multipart/mixed; boundary=x") && !is_form("") && !is_form("text/plain"));
    }
}
