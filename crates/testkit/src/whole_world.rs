//! What looks at reports whole, on one case, in virtual time: campaigns, surges or cascades.

use std::sync::Arc;

use chappe_correlate::{Detectors, Intake, Overview, Sighting};
use chappe_model::{Alert, Policy, SurgeLessonPart};

use crate::case::{Case, Entry, PARTITIONS, secret};
use crate::deliveries::Deliveries;

/// What is looked for.
pub(crate) struct Sought<'a> {
    pub(crate) detectors: Detectors,
    /// Lessons, each with after how many marks of the first partition it stands there.
    pub(crate) lessons: &'a [(usize, Vec<SurgeLessonPart>)],
}

impl Sought<'_> {
    /// Goes on from a snapshot, or starts with nothing; whether a snapshot served.
    #[allow(clippy::expect_used, reason = "for tests only")]
    fn begin(&self, epoch: u64, snapshot: Option<&[u8]>) -> (Overview, bool) {
        let secret = secret();
        let restored = snapshot.and_then(|bytes| Overview::restore(&secret, &self.detectors, epoch, bytes).ok()?);
        let serves = restored.is_some();
        let fresh = || Overview::new(&secret, &self.detectors, epoch).expect("something is sought");
        (restored.unwrap_or_else(fresh), serves)
    }
}

/// Runs behind the log time and watermark that the product's intake gives. Where the deliveries crash, it comes back from its snapshot, or from
/// nothing, and reads the log again. Returns every revision that was told.
pub(crate) fn run_whole(case: &Case, sought: &Sought<'_>, deliveries: &Deliveries) -> Vec<Alert> {
    let mut told = vec![];
    let mut world = World::new(sought, sought.begin(1, None).0);
    world.overview.settle(&mut told);
    let mut done = 0;
    for (crash, epoch) in deliveries.crashes.iter().zip(2..) {
        let snapshot_at = crash.snapshot_after.unwrap_or(done);
        world.deliver(deliveries, done..snapshot_at, &mut told);
        let snapshot = crash.snapshot_after.and_then(|_| world.overview.snapshot().ok());
        let mut since = vec![];
        world.deliver(deliveries, snapshot_at..crash.after, &mut since);
        since.truncate(since.len() * crash.durable_percent / 100);
        told.append(&mut since);
        let (overview, serves) = sought.begin(epoch, snapshot.as_deref());
        let from = if serves { snapshot_at } else { 0 };
        world = World::new(sought, sought.begin(epoch, None).0);
        // What the intake knew at the snapshot stands in the same snapshot in the product.
        world.deliver(deliveries, 0..from, &mut vec![]);
        if serves {
            world.overview = overview;
        }
        told.iter().cloned().for_each(|alert| world.overview.recall(alert));
        world.deliver(deliveries, from..crash.after, &mut told);
        world.overview.settle(&mut told);
        done = crash.after;
    }
    world.deliver(deliveries, done..deliveries.turns.len(), &mut told);
    for partition in 0..PARTITIONS {
        world.take(usize::from(partition), &Entry::Mark(case.now), &mut told);
    }
    world.overview.flush(&mut told);
    told
}

struct World<'a> {
    sought: &'a Sought<'a>,
    intake: Intake,
    overview: Overview,
    sightings: Vec<Sighting>,
    /// Marks that were taken of the first partition.
    marks: usize,
}

impl<'a> World<'a> {
    #[allow(clippy::expect_used, reason = "for tests only")]
    fn new(sought: &'a Sought<'a>, overview: Overview) -> Self {
        let no_rules = Policy::new(1, vec![], 0, vec![], vec![]).expect("a sound policy");
        let mut world = Self {
            sought,
            intake: Intake::new(&secret(), &Arc::new(no_rules), PARTITIONS),
            overview,
            sightings: vec![],
            marks: 0,
        };
        world.learn();
        world
    }

    /// The lessons that stand after the marks taken so far.
    fn learn(&mut self) {
        let here = self.sought.lessons.iter().filter(|(marks, _)| *marks == self.marks);
        for part in here.flat_map(|(_, parts)| parts) {
            self.overview.learn(self.intake.time(0), part.clone());
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
                self.overview.take(at, accepted);
            }
            Entry::Mark(stamp) => {
                if let Some(watermark) = self.intake.mark(partition, *stamp) {
                    self.overview.advance(watermark, told);
                }
                if partition == 0 {
                    self.marks += 1;
                    self.learn();
                }
            }
        }
    }
}
