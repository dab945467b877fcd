//! The surface that speaks as OpenDialog does.

pub mod wire;
