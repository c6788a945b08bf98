//! Files of rules, and what a policy makes of them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let loaded = chappe_sigma::load(&[chappe_sigma::SourceText::new("rules.yml", text)]);
        if let Ok(loaded) = loaded {
            // What is loaded can be in force.
            chappe_model::Policy::new(1, loaded.rules, 300_000, vec![], vec![]).expect("a rule that was read");
        }
    }
});
