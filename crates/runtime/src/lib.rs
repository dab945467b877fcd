//! Turns, sessions and the event log.
