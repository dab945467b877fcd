//! Turns through the runtime on a real store.

mod desk;
mod turns;
