//! How large flows and functions may be. Ours to say: nothing is published; generous for people, small for machines.

/// Characters of a name: of a flow, a state, an event, a parameter.
pub const NAME: usize = 200;
/// Characters of an id within a flow.
pub const ID: usize = 100;
/// Characters of a description, or of a text that is said.
pub const TEXT: usize = 10_000;
/// Characters of a thought.
pub const THOUGHT: usize = 50_000;
/// States of a flow.
pub const STATES: usize = 200;
/// Transitions of a flow.
pub const TRANSITIONS: usize = 1_000;
/// Functions of a state, or that run at the start or the end.
pub const FUNCTIONS: usize = 100;
/// Static parameters of a flow.
pub const STATIC_PARAMETERS: usize = 200;
/// Files of a flow.
pub const FILES: usize = 50;
/// Characters of a file's text.
pub const FILE_TEXT: usize = 500_000;
/// Characters of all files' texts.
pub const ALL_FILES: usize = 2_000_000;
/// Items of any other list of a flow.
pub const LIST: usize = 1_000;
/// Passages that accompany a message (row DA-K5).
pub const PASSAGES: u8 = 10;
/// Lines of the past that a model reads at most: as many as are kept at hand.
pub const HISTORY: u32 = 200;
/// Characters of a function's name: what every provider takes as the name of a tool.
pub const FUNCTION_NAME: usize = 64;
/// Bytes of a function's source.
pub const SOURCE: usize = 256 * 1024;
/// Parameters of each kind, events and context additions of a function.
pub const DECLARED: usize = 100;
/// Tests of a function.
pub const TESTS: usize = 100;
/// Tags of a function.
pub const TAGS: usize = 20;
/// Seconds that a function may ask for.
pub const TIMEOUT_SECONDS: u32 = 120;
