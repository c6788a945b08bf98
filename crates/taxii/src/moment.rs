//! Timestamps of TAXII: RFC 3339 in UTC, with microseconds (section 2).

use jiff::Timestamp;

/// A time as text, from microseconds since 1970.
#[must_use]
pub fn moment_text(micros: u64) -> String {
    let moment = i64::try_from(micros)
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok());
    format!("{:.6}", moment.unwrap_or(Timestamp::MAX))
}

/// The time of a STIX object's version as text, from milliseconds since 1970.
#[must_use]
pub fn version_text(millis: u64) -> String {
    let moment = i64::try_from(millis)
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok());
    format!("{:.3}", moment.unwrap_or(Timestamp::MAX))
}

/// Microseconds since 1970 of a text, of whatever precision; times before 1970 are 0. None if it is no time in UTC, written with `Z`.
pub(crate) fn micros(text: &str) -> Option<u64> {
    if !text.ends_with('Z') || !text.contains('T') {
        return None;
    }
    let moment: Timestamp = text.parse().ok()?;
    Some(u64::try_from(moment.as_microsecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_precision_is_read_and_microseconds_are_written() {
        for (text, wanted) in [
            ("2016-01-01T01:01:01Z", "2016-01-01T01:01:01.000000Z"),
            ("2016-01-01T01:01:01.5Z", "2016-01-01T01:01:01.500000Z"),
            ("2016-01-01T01:01:01.123456Z", "2016-01-01T01:01:01.123456Z"),
            ("1960-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
        ] {
            assert_eq!(moment_text(micros(text).unwrap()), wanted);
        }
        for text in [
            "",
            "yesterday",
            "2016-01-01",
            "2016-01-01Z",
            "2016-01-01T01:01:01",
            "2016-01-01T01:01:01+01:00",
            "2016-13-01T01:01:01Z",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
        assert_eq!(version_text(1_451_610_061_123), "2016-01-01T01:01:01.123Z");
        assert_eq!(
            moment_text(u64::MAX),
            moment_text(u64::MAX - 1),
            "what no calendar holds is its end"
        );
    }
}
