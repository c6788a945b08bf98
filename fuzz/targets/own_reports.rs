//! Reports in Chappe's own JSON.
#![no_main]

use chappe_model::Timestamp;
use libfuzzer_sys::fuzz_target;

/// 2026-03-02T06:15:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_772_432_100_000);

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        for report in chappe::read_reports(text).into_iter().flatten().flatten() {
            let _ = chappe_proto::incident::parse(&report, NOW);
        }
    }
});
