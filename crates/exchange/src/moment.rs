//! Dates and times of foreign formats as milliseconds since 1970.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The begin of a day such as `2020-10-01`, in UTC. Nothing where the text is no date or lies before 1970.
pub(crate) fn day_ms(text: &str) -> Option<u64> {
    let day: Date = text.parse().ok()?;
    let start = day.to_zoned(TimeZone::UTC).ok()?;
    u64::try_from(start.timestamp().as_millisecond()).ok()
}

/// An instant such as `2020-10-01T08:00:00.000000+02:00`. Nothing where the text is none or lies before 1970.
pub(crate) fn instant_ms(text: &str) -> Option<u64> {
    let instant: Timestamp = text.parse().ok()?;
    u64::try_from(instant.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_read() {
        assert_eq!(day_ms("2020-10-01"), Some(1_601_510_400_000));
        assert_eq!(instant_ms("2020-10-01T02:00:00.500000+02:00"), Some(1_601_510_400_500));
        assert_eq!(instant_ms("2020-10-01T00:00:00Z"), Some(1_601_510_400_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "2020-13-01", "0000-00-00", "1969-12-31", "yesterday"] {
            assert_eq!(day_ms(text), None, "{text}");
        }
        assert_eq!(instant_ms("2020-10-01"), None);
    }
}
