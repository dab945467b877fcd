//! The words of a message without its markup.

use super::Body;

/// The words of a body; lines are joined by line breaks.
pub(super) fn of_body(body: &Body) -> String {
    match body {
        Body::Text(html) | Body::CallToAction(html) => of_html(html),
        Body::Buttons(buttons) => of_html(&buttons.text),
        Body::Form(form) => of_html(&form.text),
        Body::Card(card) => lines([&card.title, &card.subtitle, &card.text].map(|part| of_html(part))),
        Body::List(list) => lines(std::iter::once(of_html(&list.title)).chain(list.items.iter().map(of_body))),
        Body::Image(image) => image.alt.clone(),
        Body::DatePicker(date) => of_html(&date.text),
        Body::Autocomplete(field) => of_html(&field.title),
        Body::Location(location) => of_html(&location.text),
        Body::Esign(sign) => of_html(&sign.text),
        Body::FileUpload(upload) => of_html(&upload.text),
        Body::Audio(audio) => of_html(&audio.title),
        Body::HandOver(hand_over) => of_html(hand_over.text()),
        Body::LongText(_) | Body::Meta(_) | Body::Empty | Body::TwilioContent(_) => String::new(),
    }
}

fn lines(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The words of clean HTML: a link reads as its address (spec/opendialog.md §5.4), other tags go.
/// Only what our own sanitiser writes is understood, which is why this is so short.
fn of_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.to_owned();
    }
    let mut words = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        entities(&rest[..at], &mut words);
        let Some(end) = rest[at..].find('>') else {
            words.push_str(&rest[at..]);
            return words;
        };
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if name == "a" {
            let inner = rest.find("</a>").unwrap_or(rest.len());
            match attribute(tag, "href") {
                Some(href) => {
                    entities(href, &mut words);
                    rest = &rest[inner..];
                }
                None => continue,
            }
        } else if matches!(name, "br" | "p" | "li" | "tr" | "pre" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
            && !words.is_empty()
            && !words.ends_with('\n')
        {
            words.push('\n');
        } else if matches!(name, "td" | "th") && !words.is_empty() && !words.ends_with(['\n', ' ']) {
            words.push(' ');
        }
    }
    entities(rest, &mut words);
    words.truncate(words.trim_end().len());
    words
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let length = tag[from..].find('"')?;
    Some(&tag[from..from + length])
}

fn entities(html: &str, words: &mut String) {
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        words.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&nbsp;", ' ')];
        match known.iter().find(|(entity, _)| rest.starts_with(entity)) {
            Some((entity, letter)) => {
                words.push(*letter);
                rest = &rest[entity.len()..];
            }
            None => {
                words.push('&');
                rest = &rest[1..];
            }
        }
    }
    words.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_links_read_as_addresses() {
        for (html, words) in [
            ("Hello", "Hello"),
            ("Tom & Jerry", "Tom & Jerry"),
            ("<strong>a</strong> &lt; b &amp;amp;", "a < b &amp;"),
            ("see <a class=\"linkified\" href=\"https://x.org?a=1&amp;b\">here</a>!", "see https://x.org?a=1&b!"),
            ("<p>one</p>\n<p>two</p>\n", "one\ntwo"),
            ("a<br>b", "a\nb"),
            ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
            ("broken <", "broken <"),
        ] {
            assert_eq!(of_html(html), words, "{html}");
        }
    }
}
