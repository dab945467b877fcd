//! From a file to a scenario (spec/opendialog.md §6.12; rows OD-T02, T03, N47, N48).
//!
//! Liberal in what it takes: what is merely odd is read as it was meant, what is not understood is
//! kept and noted. What cannot be meant is a problem with its place in the file.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::{
    document::Scenario,
    problem::{Note, Problem},
    reader::{MAX_REPORTED, Reader},
    reference::{PATH_PREFIX, all_paths},
    tree,
};

/// The largest file that is imported, in bytes.
pub const LARGEST_FILE: usize = 10 * 1024 * 1024;

/// A scenario that was read from a file.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The file's JSON, whole: what is stored, edited and [exported](super::export) again.
    pub document: Value,
    /// What Parlance reads in it.
    pub scenario: Scenario,
    /// What it does not understand.
    pub ignored: Vec<Note>,
}

/// Reads the bytes of a scenario file.
pub fn import(bytes: &[u8]) -> Result<Imported, Vec<Problem>> {
    if bytes.len() > LARGEST_FILE {
        return Err(vec![Problem::error(
            "",
            format!("The file has {} bytes; at most {LARGEST_FILE} (10 MB) are imported.", bytes.len()),
            "Divide the scenario, or move images out of its messages.",
        )]);
    }
    // Editors of one operating system begin files with a mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Value = serde_json::from_slice(bytes).map_err(|error| {
        vec![Problem::error(
            "",
            format!("The file is not JSON: {error}."),
            "Correct it at the line and column named; import files as they were exported.",
        )]
    })?;
    import_value(document)
}

/// Reads a scenario from JSON that was parsed already.
pub fn import_value(document: Value) -> Result<Imported, Vec<Problem>> {
    let (scenario, ignored) = read(&document)?;
    Ok(Imported { document, scenario, ignored })
}

fn read(document: &Value) -> Result<(Scenario, Vec<Note>), Vec<Problem>> {
    let mut reader = Reader::default();
    let scenario = tree::scenario(&mut reader, document);
    let references = std::mem::take(&mut reader.references);
    if !references.is_empty() {
        let paths = all_paths(&scenario);
        let dangling = references.into_iter().filter(|(_, text)| !paths.contains(&text[PATH_PREFIX.len()..]));
        for (path, text) in dangling.take(MAX_REPORTED) {
            reader.problems.push(Problem::error(
                path,
                format!("{text} refers to something that is not in the file."),
                "Correct the path, or export the scenario whole.",
            ));
        }
    }
    if reader.problems.is_empty() { Ok((scenario, reader.into_notes())) } else { Err(reader.problems) }
}

/// Reads a stored document, which was imported once: so the first problem is enough.
impl<'de> Deserialize<'de> for Scenario {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Value::deserialize(deserializer)?;
        read(&document).map(|(scenario, _)| scenario).map_err(|problems| {
            let first = problems.first().map(|problem| format!("{}: {}", problem.path, problem.message));
            D::Error::custom(first.unwrap_or_default())
        })
    }
}
