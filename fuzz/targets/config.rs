//! chappe.toml. Files that it names are not there.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = chappe::Config::parse(text, "chappe.toml".as_ref(), "/nonexistent".as_ref());
    }
});
