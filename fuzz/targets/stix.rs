//! STIX bundles, envelopes and objects.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    account(chappe_exchange::read_stix("f", data));
});

/// Every item of what was read is read or skipped.
fn account(
    read: Result<Vec<Result<chappe_exchange::Reading, chappe_exchange::ReadError>>, chappe_exchange::ReadError>,
) {
    for reading in read.into_iter().flatten().flatten() {
        assert!(reading.is_whole());
    }
}
