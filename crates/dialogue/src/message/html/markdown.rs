//! Markdown to HTML, not yet clean: addresses linked, `[[…]]` attributes given to their elements.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html::push_html};
use pulldown_cmark_escape::{escape_href, escape_html, escape_html_body_text};

use super::{
    attributes::{self, Attributes},
    links,
};

/// Renders markdown. A lone paragraph without attributes is not wrapped in `<p>`.
pub(super) fn to_html(source: &str) -> String {
    let parser = Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut events: Vec<Event<'_>> = TextMergeStream::new(parser).collect();
    if source.contains("[[") {
        events = with_attributes(events);
    }
    if source.contains("://") || links::mentions_www(source) {
        events = with_links(events);
    }
    unwrap_lone_paragraph(&mut events);
    let mut html = String::with_capacity(source.len() + source.len() / 2);
    push_html(&mut html, events.into_iter());
    aligned_by_class(html)
}

fn unwrap_lone_paragraph(events: &mut Vec<Event<'_>>) {
    let is_lone = matches!(events.first(), Some(Event::Start(Tag::Paragraph)))
        && events.iter().filter(|event| matches!(event, Event::End(TagEnd::Paragraph))).count() == 1
        && matches!(events.last(), Some(Event::End(TagEnd::Paragraph)));
    if is_lone {
        events.pop();
        events.remove(0);
    }
}

/// Cells say how they are aligned by class, since a `style` is never allowed.
fn aligned_by_class(mut html: String) -> String {
    for side in ["left", "center", "right"] {
        for cell in ["td", "th"] {
            let styled = format!("<{cell} style=\"text-align: {side}\">");
            if html.contains(&styled) {
                html = html.replace(&styled, &format!("<{cell} class=\"align-{side}\">"));
            }
        }
    }
    html
}

/// Links the addresses in texts, but not within links and code.
fn with_links(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut linked = Vec::with_capacity(events.len() + 4);
    let mut inside = 0_usize;
    for event in events {
        match &event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::CodeBlock(_)) => inside += 1,
            Event::End(TagEnd::Link | TagEnd::Image | TagEnd::CodeBlock) => inside = inside.saturating_sub(1),
            Event::InlineHtml(tag) if is_tag(tag, "<a") => inside += 1,
            Event::InlineHtml(tag) if is_tag(tag, "</a") => inside = inside.saturating_sub(1),
            Event::Text(text) if inside == 0 => {
                let mut rest: &str = text;
                while let Some((from, to)) = links::find(rest) {
                    linked.push(Event::Text(CowStr::from(rest[..from].to_owned())));
                    linked.push(Event::InlineHtml(links::html(&rest[from..to]).into()));
                    rest = &rest[to..];
                }
                linked.push(Event::Text(CowStr::from(rest.to_owned())));
                continue;
            }
            _ => {}
        }
        linked.push(event);
    }
    linked
}

fn is_tag(html: &str, start: &str) -> bool {
    html.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
        && !html[start.len()..].starts_with(|c: char| c.is_alphanumeric())
}

/// Gives `[[…]]` to the element that its place decides: right behind an inline element, to that;
/// at the end of a block after a space, to the block; alone on the last line of a list, to the list.
fn with_attributes(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let partners = partners(&events);
    let mut given: Vec<Option<Attributes>> = vec![None; events.len()];
    let mut dropped = vec![false; events.len()];
    let mut open: Vec<usize> = Vec::new();
    for at in 0..events.len() {
        match &events[at] {
            Event::Start(_) => open.push(at),
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => {
                if matches!(events[*open.last().unwrap_or(&at)], Event::Start(Tag::CodeBlock(_) | Tag::Image { .. })) {
                    continue;
                }
                let mut text: String = text.to_string();
                if let Some(target) = at.checked_sub(1).and_then(|before| inline_element(&events, &partners, before))
                    && let Some((found, length)) = attributes::at_start(&text)
                {
                    given[target] = Some(found);
                    text.drain(..length);
                }
                if ends_block(&events, at)
                    && let Some((found, start)) = attributes::at_end(&text)
                    && let Some((target, alone)) = block_for(&events, &open, at, start)
                {
                    given[target] = Some(found);
                    text.truncate(start);
                    text.truncate(text.trim_end().len());
                    if alone {
                        dropped[at - 1] = true;
                    }
                }
                events[at] = Event::Text(text.into());
            }
            _ => {}
        }
    }
    write_given(events, &given, &dropped, &partners)
}

/// For each start the index of its end, and the other way round.
fn partners(events: &[Event<'_>]) -> Vec<usize> {
    let mut partners: Vec<usize> = (0..events.len()).collect();
    let mut open = Vec::new();
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(_) => open.push(at),
            Event::End(_) => {
                if let Some(start) = open.pop() {
                    partners[start] = at;
                    partners[at] = start;
                }
            }
            _ => {}
        }
    }
    partners
}

/// The inline element that ends at an event.
fn inline_element(events: &[Event<'_>], partners: &[usize], at: usize) -> Option<usize> {
    match &events[at] {
        Event::Code(_) => Some(at),
        Event::End(TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image) => {
            Some(partners[at])
        }
        _ => None,
    }
}

fn ends_block(events: &[Event<'_>], at: usize) -> bool {
    matches!(
        events.get(at + 1),
        Some(Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) | Event::Start(Tag::List(_)))
    )
}

/// The block that attributes at the end of a text belong to, and whether they stand on a line of
/// their own.
fn block_for(events: &[Event<'_>], open: &[usize], at: usize, start: usize) -> Option<(usize, bool)> {
    let own_line = start == 0 && at > 0 && matches!(events[at - 1], Event::SoftBreak | Event::HardBreak);
    let innermost = |wanted: fn(&Tag<'_>) -> bool| {
        open.iter().rev().copied().find(|index| matches!(&events[*index], Event::Start(tag) if wanted(tag)))
    };
    let list = own_line.then(|| innermost(|tag| matches!(tag, Tag::List(_)))).flatten();
    let block = list
        .or_else(|| innermost(|tag| matches!(tag, Tag::Item)))
        .or_else(|| innermost(|tag| matches!(tag, Tag::Heading { .. } | Tag::Paragraph)))?;
    Some((block, own_line))
}

/// Writes the tags of elements that were given attributes; the others are left to the renderer.
fn write_given<'e>(
    events: Vec<Event<'e>>,
    given: &[Option<Attributes>],
    dropped: &[bool],
    partners: &[usize],
) -> Vec<Event<'e>> {
    let mut written = Vec::with_capacity(events.len());
    let mut skip_to = 0;
    for at in 0..events.len() {
        if at < skip_to || dropped[at] {
            continue;
        }
        let event = &events[at];
        let opened = given[at].as_ref().and_then(|attributes| open_tag(event, attributes));
        let closed = matches!(event, Event::End(_)) && given[partners[at]].is_some();
        match (opened, event) {
            (Some(tag), Event::Start(Tag::Image { .. })) => {
                // The words in an image are its `alt`, which stands in the tag.
                skip_to = partners[at] + 1;
                let mut alt = String::new();
                for event in &events[at..skip_to] {
                    if let Event::Text(text) | Event::Code(text) = event {
                        escape_html(&mut alt, text).expect("a string takes all that is written");
                    }
                }
                written.push(Event::InlineHtml(format!("{tag} alt=\"{alt}\">").into()));
            }
            (Some(tag), Event::Code(code)) => {
                let mut html = tag + ">";
                escape_html_body_text(&mut html, code).expect("a string takes all that is written");
                written.push(Event::InlineHtml((html + "</code>").into()));
            }
            (Some(tag), Event::Start(Tag::List(_))) => written.push(Event::InlineHtml((tag + ">\n").into())),
            (Some(tag), _) => written.push(Event::InlineHtml((tag + ">").into())),
            (None, Event::End(end)) if closed => written.push(Event::InlineHtml(close_tag(*end).into())),
            (None, event) => written.push(event.clone()),
        }
    }
    written
}

/// The start of an element's tag, without its `>`.
fn open_tag(event: &Event<'_>, attributes: &Attributes) -> Option<String> {
    let mut tag = match event {
        Event::Code(_) => "<code".to_owned(),
        Event::Start(tag) => match tag {
            Tag::Strong => "<strong".to_owned(),
            Tag::Emphasis => "<em".to_owned(),
            Tag::Strikethrough => "<del".to_owned(),
            Tag::Paragraph => "<p".to_owned(),
            Tag::Heading { level, .. } => format!("<{level}"),
            Tag::Item => "<li".to_owned(),
            Tag::List(None) => "<ul".to_owned(),
            Tag::List(Some(1)) => "<ol".to_owned(),
            Tag::List(Some(start)) => format!("<ol start=\"{start}\""),
            Tag::Link { dest_url, link_type, .. } => {
                let scheme = if *link_type == LinkType::Email { "mailto:" } else { "" };
                addressed(&format!("<a href=\"{scheme}"), dest_url)
            }
            Tag::Image { dest_url, .. } => addressed("<img src=\"", dest_url),
            _ => return None,
        },
        _ => return None,
    };
    attributes.write(&mut tag);
    Some(tag)
}

fn addressed(start: &str, url: &str) -> String {
    let mut tag = start.to_owned();
    escape_href(&mut tag, url).expect("a string takes all that is written");
    tag + "\""
}

fn close_tag(end: TagEnd) -> String {
    match end {
        TagEnd::Strong => "</strong>".into(),
        TagEnd::Emphasis => "</em>".into(),
        TagEnd::Strikethrough => "</del>".into(),
        TagEnd::Link => "</a>".into(),
        TagEnd::Paragraph => "</p>\n".into(),
        TagEnd::Heading(level) => format!("</{level}>\n"),
        TagEnd::Item => "</li>\n".into(),
        TagEnd::List(true) => "</ol>\n".into(),
        TagEnd::List(false) => "</ul>\n".into(),
        _ => String::new(),
    }
}
