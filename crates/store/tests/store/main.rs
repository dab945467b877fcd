//! What the store promises.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod conformance;
mod durability;
mod finding;
mod projections;
mod sample;
mod scrubbing;
