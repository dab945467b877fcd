//! The rows of the engine's table (spec/opendialog.md §7.4), each as a conversation.

mod answering;
mod attributes;
mod edges;
mod ladders;
mod laws;
mod level;
mod matching;
mod stage;
