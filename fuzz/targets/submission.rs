//! A report as it comes over the wire.
#![no_main]

use chappe_model::Timestamp;
use chappe_proto::v1::Incident;
use libfuzzer_sys::fuzz_target;
use prost::Message;

/// 2026-03-02T06:15:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_772_432_100_000);

fuzz_target!(|data: &[u8]| {
    if let Ok(report) = Incident::decode(data) {
        let _ = chappe_proto::incident::parse(&report, NOW);
    }
});
