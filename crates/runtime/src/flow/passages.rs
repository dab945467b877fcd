//! Passages of the files that are attached to a flow (row DA-F26), found by the words of a question: BM25 over
//! paragraphs. Files of a flow are few and small; what is larger is for the knowledge of the tenant.

use std::collections::HashMap;

use dialogue::flow::{document::FlowFile, engine::Passage};

/// Longest passage, in characters.
const LONGEST: usize = 1_200;
/// How much a word that occurs often counts (the usual constants of BM25).
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// The passages that fit a question best.
pub(super) fn find(files: &[FlowFile], query: &str, amount: usize) -> Vec<Passage> {
    let asked = words(query);
    let passages: Vec<(&str, String)> =
        files.iter().flat_map(|file| pieces(&file.text).into_iter().map(|piece| (file.name.as_str(), piece))).collect();
    if amount == 0 || asked.is_empty() || passages.is_empty() {
        return Vec::new();
    }
    let counted: Vec<HashMap<String, f64>> = passages.iter().map(|(_, text)| counts(text)).collect();
    let total = passages.len() as f64;
    let lengths: Vec<f64> = counted.iter().map(|words| words.values().sum()).collect();
    let average = lengths.iter().sum::<f64>() / total;
    let mut scored: Vec<(f64, usize)> = counted
        .iter()
        .enumerate()
        .map(|(at, words)| {
            let score = asked.iter().map(|word| {
                let often = words.get(word).copied().unwrap_or_default();
                let with = counted.iter().filter(|words| words.contains_key(word)).count() as f64;
                let rare = ((total - with + 0.5) / (with + 0.5)).ln_1p();
                rare * often * (K1 + 1.0) / (often + K1 * (1.0 - B + B * lengths[at] / average.max(1.0)))
            });
            (score.sum::<f64>(), at)
        })
        .filter(|(score, _)| *score > 0.0)
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let best = scored.into_iter().take(amount);
    best.map(|(_, at)| Passage { source: passages[at].0.to_owned(), text: passages[at].1.clone() }).collect()
}

/// Paragraphs, short ones joined and long ones cut at the end of a sentence or a line.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        for part in cut(paragraph) {
            match pieces.last_mut() {
                Some(last) if last.len() + part.len() < LONGEST / 3 => {
                    last.push_str("\n\n");
                    last.push_str(part);
                }
                _ => pieces.push(part.to_owned()),
            }
        }
    }
    pieces
}

fn cut(paragraph: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = paragraph;
    while let Some((most, _)) = rest.char_indices().nth(LONGEST) {
        let window = &rest[..most];
        let end = window.rfind(['\n']).or_else(|| window.rfind(". ").map(|at| at + 1)).or_else(|| window.rfind(' '));
        let end = end.filter(|end| *end > 0).unwrap_or(most);
        parts.push(rest[..end].trim());
        rest = rest[end..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

fn counts(text: &str) -> HashMap<String, f64> {
    let mut counts = HashMap::new();
    for word in words(text) {
        *counts.entry(word).or_default() += 1.0;
    }
    counts
}

/// Words in lower case. Endings are cut a little, so that `opening` finds `opens`.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 1)
        .map(|word| {
            let stem = ["ings", "ing", "ies", "es", "ed", "s"].iter().find_map(|end| word.strip_suffix(end));
            stem.filter(|stem| stem.chars().count() >= 3).unwrap_or(word).to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> FlowFile {
        FlowFile { id: name.into(), name: name.into(), media_type: "text/plain".into(), text: text.into() }
    }

    #[test]
    fn the_passage_that_answers_comes_first() {
        let parking = format!("Parking costs 12 euros a night. {}", "The garage is below the house. ".repeat(20));
        let breakfast = format!("Breakfast is served from seven. {}", "There is tea and coffee. ".repeat(20));
        let files = [file("house.txt", &format!("{parking}\n\n{breakfast}")), file("other.txt", "Dogs are welcome.")];
        let found = find(&files, "What does parking cost?", 1);
        assert_eq!(found.len(), 1);
        assert!(found[0].text.starts_with("Parking costs"), "{found:?}");
        assert_eq!(find(&files, "dog", 3)[0].source, "other.txt");
        assert_eq!(find(&files, "What does parking cost?", 0), []);
        assert_eq!(find(&files, "zebra", 3), []);
        assert_eq!(find(&[], "parking", 3), []);
    }

    #[test]
    fn long_texts_are_cut_and_lose_nothing_but_space() {
        let text = "One sentence follows another here. ".repeat(200);
        let pieces = pieces(&text);
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.chars().count() <= LONGEST));
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed(&pieces.join(" ")), squeezed(&text));
        assert_eq!(cut(&"x".repeat(3_000)).concat().len(), 3_000);
    }
}
