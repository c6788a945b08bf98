//! Moments on the wire.

use chappe_model::Timestamp;

/// Milliseconds; what is finer is cut off.
///
/// # Errors
/// Before 1970, or no valid google.protobuf.Timestamp.
pub fn from_wire(wire: &prost_types::Timestamp) -> Result<Timestamp, String> {
    let sound = u64::try_from(wire.seconds)
        .ok()
        .filter(|s| *s < 253_402_300_800)
        .zip(u64::try_from(wire.nanos).ok().filter(|n| *n < 1_000_000_000));
    let (seconds, nanos) = sound.ok_or_else(|| {
        format!(
            "seconds {} and nanos {} are no moment between 1970 and 9999",
            wire.seconds, wire.nanos
        )
    })?;
    Ok(Timestamp::from_millis(seconds * 1_000 + nanos / 1_000_000))
}

/// As google.protobuf.Timestamp.
#[must_use]
pub fn to_wire(moment: Timestamp) -> prost_types::Timestamp {
    let millis = moment.as_millis();
    let nanos = i32::try_from(millis % 1_000).unwrap_or(0) * 1_000_000;
    prost_types::Timestamp {
        seconds: i64::try_from(millis / 1_000).unwrap_or(i64::MAX),
        nanos,
    }
}
