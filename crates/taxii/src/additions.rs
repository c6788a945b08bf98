//! What was added to collections, and when: an index of revisions in the order of the log.

mod shelf;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chappe_exchange::{STIX_SHARED_TYPES, Told, stix_ids};
use chappe_model::{Alert, AlertId, Country};

pub use self::shelf::{Addition, Bookmark, Shelf};

/// Objects that come with an alert besides its own and its countries: author, extension, label.
const COMPANIONS: u64 = 3;

/// Names no entry.
const NONE: u32 = u32::MAX;

/// Characters of a UUID as text.
const UUID_CHARS: usize = 36;

/// Where the version of a UUID stands in it as a number, in bits from its end (RFC 9562, section 5).
const UUID_VERSION: u32 = 76;

/// A revision of an alert.
#[derive(Clone, Debug)]
struct Entry {
    /// Where the log holds it.
    place: u64,
    id: AlertId,
    revision: u32,
    /// What its objects bear as `modified`.
    version_ms: u64,
    /// The entry of the revision before.
    before: u32,
    class: u32,
    /// Objects of its own.
    objects: u32,
    /// Which of [`STIX_SHARED_TYPES`] are among them, a bit each.
    types: u8,
    /// No later revision of the alert is there.
    is_newest: bool,
    /// A later revision has the same version: this one is none.
    is_replaced: bool,
}

/// Alerts that are handled alike: whoever may see one may see all of them, and every collection holds all or none.
#[derive(Debug)]
struct Class {
    sample: Arc<Alert>,
    /// Its first entry.
    first: u32,
    /// Where each country was named first.
    places: BTreeMap<Country, u32>,
}

/// Entries between two time marks.
#[derive(Clone, Copy, Debug)]
struct Interval {
    from: u32,
    /// Log time of the mark that closed it.
    ms: u64,
    /// Whoever looks, no date before it reaches its own.
    is_clean: bool,
}

/// The index. Revisions are given in log order ([`Additions::note`]); the next time mark dates them ([`Additions::mark`]), and not before
/// are they there.
///
/// An object's date is the time of that mark, and a microsecond later than that of the object before it: dates of a collection rise
/// strictly, for every viewer, whatever is hidden from it. A date depends on the log and on what that viewer may see, on nothing else: not on when
/// it was asked, nor by which process.
#[derive(Debug, Default)]
pub struct Additions {
    entries: Vec<Entry>,
    /// Not dated yet, each with its alert.
    open: Vec<(u64, Arc<Alert>)>,
    intervals: Vec<Interval>,
    classes: Vec<Class>,
    class_of: HashMap<String, u32>,
    newest: HashMap<AlertId, u32>,
    /// Whose object an id is, by its [`number`].
    owners: HashMap<u128, AlertId>,
    /// Log time of the last mark.
    reached_ms: u64,
    /// The last date that anybody's objects have, were all of them seen.
    ceiling_us: u64,
}

impl Additions {
    /// Takes the next revision of the log, at a place that the caller knows it by.
    pub fn note(&mut self, place: u64, alert: &Arc<Alert>) {
        self.open.push((place, Arc::clone(alert)));
    }

    /// Takes a time mark. One that moves log time dates what was noted since the last.
    pub fn mark(&mut self, log_time_ms: u64) {
        if log_time_ms <= self.reached_ms {
            return;
        }
        self.reached_ms = log_time_ms;
        if self.open.is_empty() {
            return;
        }
        let begins_us = log_time_ms.saturating_mul(1_000);
        self.intervals.push(Interval {
            from: index(self.entries.len()),
            ms: log_time_ms,
            is_clean: self.ceiling_us < begins_us,
        });
        self.ceiling_us = self.ceiling_us.max(begins_us);
        for (place, alert) in std::mem::take(&mut self.open) {
            self.add(place, &alert);
        }
    }

    fn add(&mut self, place: u64, alert: &Arc<Alert>) {
        let told = Told::from(&**alert);
        let ids = stix_ids(&told);
        let at = index(self.entries.len());
        let class = self.class(alert, at);
        let before = self.newest.insert(alert.id, at).unwrap_or(NONE);
        let version_ms = told.revised_at_ms;
        if let Some(before) = self.entries.get_mut(before as usize) {
            before.is_newest = false;
            before.is_replaced = before.version_ms >= version_ms;
        }
        self.owners
            .extend(ids.iter().filter_map(|id| Some((number(id)?, alert.id))));
        let has = |kind: &str| {
            ids.iter()
                .any(|id| id.strip_prefix(kind).is_some_and(|rest| rest.starts_with("--")))
        };
        let types = STIX_SHARED_TYPES.iter().enumerate();
        let types = types.map(|(bit, kind)| u8::from(has(kind)) << bit).sum();
        let entry = Entry {
            place,
            id: alert.id,
            revision: alert.revision,
            version_ms,
            before,
            class,
            objects: index(ids.len()),
            types,
            is_newest: true,
            is_replaced: false,
        };
        self.ceiling_us += u64::from(entry.objects) + COMPANIONS + told.countries.len() as u64;
        self.entries.push(entry);
    }

    fn class(&mut self, alert: &Arc<Alert>, at: u32) -> u32 {
        let next = index(self.classes.len());
        let class = *self.class_of.entry(handling(alert)).or_insert(next);
        if class == next {
            self.classes.push(Class {
                sample: Arc::clone(alert),
                first: at,
                places: BTreeMap::new(),
            });
        }
        if let Some(class) = self.classes.get_mut(class as usize) {
            for country in alert.countries.iter() {
                class.places.entry(country).or_insert(at);
            }
        }
        class
    }

    /// How many revisions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// All that decides who may see a revision and which collections hold it.
fn handling(alert: &Alert) -> String {
    format!("{:?} {:?} {}", alert.compartment, alert.audience, alert.tlp)
}

/// The id of an object of an alert's own as a number: the digits of its UUID, with its type in place of the version, which is 5 in all of them. None
/// for what is no such id to the letter.
fn number(id: &str) -> Option<u128> {
    let (of_type, uuid) = id.split_once("--")?;
    let mut own_types = ["report"].iter().chain(&STIX_SHARED_TYPES);
    let type_number = own_types.position(|known| *known == of_type)? as u128;
    let stands = |(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'5',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    let is_one = uuid.len() == UUID_CHARS && uuid.bytes().enumerate().all(stands);
    let hex = is_one.then(|| uuid.replace('-', ""))?;
    let digits = u128::from_str_radix(&hex, 16).ok()?;
    Some((digits & !(0xf << UUID_VERSION)) | (type_number << UUID_VERSION))
}

/// Entries are numbered by 32 bits: a log of so many alerts is beyond what the board holds in memory.
fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(NONE)
}
