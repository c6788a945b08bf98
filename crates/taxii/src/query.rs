//! What a request asks for: paging and filters (section 3.4).

use std::collections::BTreeSet;

use crate::moment::micros;

/// Objects on a page, where the request does not say.
pub const PAGE_OBJECTS: usize = 100;
/// Most objects on a page: a higher limit is taken as this one.
pub const PAGE_OBJECTS_MAX: usize = 1_000;
/// Most values that one parameter lists.
pub const MATCH_VALUES: usize = 256;

/// The only version of STIX that objects are in.
const SPEC_VERSION: &str = "2.1";

/// A parameter that is not as the specification asks: answered by 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {reason}")]
pub struct QueryError {
    parameter: &'static str,
    reason: String,
}

/// Which versions of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Every one.
    All,
    /// The first, the last, those of these times in microseconds since 1970.
    These {
        /// The earliest.
        first: bool,
        /// The latest.
        last: bool,
        /// By the time that they were modified.
        times: BTreeSet<u64>,
    },
}

impl Versions {
    const LAST: Self = Self::These {
        first: false,
        last: true,
        times: BTreeSet::new(),
    };

    /// Whether they hold a version modified at this time, in milliseconds, that is or is not the first and the last.
    pub(crate) fn hold(&self, version_ms: u64, is_first: impl FnOnce() -> bool, is_last: bool) -> bool {
        match self {
            Self::All => true,
            Self::These { first, last, times } => {
                (*last && is_last) || times.contains(&(version_ms * 1_000)) || (*first && is_first())
            }
        }
    }
}

/// What a request asks for. Everything restricts together; a list asks for any of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What was added after this time, in microseconds since 1970.
    pub added_after: Option<u64>,
    /// Objects at most, 1 to [`PAGE_OBJECTS_MAX`].
    pub limit: usize,
    /// Objects with these ids.
    pub ids: Option<BTreeSet<String>>,
    /// Objects of these types.
    pub types: Option<BTreeSet<String>>,
    /// These versions of them.
    pub versions: Versions,
    /// Whether STIX 2.1 is among the versions of STIX that are asked for.
    pub stix_2_1: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            added_after: None,
            limit: PAGE_OBJECTS,
            ids: None,
            types: None,
            versions: Versions::LAST,
            stix_2_1: true,
        }
    }
}

impl Query {
    /// Reads the part of a URL behind the question mark. Parameters that the specification does not know are ignored.
    ///
    /// # Errors
    /// The first parameter that is malformed or stands twice.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let mut query = Self::default();
        let mut seen = BTreeSet::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let Some(parameter) = PARAMETERS.into_iter().find(|known| *known == name) else {
                continue;
            };
            let refuse = |reason: String| QueryError { parameter, reason };
            if !seen.insert(parameter) {
                return Err(refuse(
                    "stands twice: give it once, with its values joined by commas".to_owned(),
                ));
            }
            query.take(parameter, &value).map_err(refuse)?;
        }
        Ok(query)
    }

    fn take(&mut self, parameter: &str, value: &str) -> Result<(), String> {
        match parameter {
            ADDED_AFTER => self.go_on_after(time(value)?),
            NEXT => {
                let place = value
                    .parse()
                    .map_err(|_| "not a value that this server gave: leave it out".to_owned())?;
                self.go_on_after(place);
            }
            LIMIT => self.limit = limit(value)?,
            ID => self.ids = Some(list(value)?),
            TYPE => self.types = Some(list(value)?),
            SPEC => self.stix_2_1 = list(value)?.contains(SPEC_VERSION),
            _ => self.versions = versions(value)?,
        }
        Ok(())
    }

    /// `next` is the time of what was given last, so both parameters say the same: what comes later.
    fn go_on_after(&mut self, place: u64) {
        self.added_after = self.added_after.max(Some(place));
    }
}

const ADDED_AFTER: &str = "added_after";
const LIMIT: &str = "limit";
const NEXT: &str = "next";
const ID: &str = "match[id]";
const TYPE: &str = "match[type]";
const VERSION: &str = "match[version]";
const SPEC: &str = "match[spec_version]";
const PARAMETERS: [&str; 7] = [ADDED_AFTER, LIMIT, NEXT, ID, TYPE, VERSION, SPEC];

fn time(value: &str) -> Result<u64, String> {
    micros(value).ok_or_else(|| "not a time in UTC by RFC 3339, such as 2026-03-02T06:15:00.000000Z".to_owned())
}

fn limit(value: &str) -> Result<usize, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number of this machine holds are a large number all the same.
    let limit = if digits { value.parse().unwrap_or(usize::MAX) } else { 0 };
    match limit {
        0 => Err(format!("not a whole number above 0: give 1 to {PAGE_OBJECTS_MAX}")),
        limit => Ok(limit.min(PAGE_OBJECTS_MAX)),
    }
}

fn list(value: &str) -> Result<BTreeSet<String>, String> {
    let values: BTreeSet<String> = value.split(',').map(str::to_owned).collect();
    if values.contains("") {
        return Err("an empty value: join values by commas, without spaces".to_owned());
    }
    if values.len() > MATCH_VALUES {
        return Err(format!("{} values: at most {MATCH_VALUES}", values.len()));
    }
    Ok(values)
}

fn versions(value: &str) -> Result<Versions, String> {
    let values = list(value)?;
    if values.len() != value.split(',').count() {
        return Err("a value stands twice".to_owned());
    }
    if values.contains("all") {
        return match values.len() {
            1 => Ok(Versions::All),
            _ => Err("'all' stands alone".to_owned()),
        };
    }
    let words = ["first", "last"];
    let times = values.iter().filter(|value| !words.contains(&value.as_str()));
    Ok(Versions::These {
        first: values.contains("first"),
        last: values.contains("last"),
        times: times.map(|value| time(value)).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_without_parameters_asks_for_the_last_version_of_everything() {
        assert_eq!(Query::parse("").unwrap(), Query::default());
        assert_eq!(Query::parse("colour=red&match[colour]=red").unwrap(), Query::default());
    }

    #[test]
    fn every_parameter_is_read_as_it_stands_or_encoded() {
        let query = Query::parse(
            "limit=7&added_after=2026-03-02T06:15:00.5Z&match%5Bid%5D=indicator--1,report--2&match[type]=report,sighting\
             &match[version]=first,2026-03-02T06:15:00.123Z,last&match[spec_version]=2.0,2.1",
        )
        .unwrap();
        let wanted = Query {
            added_after: Some(1_772_432_100_500_000),
            limit: 7,
            ids: Some(set(&["indicator--1", "report--2"])),
            types: Some(set(&["report", "sighting"])),
            versions: Versions::These {
                first: true,
                last: true,
                times: [1_772_432_100_123_000].into(),
            },
            stix_2_1: true,
        };
        assert_eq!(query, wanted);
        assert!(!Query::parse("match[spec_version]=2.0").unwrap().stix_2_1);
        assert_eq!(Query::parse("match[version]=all").unwrap().versions, Versions::All);
    }

    #[test]
    fn of_next_and_added_after_the_later_counts() {
        for text in [
            "next=1772432100500000&added_after=2026-03-02T06:15:00Z",
            "added_after=2026-03-02T06:15:00.5Z&next=1772432100000000",
        ] {
            assert_eq!(Query::parse(text).unwrap().added_after, Some(1_772_432_100_500_000));
        }
    }

    #[test]
    fn a_limit_above_the_highest_is_the_highest() {
        for (text, wanted) in [
            ("1", 1),
            ("1000", 1_000),
            ("1001", 1_000),
            ("99999999999999999999", 1_000),
        ] {
            assert_eq!(Query::parse(&format!("limit={text}")).unwrap().limit, wanted);
        }
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (text, says) in [
            ("limit=0", "limit"),
            ("limit=-1", "limit"),
            ("limit=ten", "limit"),
            ("limit=", "limit"),
            ("limit=1&limit=2", "twice"),
            ("added_after=yesterday", "added_after"),
            ("added_after=2026-03-02T06:15:00Z,2026-03-02T06:15:01Z", "added_after"),
            ("next=x", "next"),
            ("match[id]=", "match[id]"),
            ("match[type]=a,,b", "match[type]"),
            ("match[type]=a&match[type]=b", "twice"),
            ("match[version]=all,last", "alone"),
            ("match[version]=last,last", "twice"),
            ("match[version]=newest", "match[version]"),
        ] {
            let error = Query::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let many: Vec<String> = (0..=MATCH_VALUES).map(|n| n.to_string()).collect();
        assert!(Query::parse(&format!("match[id]={}", many.join(","))).is_err());
    }
}
