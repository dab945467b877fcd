//! From a scenario to a file (spec/opendialog.md §6.12).
//!
//! The JSON tree of the document is the scenario; nothing is added, renamed or resolved. References
//! by `$path:` are relative to the tree, so they mean the same wherever the file is imported. That
//! makes `export ∘ import` the identity (row OD-T02).

use serde_json::Value;

/// The bytes of a scenario's file: indented, with a line feed at the end.
pub fn export(document: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).expect("a JSON tree has only text keys");
    bytes.push(b'\n');
    bytes
}
