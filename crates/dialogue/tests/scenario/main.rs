//! Scenario files: import, export, duplicate, check.
#![allow(clippy::unwrap_used, reason = "tests")]

mod duplicate;
mod import;
mod round_trip;
