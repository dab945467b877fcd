//! Scenarios: the document that designers write, and its compiled form.

mod check;
pub mod compile;
pub mod compiled;
pub mod document;
mod duplicate;
mod export;
mod import;
mod reader;
pub mod reference;
mod secrets;
mod tree;

use crate::problem;

pub use check::check;
pub use duplicate::{DuplicateError, duplicate, duplicate_scenario};
pub use export::export;
pub use import::{Imported, LARGEST_FILE, import, import_value};
pub use problem::{Note, Problem, Severity};
pub use secrets::{SecretUse, secrets};
