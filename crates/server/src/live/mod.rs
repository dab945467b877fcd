//! Conversations as they go on: who follows them is told what the log has, at the moment it has it
//! (spec/dialai.md §12, rows DA-L6 to DA-L8).
//!
//! One task reads the store's feed and hands each record to those whom it concerns, so that a turn costs the same
//! however many follow other conversations. Each follower has a queue of fixed length; one that does not read is let
//! go, and finds what it missed by the log (`Last-Event-ID`). Nobody who follows holds up a turn.

mod event;
mod hub;
mod news;
mod stream;

pub(crate) use event::of_entry;
pub(crate) use hub::{Hub, Topic};
pub(crate) use news::Audience;
pub(crate) use stream::follow;
