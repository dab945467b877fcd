//! Scenario files: import, export, duplicate, check; and hostile input of all kinds.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod check;
mod duplicate;
mod example;
mod hostile;
mod import;
mod round_trip;
mod walk;
