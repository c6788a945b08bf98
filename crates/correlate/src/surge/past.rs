//! What was counted so far, by hours: what lessons are learned from.

use std::collections::BTreeMap;

use chappe_model::limits::SURGE_SECTORS;
use chappe_model::{Country, Rsit, Sector, SurgeLessonPart, SurgeSector};
use chappe_surge::{Bin, Delay, Grid, History, Learned, Lesson, PartHistory};
use serde::{Deserialize, Serialize};

use super::Counted;
use super::lesson::{Parts, calendar, numbers};
use super::policy::SurgePolicy;

/// Nothing older is kept, in days.
const PAST_DAYS: i64 = 5 * 366;
/// Where bins are hours no more than this is learned from, in days: a thousand series of five years would take a gigabyte while they are
/// played through.
const PAST_DAYS_BY_HOURS: i64 = 2 * 366;
/// Days that must have been seen before anything is learned: eight weeks.
const LEAST_DAYS: i64 = 56;
/// Incidents that must have been seen before anything is learned.
const LEAST_INCIDENTS: u64 = 100;
/// One incident in so many may lie before what is taken for the beginning: dates that somebody got wrong.
const STRAY: u64 = 100;
/// A lesson is learned again after a quarter of what was seen, in days, within these.
const VALID_DAYS: (i64, i64) = (14, 91);
/// For so many bins reports of one are waited for, by its width: a day, a week, four weeks.
const DELAYS: [(Bin, usize); 3] = [(Bin::Hour, 24), (Bin::Day, 7), (Bin::Week, 4)];

/// Before anything is known of delays it is as if so many reports had come in their own bin: who expects too much too soon tells nothing false.
const PROMPT: u64 = 100;

/// Incidents by the hour in which they occurred.
type Hours = BTreeMap<i64, u32>;

/// Of each type and home, and of each sector too, the incidents by the hour in which they occurred, and how late reports came.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Past {
    hours: BTreeMap<(Rsit, Option<Country>), Hours>,
    sectors: BTreeMap<(Rsit, Sector), BTreeMap<Option<Country>, Hours>>,
    /// For each width of [`DELAYS`], by age.
    came: Vec<Vec<u64>>,
}

impl Default for Past {
    fn default() -> Self {
        Self {
            hours: BTreeMap::new(),
            sectors: BTreeMap::new(),
            came: DELAYS.iter().map(|(_, bins)| vec![0; *bins]).collect(),
        }
    }
}

/// What is to be learned: pure work, that may take minutes on a thread of its own.
#[derive(Clone, Debug)]
pub struct SurgeTask {
    policy: SurgePolicy,
    number: u32,
    types: Vec<Rsit>,
    columns: Vec<Option<Country>>,
    /// Those of the lesson's parts.
    sectors: Vec<Sector>,
    lesson: Lesson,
}

impl SurgeTask {
    /// The number of the lesson that comes of it.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Learns it; `nonce` tells it from what others learn at the same time. None if `go_on` says no in between.
    #[must_use]
    pub fn learn(&self, nonce: u64, go_on: impl Fn() -> bool) -> Option<Vec<SurgeLessonPart>> {
        let learned = self.lesson.learn(go_on)?;
        let part = |part: usize| SurgeLessonPart {
            number: self.number,
            nonce,
            bin_seconds: self.policy.bin.seconds(),
            false_alarms_per_year: self.policy.false_alarms_per_year,
            threshold_milli: (learned.threshold * 1_000.0).ceil() as u32,
            known: self.lesson.delay.parts().to_vec(),
            columns: self.columns.clone(),
            types: self.types.clone(),
            part,
            cells: learned.baselines.cells.of_type(part).map(numbers).collect(),
            whole: learned
                .baselines
                .wholes
                .get(part)
                .and_then(|whole| whole.as_ref().map(numbers)),
            sectors: self.sectors_of(part, &learned),
        };
        Some((0..self.types.len()).map(part).collect())
    }

    fn sectors_of(&self, kind: usize, learned: &Learned) -> Vec<SurgeSector> {
        let of_kind = (self.sectors.iter().zip(&learned.baselines.parts)).filter(|(_, of)| of.part.kind == kind);
        let sectors = of_kind.map(|(sector, of)| SurgeSector {
            sector: *sector,
            shares: of.part.shares.clone(),
            whole: of.whole.as_ref().map(numbers),
        });
        sectors.collect()
    }
}

fn add(hours: &mut Hours, hour: i64) {
    *hours.entry(hour).or_default() += 1;
}

fn remove(hours: &mut Hours, hour: i64) {
    if let Some(count) = hours.get_mut(&hour) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            hours.remove(&hour);
        }
    }
}

/// Within hours, by bins from the first on.
fn by_bins<'a>(bin: Bin, first: i64, seen: &Seen, hours: &'a Hours) -> impl Iterator<Item = (usize, u32)> + 'a {
    let within = hours.range(seen.from..seen.to);
    within.filter_map(move |(hour, count)| Some((usize::try_from(bin.of(hour * 3_600) - first).ok()?, *count)))
}

impl Past {
    pub(super) fn add(&mut self, counted: &Counted) {
        let of = *counted;
        add(self.hours.entry((of.kind, of.home)).or_default(), of.hour);
        for sector in of.sectors.iter() {
            let homes = self.sectors.entry((of.kind, sector)).or_default();
            add(homes.entry(of.home).or_default(), of.hour);
        }
    }

    pub(super) fn remove(&mut self, counted: &Counted) {
        let of = *counted;
        self.hours
            .entry((of.kind, of.home))
            .and_modify(|hours| remove(hours, of.hour));
        for sector in of.sectors.iter() {
            let hours = self
                .sectors
                .get_mut(&(of.kind, sector))
                .and_then(|homes| homes.get_mut(&of.home));
            hours.into_iter().for_each(|hours| remove(hours, of.hour));
        }
    }

    /// A first report came so late, in seconds of log time, on an incident of `occurred`.
    pub(super) fn note_delay(&mut self, occurred: i64, came: i64) {
        for ((bin, _), ages) in DELAYS.iter().zip(&mut self.came) {
            let age = usize::try_from(bin.of(came) - bin.of(occurred)).unwrap_or(0);
            if let Some(times) = ages.get_mut(age) {
                *times += 1;
            }
        }
    }

    /// Lets go of what is too old to be learned from.
    pub(super) fn forget(&mut self, now: i64) {
        let oldest = (now / 86_400 - PAST_DAYS) * 24;
        let keep = |hours: &mut Hours| {
            *hours = hours.split_off(&oldest);
            !hours.is_empty()
        };
        self.hours.retain(|_, hours| keep(hours));
        self.sectors.retain(|_, homes| {
            homes.retain(|_, hours| keep(hours));
            !homes.is_empty()
        });
    }

    /// What is to be learned now, at a log time in seconds, after the lesson of an earlier one; none as long as too little was seen, or that
    /// lesson is still in force.
    pub(super) fn task(
        &self,
        policy: SurgePolicy,
        now: i64,
        last: Option<(&Parts, i64)>,
        number: u32,
    ) -> Option<SurgeTask> {
        let seen = self.seen(policy.bin, now)?;
        let serves = |(parts, since): (&Parts, i64)| {
            let as_asked = parts.first().is_some_and(|part| {
                (part.bin_seconds, part.false_alarms_per_year) == (policy.bin.seconds(), policy.false_alarms_per_year)
            });
            as_asked && now < since + valid_days(seen.days()) * 86_400
        };
        if last.is_some_and(serves) {
            return None;
        }
        let within: Vec<_> = (self.hours.iter())
            .filter(|(_, hours)| hours.range(seen.from..seen.to).next().is_some())
            .collect();
        let mut types: Vec<Rsit> = within.iter().map(|((kind, _), _)| *kind).collect();
        types.dedup(); // they are in order
        let mut columns: Vec<Option<Country>> = within.iter().map(|((_, home), _)| *home).collect();
        columns.sort_unstable();
        columns.dedup();
        let first = policy.bin.of(seen.from * 3_600);
        let bins = usize::try_from(policy.bin.of(seen.to * 3_600) - first).ok()?;
        let histories = Grid::new(types.len(), columns.len(), |kind, column| {
            let mut counts = vec![0; bins];
            let hours = self.hours.get(&(types[kind], columns[column]));
            for (at, count) in hours
                .into_iter()
                .flat_map(|hours| by_bins(policy.bin, first, &seen, hours))
            {
                if let Some(bin) = counts.get_mut(at) {
                    *bin += u64::from(count);
                }
            }
            History { first, counts }
        });
        let (sectors, parts) = self
            .parts(policy.bin, first, &seen, &types, &columns)
            .into_iter()
            .unzip();
        let (_, came) = (DELAYS.iter().zip(&self.came)).find(|((bin, _), _)| *bin == policy.bin)?;
        let mut came = came.clone();
        came[0] += PROMPT;
        let coarse_days = i64::from(policy.bin.coarse().seconds()) / 86_400;
        Some(SurgeTask {
            policy,
            number,
            lesson: Lesson {
                calendars: columns.iter().map(|column| calendar(policy.bin, *column)).collect(),
                histories,
                parts,
                delay: Delay::learned(&came),
                false_alarms_per_year: f64::from(policy.false_alarms_per_year),
                valid: usize::try_from(valid_days(seen.days()) / coarse_days).unwrap_or(1),
                seed: u64::from(number),
            },
            types,
            columns,
            sectors,
        })
    }

    /// The sectors that a type hits often enough to be watched, of all types those with most incidents.
    fn parts(
        &self,
        bin: Bin,
        first: i64,
        seen: &Seen,
        types: &[Rsit],
        columns: &[Option<Country>],
    ) -> Vec<(Sector, PartHistory)> {
        let counted = |homes: &BTreeMap<Option<Country>, Hours>| -> u64 {
            let within = homes.values().flat_map(|hours| hours.range(seen.from..seen.to));
            within.map(|(_, count)| u64::from(*count)).sum()
        };
        let all = self.sectors.iter().map(|(of, homes)| (counted(homes), *of));
        let mut often: Vec<(u64, (Rsit, Sector))> = all.filter(|(count, _)| *count >= LEAST_INCIDENTS).collect();
        often.sort_by_key(|(count, of)| (std::cmp::Reverse(*count), *of));
        often.truncate(SURGE_SECTORS);
        often.sort_by_key(|(_, of)| *of);
        let part = |(_, (kind, sector)): (u64, (Rsit, Sector))| {
            let homes = self.sectors.get(&(kind, sector))?;
            let column = |home: &Option<Country>| {
                let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
                for (at, count) in homes
                    .get(home)
                    .into_iter()
                    .flat_map(|hours| by_bins(bin, first, seen, hours))
                {
                    *counts.entry(at).or_default() += count;
                }
                let counts = counts.into_iter();
                counts
                    .filter_map(|(at, count)| Some((u32::try_from(at).ok()?, count)))
                    .collect()
            };
            let history = PartHistory {
                kind: types.iter().position(|of| *of == kind)?,
                columns: columns.iter().map(column).collect(),
            };
            Some((sector, history))
        };
        often.into_iter().filter_map(part).collect()
    }

    /// From the beginning until what is not complete yet; none if that is too little.
    fn seen(&self, bin: Bin, now: i64) -> Option<Seen> {
        let (_, late) = DELAYS.into_iter().find(|(of, _)| *of == bin)?;
        // Whole weeks: they begin on the same day as days and hours.
        let late = bin.begins(bin.of(now) - i64::try_from(late).ok()?);
        let to = Bin::Week.begins(Bin::Week.of(late)).div_euclid(3_600);
        let past_days = if bin == Bin::Hour {
            PAST_DAYS_BY_HOURS
        } else {
            PAST_DAYS
        };
        let oldest = (now / 86_400 - past_days) * 24;
        let mut all: BTreeMap<i64, u64> = BTreeMap::new();
        for (hour, count) in self
            .hours
            .values()
            .flat_map(|hours| hours.range(oldest..to.max(oldest)))
        {
            *all.entry(*hour).or_default() += u64::from(*count);
        }
        let total: u64 = all.values().sum();
        let mut before = 0;
        let begins = all.iter().find(|(_, count)| {
            before += **count;
            before * STRAY > total
        });
        let monday = Bin::Week.of(begins?.0 * 3_600) + 1; // the week that it begins in is seen in part
        let seen = Seen {
            from: Bin::Week.begins(monday) / 3_600,
            to,
        };
        (total >= LEAST_INCIDENTS && seen.days() >= LEAST_DAYS).then_some(seen)
    }
}

/// Hours since 1970.
struct Seen {
    from: i64,
    to: i64,
}

impl Seen {
    fn days(&self) -> i64 {
        (self.to - self.from) / 24
    }
}

/// For how many days a lesson from so many days is used.
fn valid_days(seen: i64) -> i64 {
    (seen / 4).clamp(VALID_DAYS.0, VALID_DAYS.1)
}
