//! The two ways a window slides: one for contributions of the plainest kind, which are most, and one for all.

use chappe_model::{Rule, Timestamp};

use super::entries::Entries;
use super::native::Native;
use super::run::Run;
use super::scan::{Entry, Scan, Step};
use super::voices::Voices;

/// A window, as far as it has come.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every key is native, and its window stands beside its times"
)]
pub(super) enum Motion {
    Native(Native),
    Broad(Box<Scan>),
}

/// What the contributions to a key are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All of members that name their own country, and say now what they ever said.
    Native,
    /// All say now what they ever said.
    Constant,
    /// Some were corrected or withdrawn.
    Corrected,
}

impl Motion {
    /// Before the first entry.
    pub(super) fn new(rule: &Rule, kind: Kind) -> Self {
        match kind {
            Kind::Native => Self::Native(Native::new(rule)),
            Kind::Constant => Self::Broad(Box::new(Scan::new(rule, true))),
            Kind::Corrected => Self::Broad(Box::new(Scan::new(rule, false))),
        }
    }

    /// Whether it serves contributions of this kind.
    pub(super) fn serves(&self, kind: Kind) -> bool {
        match self {
            Self::Native(_) => kind == Kind::Native,
            Self::Broad(scan) => kind != Kind::Corrected || !scan.is_constant(),
        }
    }

    #[inline]
    pub(super) fn step(&mut self, entries: &Entries, entry: Entry, rule: &Rule, voices: &mut Voices) -> Step {
        match self {
            Self::Native(native) => native.step(entries, entry, rule, voices),
            Self::Broad(scan) => scan.step(entries, entry, rule, voices),
        }
    }

    /// How many entries it has seen.
    pub(super) fn seen(&self) -> usize {
        match self {
            Self::Native(native) => native.next,
            Self::Broad(scan) => scan.seen(),
        }
    }

    /// Log time of the last step.
    pub(super) fn time(&self, entries: &Entries) -> Option<Timestamp> {
        match self {
            Self::Native(native) => Some(native.time).filter(|_| native.next > 0),
            Self::Broad(scan) => scan.time(entries),
        }
    }

    /// The runs it has found, in order; the last may still go on.
    pub(super) fn runs(&self) -> &[Run] {
        match self {
            Self::Native(native) => &native.runs,
            Self::Broad(scan) => &scan.runs,
        }
    }

    pub(super) fn runs_mut(&mut self) -> &mut Vec<Run> {
        match self {
            Self::Native(native) => &mut native.runs,
            Self::Broad(scan) => &mut scan.runs,
        }
    }

    /// The first entries are taken away: nothing that comes can reach them.
    pub(super) fn forget(&mut self, gone: &[Entry], voices: &Voices) {
        match self {
            Self::Native(native) => native.forget(gone.len()),
            Self::Broad(scan) => scan.forget(gone, voices),
        }
    }

    /// A copy to come back to, which holds its voices itself.
    pub(super) fn checkpoint(&self, voices: &mut Voices) -> Self {
        self.runs().iter().for_each(|run| run.hold(voices));
        self.clone()
    }

    /// Lets go of runs that can no longer change, because their last fire lies before this.
    pub(super) fn settle(&mut self, before: Timestamp, voices: &mut Voices) {
        self.runs_mut().retain(|run| {
            let live = run.last_fire >= before;
            if !live {
                run.release(voices);
            }
            live
        });
    }

    /// Lets go of the voices it holds.
    pub(super) fn release(&mut self, voices: &mut Voices) {
        self.runs_mut().drain(..).for_each(|run| run.release(voices));
    }

    /// Reads what a step reads first.
    pub(super) fn glance(&self) -> u64 {
        match self {
            Self::Native(native) => native.glance(),
            Self::Broad(scan) => scan.seen() as u64,
        }
    }

    /// Reads what a step reads elsewhere.
    pub(super) fn glance_beyond(&self) -> u64 {
        match self {
            Self::Native(native) => native.glance_beyond(),
            Self::Broad(_) => 0,
        }
    }
}
