//! What the store promises.

mod conformance;
mod durability;
mod projections;
mod sample;
