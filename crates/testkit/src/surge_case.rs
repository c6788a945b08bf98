use std::collections::BTreeSet;

use chappe_model::{
    Accepted, Country, Incident, Marking, Pap, ReportKey, Rsit, Secret, Sector, Severity, SurgeLessonPart,
    SurgeNumbers, SurgeSector, Timestamp, Tlp, Use,
};
use chappe_surge::{Baseline, BaselineParts, Bin, Calendar, CountLaw};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::case::{Case, Entry, MEMBERS, PARTITIONS, member, secret};
use crate::oracle::record;
use crate::rules::policy;

const HOUR_MS: u64 = 3_600_000;
const TYPES: [&str; 2] = ["fraud/phishing", "availability/ddos"];
const SECTORS: [&str; 3] = ["energy", "food", "health"];
/// Half of a bin's reports are known at its end, and all of them two bins later.
const KNOWN: [f64; 3] = [0.5, 0.8, 1.0];
/// Coefficients of a baseline by hours.
const COEFFICIENTS: usize = 13;

/// A history in which counts surge, and what was learned of them.
#[derive(Clone, Debug)]
pub struct SurgeCase {
    /// The history.
    pub case: Case,
    /// Lessons, each with after how many marks of the first partition it stands there.
    pub lessons: Vec<(usize, Vec<SurgeLessonPart>)>,
}

/// The case of a seed: a few days by hours.
#[must_use]
pub fn surge_case(seed: u64) -> SurgeCase {
    let mut rng = Rng::with_seed(seed ^ 0x50_4e);
    let begins = 480_000 * HOUR_MS + rng.u64(0..3 * HOUR_MS);
    let mut clock = begins;
    let mut partitions = vec![vec![Entry::Mark(Timestamp::from_millis(begins))]; usize::from(PARTITIONS)];
    let mut said = BTreeSet::new();
    let (mut keys, mut burst, mut focus, mut apart) = (0, 0, None, false);
    for _ in 0..rng.usize(30..130) {
        if burst == 0 {
            clock += [0, 1_000, HOUR_MS / 4, HOUR_MS, 2 * HOUR_MS, 5 * HOUR_MS][rng.usize(0..6)];
            if rng.u8(0..4) == 0 {
                clock = clock.next_multiple_of(HOUR_MS); // as a bin ends
            }
            burst = [0, 0, 0, 6, 14, 25][rng.usize(0..6)];
            focus = rng.bool().then(|| rng.usize(0..MEMBERS.len()));
            burst *= if focus.is_none() { 2 } else { 1 }; // in all countries it takes more
            apart = focus.is_none() && rng.bool();
        } else {
            burst -= 1;
            clock += rng.u64(0..240_000);
        }
        keys += u32::from(rng.u8(0..5) > 0);
        let accepted = report(
            &mut rng,
            Timestamp::from_millis(clock),
            keys,
            focus.filter(|_| burst > 0),
            apart && burst > 0,
        );
        let partition = usize::from(Secret::partition(accepted.id, PARTITIONS));
        if said.insert((accepted.id, accepted.incident.revision)) {
            let stamp = Timestamp::from_millis(clock - rng.u64(0..3) * rng.u64(0..2_000));
            partitions[partition].push(Entry::Report(stamp, Box::new(accepted)));
        }
        if rng.u8(0..3) == 0 {
            let mark = Entry::Mark(Timestamp::from_millis(clock));
            partitions.iter_mut().for_each(|partition| partition.push(mark.clone()));
        }
    }
    let marks = partitions[0]
        .iter()
        .filter(|entry| matches!(entry, Entry::Mark(_)))
        .count();
    let mut lessons = vec![(1, lesson(&mut rng, 1))];
    if rng.bool() {
        lessons.push((rng.usize(1..=marks), lesson(&mut rng, 2)));
    }
    SurgeCase {
        lessons,
        case: Case {
            seed,
            policy: policy(seed),
            now: Timestamp::from_millis(clock + [0, 1, HOUR_MS, 40 * HOUR_MS][rng.usize(0..4)]),
            partitions,
        },
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn report(rng: &mut Rng, stamp: Timestamp, keys: u32, focus: Option<usize>, apart: bool) -> Accepted {
    let any = rng.usize(0..MEMBERS.len());
    let (reporter, home) = if rng.u8(0..12) == 0 {
        ("europol", None)
    } else {
        let (reporter, home) = MEMBERS[focus.unwrap_or(any)];
        (reporter, Some(Country::parse(home).expect("a country")))
    };
    // Each country may be hit in a sector of its own.
    let sectors = if apart {
        BTreeSet::from([SECTORS[any % SECTORS.len()].parse().expect("a sector")])
    } else {
        sectors(rng)
    };
    let revises = rng.u8(0..5) == 0;
    let key = if revises { rng.u32(0..=keys) } else { keys };
    let usage = match rng.u8(0..24) {
        0 => Use::MatchOnly,
        1 => Use::NamedRecipientsOnly,
        _ => Use::Share,
    };
    let recipients = (usage == Use::NamedRecipientsOnly).then(|| member("europol"));
    let tlp = [Tlp::Clear, Tlp::Green, Tlp::Amber][rng.usize(0..3)];
    let marking = Marking::new(
        tlp,
        Pap::ALL[rng.usize(0..4)],
        Some(usage),
        recipients.into_iter().collect(),
    );
    let reporter = member(reporter);
    let report_key = ReportKey::parse(&format!("{reporter}-{key}")).expect("a sound key");
    let mut before = || {
        let ms = [None, None, Some(0), Some(HOUR_MS / 2), Some(HOUR_MS), Some(4 * HOUR_MS)][rng.usize(0..6)];
        ms.map(|ms| stamp.minus(ms))
    };
    let (occurred_from, detected_at) = (before(), before());
    let countries = ["AT", "DE", "IT"];
    Accepted {
        id: secret().incident_id(&reporter, &report_key),
        reporter,
        home,
        unmarked: false,
        reported_at: stamp,
        incident: Incident {
            report_key,
            revision: if revises { rng.u32(0..4) } else { 0 },
            retracted: revises && rng.u8(0..3) == 0,
            incident_type: TYPES[usize::from(rng.u8(0..4) == 0)].parse().expect("a type"),
            severity: [Severity::Low, Severity::High][rng.usize(0..2)],
            marking: marking.expect("a sound marking"),
            occurred_from,
            occurred_to: None,
            detected_at,
            countries: BTreeSet::from([Country::parse(countries[rng.usize(0..3)]).expect("a country")]),
            sectors,
            indicators: BTreeSet::new(),
            title: String::new(),
            summary: String::new(),
            exercise: key % 17 == 3,
            backfill: rng.u8(0..20) == 0,
            particulars: Default::default(),
        },
    }
}

#[allow(clippy::expect_used, reason = "for tests only")]
fn lesson(rng: &mut Rng, number: u32) -> Vec<SurgeLessonPart> {
    let homes = MEMBERS
        .iter()
        .take(rng.usize(4..=6))
        .map(|(_, home)| Country::parse(home).ok());
    let mut columns: Vec<Option<Country>> = homes.chain([None]).collect();
    columns.rotate_right(1);
    let types: Vec<Rsit> = TYPES
        .iter()
        .take(rng.usize(1..=2))
        .map(|of| of.parse().expect("a type"))
        .collect();
    let threshold_milli = rng.u32(4_000..9_000);
    let parts = types.len();
    let sectors = |rng: &mut Rng| {
        let watched = SECTORS.into_iter().filter(|_| rng.bool()).collect::<Vec<_>>();
        let sector = |sector: &str| SurgeSector {
            sector: sector.parse().expect("a sector"),
            shares: columns.iter().map(|_| [0.02, 0.1, 0.4][rng.usize(0..3)]).collect(),
            whole: Some(numbers(rng, 0.3)),
        };
        watched.into_iter().map(sector).collect()
    };
    (0..parts)
        .map(|part| SurgeLessonPart {
            number,
            nonce: 9,
            bin_seconds: 3_600,
            false_alarms_per_year: 12,
            threshold_milli,
            known: KNOWN.to_vec(),
            cells: columns.iter().map(|_| numbers(rng, 0.4)).collect(),
            whole: Some(numbers(rng, 1.5)),
            sectors: sectors(rng),
            columns: columns.clone(),
            types: types.clone(),
            part,
        })
        .collect()
}

/// None to two.
#[allow(clippy::expect_used, reason = "for tests only")]
fn sectors(rng: &mut Rng) -> BTreeSet<Sector> {
    // The first more often, so that one surges.
    let some = (0..rng.usize(0..3)).map(|_| SECTORS[[0, 0, 0, 1, 2][rng.usize(0..5)]]);
    some.map(|sector| sector.parse().expect("a sector")).collect()
}

/// A baseline of about so many an hour.
fn numbers(rng: &mut Rng, an_hour: f64) -> SurgeNumbers {
    let mut coefficients = vec![0.0; COEFFICIENTS];
    coefficients[0] = (24.0 * an_hour * (0.3 + rng.f64())).ln();
    coefficients[2] = rng.f64() - 0.5;
    let information =
        (0..COEFFICIENTS).flat_map(|row| (0..=row).map(move |column| if row == column { 8.0 } else { 0.0 }));
    SurgeNumbers {
        origin: 20_000,
        coefficients,
        information: information.collect(),
        profile: vec![1.0 / 24.0; 48],
        dispersion: [1.0, 1.3, 2.5][rng.usize(0..3)],
    }
}

impl SurgeCase {
    /// What the oracle is asked.
    ///
    /// # Panics
    /// Not for the cases made here.
    #[must_use]
    pub fn question(&self) -> Value {
        let records: Vec<Value> = (self.case.reports().iter())
            .map(|(time, accepted)| {
                let mut record = record(*time, accepted);
                record["occurred_from"] = json!(accepted.incident.occurred_from.map(Timestamp::as_millis));
                record["detected_at"] = json!(accepted.incident.detected_at.map(Timestamp::as_millis));
                record
            })
            .collect();
        let learned = self.lessons.iter().map(|(marks, parts)| self.learned(*marks, parts));
        let learned: Vec<Value> = learned.collect();
        json!({ "bin_ms": HOUR_MS, "now": self.case.now.as_millis(), "records": records, "learned": learned })
    }

    /// The log time at which a lesson stands in the first partition.
    fn stands_at(&self, marks: usize) -> Timestamp {
        let (mut seen, mut time) = (0, Timestamp::ZERO);
        for entry in &self.case.partitions[0] {
            if seen == marks {
                break;
            }
            match entry {
                Entry::Report(stamp, _) => time = time.max(*stamp),
                Entry::Mark(stamp) => {
                    time = time.max(*stamp);
                    seen += 1;
                }
            }
        }
        time
    }

    #[allow(clippy::expect_used, reason = "for tests only")]
    fn learned(&self, marks: usize, parts: &[SurgeLessonPart]) -> Value {
        let at = self.stands_at(marks).as_millis();
        let first = 480_000;
        let last = self.case.now.as_millis() / HOUR_MS + 1;
        let calendar = Calendar::new(Bin::Hour, []);
        let law = |numbers: &SurgeNumbers, bin: u64| {
            let parts = BaselineParts {
                origin: numbers.origin,
                coefficients: numbers.coefficients.clone(),
                information: numbers.information.clone(),
                profile: numbers.profile.clone(),
                dispersion: numbers.dispersion,
            };
            let baseline = Baseline::of_parts(&calendar, &parts).expect("a sound baseline");
            let law: CountLaw = baseline.law(i64::try_from(bin).expect("an hour"));
            json!([law.mean(), law.dispersion()])
        };
        let laws: serde_json::Map<String, Value> = (first..=last)
            .map(|bin| {
                let cells = parts
                    .iter()
                    .map(|part| part.cells.iter().map(|cell| law(cell, bin)).collect());
                let wholes = parts
                    .iter()
                    .map(|part| part.whole.as_ref().map(|whole| law(whole, bin)));
                let of_sectors = parts.iter().flat_map(|part| &part.sectors);
                let of_sectors = of_sectors.map(|of| of.whole.as_ref().map(|whole| law(whole, bin)));
                let laws = json!({
                    "cells": cells.collect::<Vec<Vec<Value>>>(), "wholes": wholes.collect::<Vec<_>>(),
                    "parts": of_sectors.collect::<Vec<_>>(),
                });
                (bin.to_string(), laws)
            })
            .collect();
        let columns = parts[0]
            .columns
            .iter()
            .map(|column| column.map_or(String::new(), |c| c.as_str().to_owned()));
        let of_sector = |(kind, of): (Rsit, &SurgeSector)| json!({ "type": kind.as_str(), "sector": of.sector.as_str(), "shares": of.shares });
        let watched = parts.iter().flat_map(|part| {
            let kind = part.types[part.part];
            part.sectors.iter().map(move |of| of_sector((kind, of)))
        });
        json!({
            "parts": watched.collect::<Vec<_>>(), "at": at, "number": parts[0].number, "threshold": f64::from(parts[0].threshold_milli) / 1_000.0, "known": KNOWN,
            "types": parts[0].types.iter().map(|of| of.as_str()).collect::<Vec<_>>(), "columns": columns.collect::<Vec<_>>(), "laws": laws,
        })
    }
}
