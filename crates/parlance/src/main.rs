//! The parlance binary: command line, configuration, wiring.
fn main() {}
