//! A mapping, a line of four hyphens, and the table that it maps.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    const SEPARATOR: &[u8] = b"\n----\n";
    let at = data.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
    let (mapping, table) = match at {
        Some(at) => (&data[..at], &data[at + SEPARATOR.len()..]),
        None => (data, &[][..]),
    };
    if let Ok(mapping) = chappe_exchange::Mapping::parse("m", mapping) {
        account(chappe_exchange::read_table("f", table, &mapping));
    }
});

/// Every item of what was read is read or skipped.
fn account(
    read: Result<Vec<Result<chappe_exchange::Reading, chappe_exchange::ReadError>>, chappe_exchange::ReadError>,
) {
    for reading in read.into_iter().flatten().flatten() {
        assert!(reading.is_whole());
    }
}
