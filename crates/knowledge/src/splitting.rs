//! Texts cut into passages: paragraphs, short ones together and long ones in pieces; of markdown section by section.
//!
//! Invariant: passages follow each other, have no part in common, and lose nothing but space and the marks of headings.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Longest passage, in characters.
pub const LONGEST: usize = 1_200;
/// Paragraphs are put together up to so many characters.
const TOGETHER: usize = 800;
/// Characters of a heading that are kept where it says what a passage is about.
const LONGEST_HEADING: usize = 120;

/// A part of a document below one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The headings that it is below, the outermost first.
    pub headings: Vec<String>,
    /// What is said there.
    pub text: String,
}

/// Cuts a text into passages.
pub fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut length = 0;
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        for part in cut(paragraph) {
            let added = part.chars().count();
            match pieces.last_mut() {
                Some(last) if length + added < TOGETHER => {
                    last.push_str("\n\n");
                    last.push_str(part);
                    length += 2 + added;
                }
                _ => {
                    pieces.push(part.to_owned());
                    length = added;
                }
            }
        }
    }
    pieces
}

/// A paragraph in pieces that are short enough: cut at the end of a line, of a sentence, or of a word, as late as there
/// is one.
fn cut(paragraph: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = paragraph.trim();
    while let Some((most, _)) = rest.char_indices().nth(LONGEST) {
        let window = &rest[..most];
        let ends = [window.rfind('\n'), window.rfind(". ").map(|at| at + 1), window.rfind(char::is_whitespace)];
        let end = ends.into_iter().flatten().find(|end| *end >= most / 2).unwrap_or(most);
        parts.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// The sections of a markdown text, in order; what stands before the first heading is below none. A heading with
/// nothing below it is a section that says its own name.
pub fn sections(markdown: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut headings: Vec<(HeadingLevel, String)> = Vec::new();
    let mut begins = 0;
    let mut open: Option<(usize, String)> = None;
    for (event, range) in Parser::new_ext(markdown, Options::empty()).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                close(&mut sections, &headings, &markdown[begins..range.start], Some(level));
                open = Some((range.end, String::new()));
            }
            Event::End(TagEnd::Heading(level)) => {
                let Some((end, title)) = open.take() else { continue };
                headings.retain(|(outer, _)| *outer < level);
                let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
                headings.push((level, title));
                begins = end;
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, title)) = &mut open {
                    title.push_str(&text);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some((_, title)) = &mut open {
                    title.push(' ');
                }
            }
            _ => {}
        }
    }
    close(&mut sections, &headings, &markdown[begins..], None);
    sections
}

/// Ends the section below some headings, where the next heading is of a level.
fn close(sections: &mut Vec<Section>, headings: &[(HeadingLevel, String)], text: &str, next: Option<HeadingLevel>) {
    let text = text.trim();
    let shown = || headings.iter().map(|(_, title)| shortened(title)).collect();
    if !text.is_empty() {
        sections.push(Section { headings: shown(), text: text.to_owned() });
    } else if let Some((level, title)) = headings.last()
        && !title.is_empty()
        && next.is_none_or(|next| next <= *level)
    {
        sections.push(Section { headings: shown(), text: title.clone() });
    }
}

/// A text on one line that is short enough to stand beside others.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_HEADING) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}\u{2026}", text[..end].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn without_space(text: &str) -> String {
        text.split_whitespace().collect()
    }

    #[test]
    fn long_texts_are_cut_at_the_end_of_sentences() {
        let text = "One sentence follows another here. ".repeat(200);
        let pieces = pieces(&text);
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.chars().count() <= LONGEST));
        assert!(pieces.iter().all(|piece| piece.starts_with("One") && piece.ends_with("here.")), "{pieces:?}");
        assert_eq!(cut(&"x".repeat(3_000)).concat().len(), 3_000);
    }

    #[test]
    fn short_paragraphs_stand_together() {
        assert_eq!(pieces("a\n\n\nb\n\n c "), ["a\n\nb\n\nc"]);
        let long = "word ".repeat(100);
        assert_eq!(pieces(&format!("{long}\n\n{long}")).len(), 2, "but not too many");
        assert_eq!(pieces(" \n\n "), Vec::<String>::new());
    }

    #[test]
    fn sections_know_what_they_are_below() {
        let text = "Intro.\n\n# House\n\nWelcome.\n\n## Parking\n\nNine *euros*.\n\n## Pets\n\n### Dogs and\n`cats`\n\nYes.\n\n\
                    Garden\n======\n\nOpen.\n";
        let found: Vec<(String, String)> =
            sections(text).into_iter().map(|section| (section.headings.join(" > "), section.text)).collect();
        let expected = [
            ("", "Intro."),
            ("House", "Welcome."),
            ("House > Parking", "Nine *euros*."),
            ("House > Pets > Dogs and", "`cats`\n\nYes."),
            ("Garden", "Open."),
        ];
        assert_eq!(found, expected.map(|(headings, text)| (headings.to_owned(), text.to_owned())));
    }

    #[test]
    fn a_heading_in_code_is_none_and_an_empty_one_is_kept() {
        let code = "# A\n\n```\n# no heading\n```\n";
        assert_eq!(sections(code).len(), 1);
        let lonely = sections("# A\n\n## B\n\n## C\n");
        let texts: Vec<&str> = lonely.iter().map(|section| section.text.as_str()).collect();
        assert_eq!(texts, ["B", "C"], "what has sections below it is named by them");
        assert_eq!(sections(""), []);
        let long = format!("# {}\n\ntext", "x".repeat(500));
        assert_eq!(sections(&long)[0].headings[0].chars().count(), LONGEST_HEADING + 1);
    }

    proptest! {
        #[test]
        fn nothing_but_space_is_lost_and_nothing_stands_twice(text in "([a-zé水. ]{0,400}\n{0,3}|\\PC{0,50}\n){0,12}") {
            let pieces = pieces(&text);
            prop_assert_eq!(without_space(&pieces.concat()), without_space(&text));
            for piece in &pieces {
                prop_assert!(!piece.trim().is_empty());
                prop_assert!(piece.chars().count() <= LONGEST, "{} characters", piece.chars().count());
            }
        }

        #[test]
        fn a_paragraph_is_below_the_headings_that_lead_to_it(lines in prop::collection::vec((0..=6_usize, "[a-z]{1,8}"), 0..20)) {
            let mut text = String::new();
            let mut headings: Vec<(usize, String)> = Vec::new();
            let mut expected: Vec<(Vec<String>, String)> = Vec::new();
            let mut named = Vec::new();
            for (number, (level, word)) in lines.into_iter().enumerate() {
                let word = format!("{word}{number}");
                if level == 0 {
                    let path = headings.iter().map(|(_, heading)| heading.clone()).collect();
                    expected.push((path, word.clone()));
                } else {
                    headings.retain(|(outer, _)| *outer < level);
                    headings.push((level, word.clone()));
                    named.push(word.clone());
                }
                text.push_str(&format!("{} {word}\n\n", "#".repeat(level)));
            }
            let mut found = Vec::new();
            for section in sections(&text) {
                for word in section.text.split_whitespace().filter(|word| !named.iter().any(|name| name == word)) {
                    found.push((section.headings.clone(), word.to_owned()));
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
