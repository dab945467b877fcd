//! Any bytes as a scenario file: what is taken comes out as it went in, and can be checked.
#![no_main]

use dialogue::scenario::{check, export, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(imported) = import(bytes) {
        check(&imported.scenario);
        let again = import(&export(&imported.document)).expect("an export is imported");
        assert_eq!(again.document, imported.document);
    }
});
