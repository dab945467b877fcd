//! Addresses in texts become links (row OD-M09).

use pulldown_cmark_escape::{escape_href, escape_html_body_text};

/// Whether a text may hold an address that starts with `www.`.
pub(super) fn mentions_www(text: &str) -> bool {
    text.as_bytes().windows(4).any(|window| window.eq_ignore_ascii_case(b"www."))
}

/// The next address in a text: from where, to where.
pub(super) fn find(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(start) = next_start(text, from) {
        let prefix =
            if starts_with(&text[start..], "www.") { 4 } else { text[start..].find("://").map_or(0, |at| at + 3) };
        let end = start + length(&text[start..]);
        let alone = text[..start].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        let has_host = text[start..end].get(prefix..).is_some_and(|host| host.starts_with(char::is_alphanumeric));
        if alone && has_host {
            return Some((start, end));
        }
        from = start + prefix;
    }
    None
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

fn next_start(text: &str, from: usize) -> Option<usize> {
    text[from..]
        .char_indices()
        .map(|(at, _)| from + at)
        .find(|at| ["http://", "https://", "www."].iter().any(|prefix| starts_with(&text[*at..], prefix)))
}

/// Length of the address: up to white space or a delimiter, without the punctuation of the sentence
/// around it.
fn length(text: &str) -> usize {
    let mut address = text.split(|c: char| c.is_whitespace() || "<>\"`{}".contains(c)).next().unwrap_or_default();
    loop {
        let unbalanced = |open: char, close: char| {
            address.ends_with(close) && address.matches(close).count() > address.matches(open).count()
        };
        let sentence = address.ends_with(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '|']);
        if !(sentence || unbalanced('(', ')') || unbalanced('[', ']')) {
            return address.len();
        }
        address = &address[..address.len() - 1];
    }
}

/// A link to an address, as HTML.
pub(super) fn html(address: &str) -> String {
    let mut html = String::from("<a class=\"linkified\" target=\"_blank\" rel=\"noopener noreferrer\" href=\"");
    if !address.contains("://") {
        html.push_str("https://");
    }
    escape_href(&mut html, address).expect("a string takes all that is written");
    html.push_str("\">");
    escape_html_body_text(&mut html, address).expect("a string takes all that is written");
    html.push_str("</a>");
    html
}
