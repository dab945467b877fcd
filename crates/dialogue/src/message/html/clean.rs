//! The allow-list: what HTML a message may hold. Everything else is removed.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::Builder;

/// What designers may write (`a`, `br`, `strong`, `b`, `wbr`), what labels may hold, and what
/// markdown makes.
const TAGS: [&str; 31] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "wbr",
];

static PROSE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(HashSet::from(["class", "id", "rel", "role", "title"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "target"])),
            ("img", HashSet::from(["src", "alt"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        // `rel` is the designer's; browsers treat `_blank` as `noopener` by themselves.
        .link_rel(None);
    builder
});

static LABEL: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(["b", "br", "em", "i", "strong", "u"]))
        .clean_content_tags(HashSet::from(["script", "style"]));
    builder
});

/// Cleans a text.
pub(super) fn prose(html: &str) -> String {
    if html.contains('<') { PROSE.clean(html).to_string() } else { html.to_owned() }
}

/// Cleans a label. `b` and `i` become `strong` and `em` (§4.2.3).
pub(super) fn label(html: &str) -> String {
    let clean = LABEL.clean(html).to_string();
    let renamed = [("<b>", "<strong>"), ("</b>", "</strong>"), ("<i>", "<em>"), ("</i>", "</em>")];
    renamed.iter().fold(clean, |html, (from, to)| if html.contains(from) { html.replace(from, to) } else { html })
}

/// A text in which nothing is markup.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    pulldown_cmark_escape::escape_html_body_text(&mut html, text).expect("a string takes all that is written");
    html
}
