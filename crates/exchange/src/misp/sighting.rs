//! MISP's sightings of an attribute: seen again, a false positive, or expired.

use serde_json::{Map, Value};

use crate::{SkipReason, loose};

/// What a sighting says (`type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Seen,
    Expired,
    FalsePositive,
}

impl Kind {
    fn of(sighting: &Map<String, Value>) -> Option<Self> {
        match loose::number(sighting, "type") {
            // Before MISP knew others there was one type, and it is left out still.
            None | Some(0) => Some(Self::Seen),
            Some(1) => Some(Self::FalsePositive),
            Some(2) => Some(Self::Expired),
            Some(_) => None,
        }
    }
}

/// What the sightings of an attribute say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sightings {
    /// When it was seen, first and last, in milliseconds since 1970.
    pub(super) seen_ms: Option<(u64, u64)>,
    /// Why it is not to be looked for any more.
    pub(super) over: Option<SkipReason>,
    /// Expirations that lie behind the event's last edit say nothing yet.
    pub(super) expires_later: bool,
}

/// A time in seconds since 1970. One that no revision can be, such as one in milliseconds, is none: it would hide all others.
fn moment_s(holder: &Map<String, Value>, member: &str) -> Option<u64> {
    loose::number(holder, member).filter(|at_s| u32::try_from(*at_s).is_ok())
}

/// The newest sighting decides; of several of one time the one that takes most back. `edited_s` is when the event was edited last, in seconds
/// since 1970: a reader without a clock knows by it what is past.
pub(super) fn of_attribute(attribute: &Map<String, Value>, edited_s: u64) -> Sightings {
    let mut found = Sightings::default();
    let mut newest: Option<(u64, Kind)> = None;
    for sighting in loose::list(attribute, "Sighting").iter().filter_map(Value::as_object) {
        let (Some(kind), Some(at_s)) = (Kind::of(sighting), moment_s(sighting, "date_sighting")) else {
            continue;
        };
        match kind {
            Kind::Expired if at_s > edited_s => {
                found.expires_later = true;
                continue;
            }
            Kind::Seen => {
                let ms = at_s.saturating_mul(1_000);
                let (first, last) = found.seen_ms.unwrap_or((ms, ms));
                found.seen_ms = Some((first.min(ms), last.max(ms)));
            }
            Kind::Expired | Kind::FalsePositive => {}
        }
        newest = newest.max(Some((at_s, kind)));
    }
    found.over = match newest {
        Some((_, Kind::FalsePositive)) => Some(SkipReason::FalsePositive),
        Some((_, Kind::Expired)) => Some(SkipReason::Expired),
        _ => None,
    };
    found
}

/// When the newest sighting or event report came that says something, in seconds since 1970: the event's own time tells nothing of them.
pub(super) fn newest_s(event: &Map<String, Value>) -> Option<u64> {
    let edited_s = loose::number(event, "timestamp").unwrap_or(0);
    let of = |holder: &Map<String, Value>| {
        let sightings = loose::list(holder, "Attribute").iter().filter_map(Value::as_object);
        let sightings = sightings.flat_map(|attribute| loose::list(attribute, "Sighting"));
        let counts = |sighting: &Map<String, Value>| {
            let at = moment_s(sighting, "date_sighting")?;
            (Kind::of(sighting)? != Kind::Expired || at <= edited_s).then_some(at)
        };
        sightings.filter_map(Value::as_object).filter_map(counts).max()
    };
    let reports = loose::list(event, "EventReport").iter().filter_map(Value::as_object);
    let reports = reports.filter_map(|report| moment_s(report, "timestamp"));
    let objects = loose::list(event, "Object").iter().filter_map(Value::as_object);
    objects.filter_map(of).chain(of(event)).chain(reports).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(sightings: Value) -> Sightings {
        let attribute = json!({ "Sighting": sightings });
        of_attribute(attribute.as_object().unwrap(), 100)
    }

    #[test]
    fn the_newest_decides_and_the_future_says_nothing() {
        let seen = |at: u64| json!({"type": "0", "date_sighting": at.to_string()});
        let wrong = |at: u64| json!({"type": 1, "date_sighting": at});
        let over = |at: u64| json!({"type": "2", "date_sighting": at});
        assert_eq!(of(json!([seen(7), seen(3)])).seen_ms, Some((3_000, 7_000)));
        assert_eq!(of(json!([wrong(5), seen(7)])).over, None);
        assert_eq!(of(json!([seen(5), wrong(7)])).over, Some(SkipReason::FalsePositive));
        assert_eq!(
            of(json!([seen(7), wrong(7), over(7)])).over,
            Some(SkipReason::FalsePositive)
        );
        assert_eq!(of(json!([seen(7), over(9)])).over, Some(SkipReason::Expired));
        let later = of(json!([over(101), seen(7)]));
        assert_eq!((later.over, later.expires_later), (None, true));
        assert_eq!(
            of(json!([{"type": 9, "date_sighting": 5}, 7, {"type": 1}])),
            Sightings::default()
        );
    }
}
