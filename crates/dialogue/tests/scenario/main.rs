//! Scenario files: import, export, duplicate, check; and hostile input of all kinds.
#![allow(clippy::unwrap_used, reason = "tests")]

mod check;
mod duplicate;
mod example;
mod hostile;
mod import;
mod round_trip;
mod walk;
