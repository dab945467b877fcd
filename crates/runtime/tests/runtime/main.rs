//! Turns through the runtime on a real store.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod bounds;
mod desk;
mod experiments;
mod flows;
mod issuer;
mod loading;
mod mail;
mod presets;
mod publishing;
mod replay;
mod take_over_race;
mod test_scenarios;
mod turns;
