//! Any text as markup: it compiles or says why not; what compiles renders.
#![no_main]

use dialogue::message::{Markup, MarkupOptions};
use dialogue_fuzz::Awkward;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|markup: &str| {
    if let Ok(markup) = Markup::compile(markup, MarkupOptions::default()) {
        let _ = markup.render(&Awkward, "intent", "template");
    }
});
