use std::sync::Arc;

use chappe_correlate::{Intake, Sighting, SurgeShard};
use chappe_model::{Alert, Audience, Policy};
use serde_json::{Value, json};

use crate::case::{Entry, PARTITIONS, secret};
use crate::compare::live;
use crate::deliveries::Deliveries;
use crate::surge_case::SurgeCase;

/// Surges on one case, in virtual time, behind the log time and watermark that the product's intake gives it. Where the deliveries crash, it
/// comes back from its snapshot, or from nothing, and reads the log again. Returns every revision that was told.
#[must_use]
pub fn run_surges(case: &SurgeCase, deliveries: &Deliveries) -> Vec<Alert> {
    let mut told = vec![];
    let mut world = World::new(case, 1);
    world.surges.settle(&mut told);
    let mut done = 0;
    for (crash, epoch) in deliveries.crashes.iter().zip(2..) {
        let snapshot_at = crash.snapshot_after.unwrap_or(done);
        world.deliver(deliveries, done..snapshot_at, &mut told);
        let snapshot = crash.snapshot_after.and_then(|_| world.surges.snapshot().ok());
        let mut since = vec![];
        world.deliver(deliveries, snapshot_at..crash.after, &mut since);
        since.truncate(since.len() * crash.durable_percent / 100);
        told.append(&mut since);
        let restored = snapshot.and_then(|bytes| SurgeShard::restore(secret(), epoch, &bytes).ok());
        let from = if restored.is_some() { snapshot_at } else { 0 };
        world = World::new(case, epoch);
        // What the intake knew at the snapshot stands in the same snapshot in the product.
        world.deliver(deliveries, 0..from, &mut vec![]);
        world.surges = restored.unwrap_or_else(|| World::new(case, epoch).surges);
        told.iter().cloned().for_each(|alert| world.surges.recall(alert));
        world.deliver(deliveries, from..crash.after, &mut told);
        world.surges.settle(&mut told);
        done = crash.after;
    }
    world.deliver(deliveries, done..deliveries.turns.len(), &mut told);
    for partition in 0..PARTITIONS {
        world.take(usize::from(partition), &Entry::Mark(case.case.now), &mut told);
    }
    world.surges.flush(&mut told);
    told
}

struct World<'a> {
    case: &'a SurgeCase,
    intake: Intake,
    surges: SurgeShard,
    sightings: Vec<Sighting>,
    /// Marks that were taken of the first partition.
    marks: usize,
}

impl<'a> World<'a> {
    #[allow(clippy::expect_used, reason = "for tests only")]
    fn new(case: &'a SurgeCase, epoch: u64) -> Self {
        let no_rules = Policy::new(1, vec![], 0, vec![], vec![]).expect("a sound policy");
        let mut world = Self {
            case,
            intake: Intake::new(&secret(), &Arc::new(no_rules), PARTITIONS),
            surges: SurgeShard::new(secret(), epoch),
            sightings: vec![],
            marks: 0,
        };
        world.learn();
        world
    }

    /// The lessons that stand after the marks taken so far.
    fn learn(&mut self) {
        for (_, parts) in self.case.lessons.iter().filter(|(marks, _)| *marks == self.marks) {
            for part in parts {
                self.surges.learn(self.intake.time(0), part.clone());
            }
        }
    }

    fn deliver(&mut self, deliveries: &Deliveries, turns: std::ops::Range<usize>, told: &mut Vec<Alert>) {
        for turn in turns {
            let partition = deliveries.turns[turn];
            let position = deliveries.turns[..turn].iter().filter(|p| **p == partition).count();
            self.take(partition, &deliveries.partitions[partition][position], told);
        }
    }

    fn take(&mut self, partition: usize, entry: &Entry, told: &mut Vec<Alert>) {
        let partition = u16::try_from(partition).unwrap_or(0);
        match entry {
            Entry::Report(stamp, accepted) => {
                let at = self.intake.record(partition, *stamp, accepted, &mut self.sightings);
                self.surges.take(at, accepted);
            }
            Entry::Mark(stamp) => {
                if let Some(watermark) = self.intake.mark(partition, *stamp) {
                    self.surges.advance(watermark, told);
                }
                if partition == 0 {
                    self.marks += 1;
                    self.learn();
                }
            }
        }
    }
}

/// What stands in an alerts log of surges, in the oracle's form and order.
#[must_use]
pub fn surges_told(told: &[Alert]) -> Vec<Value> {
    let mut found: Vec<Value> = live(told).iter().map(form).collect();
    found.sort_by_key(|alert| alert["anchor"].to_string() + &alert["key"].to_string());
    found
}

fn form(alert: &Alert) -> Value {
    let codes = |set: &chappe_model::CountrySet| set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let audience = match &alert.audience {
        Audience::Countries(countries) => json!(codes(countries)),
        Audience::Eu => json!("eu"),
        Audience::Recipients | Audience::Reporter(_) => json!("of no surge"),
    };
    let surge = alert.surge.clone().unwrap_or_default();
    let bin = |bin: &chappe_model::SurgeBin| json!([bin.begins.as_millis(), bin.reports, bin.expected_milli]);
    let mut sectors: Vec<_> = alert.sectors.iter().map(|s| s.as_str()).collect();
    sectors.sort_unstable();
    json!({
        "key": alert.key.iter().map(|k| k.value.to_string()).collect::<Vec<_>>(), "state": alert.state.as_str(), "audience": audience,
        "anchor": [alert.anchor.0.as_millis(), alert.anchor.1.to_string()], "reports": alert.counts.reports, "members": alert.counts.members,
        "digest": chappe_model::hex(&alert.digest), "countries": codes(&alert.countries), "severity": alert.severity.as_str(),
        "tlp": alert.tlp.as_str(), "pap": alert.pap.as_str(), "sectors": sectors, "first_seen": alert.first_seen.as_millis(),
        "last_seen": alert.last_seen.as_millis(), "last_fire": alert.last_fire.as_millis(), "fires": alert.fires,
        "score": surge.score_milli, "threshold": surge.threshold_milli, "learned": surge.lesson,
        "bins": surge.bins.iter().map(bin).collect::<Vec<_>>(),
    })
}
