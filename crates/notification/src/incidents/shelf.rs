//! The incidents of one member.

use std::ops::RangeInclusive;

use chappe_eventlog::Position;
use chappe_model::{Accepted, Secret};
use chappe_postings::{Due, Keyer, Merge, Merged, Place, Postings, Probe, Runs};

use super::outline::{Outline, Sketch, Standing, Sum};

/// Ids of one look at the postings.
const STRIDE_FOUND: usize = 256;
/// Incidents of one look where no value is asked for.
const STRIDE_ALL: usize = 8_192;

/// A member's own incidents. Nothing that another member reports has a part in it, so neither answers nor what they cost tell of others.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    outlines: Runs<Outline>,
    /// The entry of an incident is the first half of its id.
    postings: Postings,
}

/// What a record adds to its reporter's shelf.
pub(crate) struct Taken {
    outline: Outline,
    places: Vec<Place>,
}

impl Taken {
    pub(crate) fn of(position: Position, accepted: &Accepted, secret: &Secret) -> Self {
        let (mut keyer, mut places) = (Keyer::new(secret), Vec::new());
        for indicator in &accepted.incident.indicators {
            keyer.places(indicator.kind(), indicator.value(), |place| places.push(place));
        }
        Self {
            outline: Outline::of(position, accepted),
            places,
        }
    }
}

/// What is asked of a shelf.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Any of these; where there are none, every incident.
    pub(crate) probes: Option<Vec<Probe>>,
    /// This incident only.
    pub(crate) only: Option<u128>,
    pub(crate) sketch: Sketch,
}

/// One look.
#[derive(Debug, Default)]
pub(crate) struct Stride {
    /// What may be wanted, by id.
    pub(crate) found: Vec<Standing>,
    /// How many incidents were looked at.
    pub(crate) looked_at: usize,
    /// Every id up to this was looked at; none where that was all.
    pub(crate) seen_to: Option<u128>,
}

/// What it is time to merge.
pub(crate) enum DueOf {
    Outlines(Merge<Outline>),
    Postings(Due),
}

/// What was merged.
pub(crate) enum MergedOf {
    Outlines(Merge<Outline>, Vec<Outline>),
    Postings(Merged),
}

impl DueOf {
    /// It takes long, and no lock.
    pub(crate) fn merged(self) -> MergedOf {
        match self {
            Self::Outlines(merge) => {
                let run = merge.run();
                MergedOf::Outlines(merge, run)
            }
            Self::Postings(due) => MergedOf::Postings(due.merged()),
        }
    }
}

impl Shelf {
    pub(crate) fn take(&mut self, taken: Taken) {
        let entry = entry_of(taken.outline.id());
        self.outlines.push(taken.outline);
        taken
            .places
            .into_iter()
            .for_each(|place| self.postings.post(place, entry));
    }

    pub(crate) fn due(&self) -> Option<DueOf> {
        let outlines = self.outlines.due().map(DueOf::Outlines);
        outlines.or_else(|| self.postings.due().map(DueOf::Postings))
    }

    pub(crate) fn install(&mut self, merged: MergedOf) {
        match merged {
            MergedOf::Outlines(merge, run) => self.outlines.install(&merge, run),
            MergedOf::Postings(merged) => self.postings.install(merged),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.outlines.bytes() + self.postings.bytes()
    }

    /// What may be wanted among the next incidents behind an id.
    pub(crate) fn stride(&self, wanted: &Wanted, after: Option<u128>) -> Stride {
        let Some(from) = after.map_or(Some(0), |after| after.checked_add(1)) else {
            return Stride::default();
        };
        let mut stride = Stride::default();
        let looked_up = |probes: &Vec<Probe>| self.postings.entries(probes, entry_of(from), STRIDE_FOUND);
        match (wanted.probes.as_ref().and_then(looked_up), wanted.only) {
            (_, Some(only)) if only < from => {}
            (_, Some(only)) => {
                self.look(wanted, only..=only, usize::MAX, &mut stride);
            }
            (Some(entries), None) => self.look_at(wanted, &entries, from, &mut stride),
            (None, None) => stride.seen_to = self.look(wanted, from..=u128::MAX, STRIDE_ALL, &mut stride),
        }
        stride
    }

    fn look_at(&self, wanted: &Wanted, entries: &[u64], from: u128, stride: &mut Stride) {
        for entry in entries {
            let first = u128::from(*entry) << 64;
            let last = first | u128::from(u64::MAX);
            self.look(wanted, first.max(from)..=last, usize::MAX, stride);
        }
        if entries.len() >= STRIDE_FOUND {
            stride.seen_to = entries
                .last()
                .map(|entry| u128::from(*entry) << 64 | u128::from(u64::MAX));
        }
    }

    /// Looks at the incidents of these ids, as long as fewer than `at_most` were looked at in this stride; says where that ended, unless it was at the last.
    fn look(&self, wanted: &Wanted, ids: RangeInclusive<u128>, at_most: usize, stride: &mut Stride) -> Option<u128> {
        let mut held: Option<Sum> = None;
        let revisions = (*ids.start(), 0, false)..=(*ids.end(), u32::MAX, true);
        for outline in self.outlines.walk(&revisions) {
            held = match held {
                Some(sum) if sum.id() == outline.id() => Some(sum.with(outline)),
                Some(sum) => {
                    note(wanted, &sum, stride);
                    if stride.looked_at >= at_most {
                        return Some(sum.id());
                    }
                    Some(Sum::of(outline))
                }
                None => Some(Sum::of(outline)),
            };
        }
        held.iter().for_each(|sum| note(wanted, sum, stride));
        None
    }
}

fn note(wanted: &Wanted, sum: &Sum, stride: &mut Stride) {
    stride.looked_at += 1;
    let standing = sum.standing();
    stride
        .found
        .extend(standing.filter(|standing| wanted.sketch.lets_through(&standing.newest)));
}

fn entry_of(id: u128) -> u64 {
    (id >> 64) as u64
}
