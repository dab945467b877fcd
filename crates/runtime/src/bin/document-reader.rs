//! A reader of files and nothing else, for tests: they have no `parlance` binary to start one with.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::knowledge::reading::run()
}
