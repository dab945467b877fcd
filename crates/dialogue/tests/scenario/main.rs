//! Scenario files: import, export, duplicate, check.
#![allow(clippy::unwrap_used, reason = "tests")]

mod check;
mod duplicate;
mod example;
mod import;
mod round_trip;
