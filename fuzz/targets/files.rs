//! Files of constituencies and dependencies, and warning lists; the first byte says which.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match kind % 4 {
        0 => drop(chappe::read_constituency(text, "c.toml".as_ref())),
        1 => drop(chappe::read_constituency(text, "c.csv".as_ref())),
        2 => drop(chappe::read_dependencies(text, "d.toml".as_ref())),
        _ => {
            if let Ok(file) = serde_json::from_str(text) {
                let _ = chappe_correlate::WarningList::new(file);
            }
        }
    }
});
