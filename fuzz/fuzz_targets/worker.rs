//! Any bytes as what a function worker says, and as what it is told.
#![no_main]

use functions::script::message::{Frames, FromWorker, ToWorker};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut frames = Frames::new(1 << 16);
    frames.push(bytes);
    while let Ok(Some(_)) = frames.read::<FromWorker>() {}
    let mut frames = Frames::new(1 << 16);
    frames.push(bytes);
    while let Ok(Some(_)) = frames.read::<ToWorker>() {}
});
