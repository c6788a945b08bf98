//! What the values of a column mean.

use chappe_model::{Indicator, IndicatorError, IndicatorKind};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::mapping::{Role, TimeForm};
use crate::moment;
use crate::shown::shown;

/// Whether the values of a column are items that give indicators, and the indicator of one.
pub(super) fn indicator(role: Role, value: &str) -> Option<Result<Indicator, IndicatorError>> {
    let kind = match role {
        Role::Indicator => return Some(value.parse()),
        Role::Ip => IndicatorKind::Ip,
        Role::Domain => IndicatorKind::Domain,
        Role::Host => {
            let address = Indicator::parse(IndicatorKind::Ip, value);
            return Some(address.or_else(|_| Indicator::parse(IndicatorKind::Domain, value)));
        }
        Role::Url => IndicatorKind::Url,
        Role::Md5 => IndicatorKind::Md5,
        Role::Sha1 => IndicatorKind::Sha1,
        Role::Sha256 => IndicatorKind::Sha256,
        Role::Sha512 => IndicatorKind::Sha512,
        Role::Hash => match value.len() {
            40 => IndicatorKind::Sha1,
            64 => IndicatorKind::Sha256,
            128 => IndicatorKind::Sha512,
            _ => IndicatorKind::Md5,
        },
        Role::Email => IndicatorKind::Email,
        Role::Cve => IndicatorKind::Cve,
        Role::Cidr => IndicatorKind::Cidr,
        Role::Asn => IndicatorKind::Asn,
        Role::CryptoAddress => IndicatorKind::CryptoAddress,
        Role::Iban => IndicatorKind::Iban,
        Role::Phone => IndicatorKind::Phone,
        Role::UserAgent => IndicatorKind::UserAgent,
        Role::Certificate => IndicatorKind::Certificate,
        Role::Mutex => IndicatorKind::Mutex,
        Role::RegistryKey => IndicatorKind::RegistryKey,
        Role::Malware => IndicatorKind::Malware,
        Role::Technique => IndicatorKind::Technique,
        _ => return None,
    };
    Some(Indicator::parse(kind, value))
}

/// A time, in milliseconds since 1970.
pub(super) fn time_ms(form: TimeForm, value: &str) -> Result<u64, String> {
    let (found, example) = match form {
        TimeForm::Rfc3339 => (
            moment::instant_ms(value).or_else(|| day_ms(value)),
            "2026-03-02T06:15:00Z or 2026-03-02",
        ),
        TimeForm::Utc => (utc_ms(value), "2026-03-02 06:15:00"),
        TimeForm::UnixSeconds => (unix_ms(value, 1000.0), "1772432100"),
        TimeForm::UnixMilliseconds => (unix_ms(value, 1.0), "1772432100000"),
    };
    found.ok_or_else(|| {
        format!(
            "{:?} is no time since 1970 of the form of this column, such as {example}",
            shown(value)
        )
    })
}

/// A day and nothing more: of a day and a time without a zone the time must not go.
fn day_ms(value: &str) -> Option<u64> {
    (value.len() == "2026-03-02".len())
        .then(|| moment::day_ms(value))
        .flatten()
}

fn utc_ms(value: &str) -> Option<u64> {
    let moment: DateTime = value.parse().ok()?;
    let moment = moment.to_zoned(TimeZone::UTC).ok()?.timestamp();
    u64::try_from(moment.as_millisecond()).ok()
}

/// Latest time that is read, in milliseconds since 1970: the end of the year 9999.
const LATEST_MS: f64 = 253_402_300_799_999.0;

fn unix_ms(value: &str, millis: f64) -> Option<u64> {
    let number: f64 = value.parse().ok()?;
    let ms = (number * millis).floor();
    // In these bounds nothing is lost.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (0.0..=LATEST_MS).contains(&ms).then_some(ms as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_form_of_their_column_alone() {
        let at = 1_772_432_100_000;
        for (form, value) in [
            (TimeForm::Rfc3339, "2026-03-02T07:15:00+01:00"),
            (TimeForm::Utc, "2026-03-02 06:15:00"),
            (TimeForm::Utc, "2026-03-02T06:15:00"),
            (TimeForm::UnixSeconds, "1772432100"),
            (TimeForm::UnixSeconds, "1772432100.0"),
            (TimeForm::UnixMilliseconds, "1772432100000"),
        ] {
            assert_eq!(time_ms(form, value), Ok(at), "{value}");
        }
        assert_eq!(time_ms(TimeForm::Rfc3339, "2026-03-02"), Ok(1_772_409_600_000));
        for (form, value) in [
            (TimeForm::Rfc3339, "2026-03-02 06:15:00"),
            (TimeForm::Rfc3339, "1772432100"),
            (TimeForm::Utc, "yesterday"),
            (TimeForm::UnixSeconds, "-1"),
            (TimeForm::UnixSeconds, "NaN"),
            (TimeForm::UnixMilliseconds, "1e300"),
        ] {
            assert!(time_ms(form, value).is_err(), "{value}");
        }
    }
}
