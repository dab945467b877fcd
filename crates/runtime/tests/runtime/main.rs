//! Turns through the runtime on a real store.

mod bounds;
mod desk;
mod loading;
mod turns;
