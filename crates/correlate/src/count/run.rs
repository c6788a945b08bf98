//! A run of fires, as far as it has come: what its alert will show, kept up with every fire.

use std::sync::Arc;

use chappe_model::limits::EU_MEMBERS;
use chappe_model::{CountrySet, Evidence, IncidentId, Pap, SetSum, Severity, Timestamp, Tlp};

use super::voice_set::VoiceSet;
use super::voices::{VoiceId, Voices};
use super::window::Window;

/// A maximal run of fires with gaps of at most one window. What each fire changes comes first: two cache lines.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Run {
    pub(super) last_fire: Timestamp,
    pub(super) fires: u32,
    /// All that was ever said.
    pub(super) ever: Facts,
    /// What is said now, where that is something else.
    pub(super) now: Option<Box<Facts>>,
    /// The lowest (time, incident) of the first fire.
    pub(super) anchor: (Timestamp, IncidentId),
    /// What its alert lists, once that stays as it is.
    pub(super) listed: Option<Arc<[Evidence]>>,
}

/// What the voices of a run say together.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Facts {
    /// At some fire enough members stood behind it.
    pub(super) eu: bool,
    /// At some fire the rule held.
    pub(super) stands: bool,
    severity: Severity,
    tlp: Tlp,
    pap: Pap,
    /// The highest measure at a fire where it held.
    pub(super) peak: u32,
    sectors: u32,
    pub(super) total: SetSum,
    /// Every voice of the run, once.
    pub(super) voices: VoiceSet,
    base: SetSum,
    pub(super) homes: CountrySet,
    pub(super) attested: CountrySet,
}

impl Facts {
    /// Those of a run whose first fire looks at this window.
    pub(super) fn new(base: SetSum) -> Self {
        Self {
            voices: VoiceSet::default(),
            attested: CountrySet::new(),
            homes: CountrySet::new(),
            sectors: 0,
            severity: Severity::Info,
            tlp: Tlp::Clear,
            pap: Pap::Clear,
            eu: false,
            stands: false,
            peak: 0,
            base,
            total: base,
        }
    }

    /// A voice joins, if it has not yet; whether it says anything that recipients are told at once.
    pub(super) fn join(&mut self, id: VoiceId, voices: &mut Voices) -> bool {
        if !self.voices.insert(id) {
            return false;
        }
        voices.hold_again(id);
        let Some(known) = voices.get(id) else { return false };
        let voice = &known.voice;
        let new_home = voice.home.filter(|home| !self.homes.contains(*home));
        if let Some(home) = new_home {
            self.homes.insert(home);
        }
        let said = (self.sectors, self.severity, self.tlp, self.pap);
        self.sectors |= known.sectors;
        self.severity = self.severity.max(voice.severity);
        self.tlp = self.tlp.join(voice.tlp);
        self.pap = self.pap.join(voice.pap);
        new_home.is_some() || said != (self.sectors, self.severity, self.tlp, self.pap)
    }

    /// A voice joins that names its own country and nothing else.
    pub(super) fn join_native(&mut self, id: VoiceId, voices: &mut Voices) -> bool {
        let news = self.join(id, voices);
        self.attested = self.homes;
        news
    }

    /// The window as it is at a fire.
    pub(super) fn fired(&mut self, window: &Window, holds: bool) -> bool {
        let (was_eu, stood) = (self.eu, self.stands);
        self.eu = was_eu || window.members() >= EU_MEMBERS;
        self.stands |= holds;
        if holds {
            self.peak = self.peak.max(window.measured());
        }
        self.total = window.came;
        self.eu != was_eu || self.stands != stood
    }

    /// The reports of the run.
    pub(super) fn reports(&self) -> SetSum {
        self.total.without(self.base)
    }
}

impl Run {
    /// Before its first fire, which these facts are of. `anchor` is the first contribution of the log time at which that comes.
    pub(super) fn new(anchor: (Timestamp, IncidentId), ever: Facts, now: Option<Box<Facts>>) -> Self {
        Self {
            anchor,
            last_fire: anchor.0,
            fires: 0,
            ever,
            now,
            listed: None,
        }
    }

    /// Whether a fire at this log time is of it.
    pub(super) fn reaches(&self, time: Timestamp, within_ms: u64) -> bool {
        time.as_millis() - self.last_fire.as_millis() <= within_ms
    }

    /// A contribution makes so many fire. Whether that moves the anchor: the alert has another id from then on, which cannot wait.
    pub(super) fn fire(&mut self, order: (Timestamp, IncidentId), fired: u32) -> bool {
        // Of one log time the lowest id is the first. Fires of later times leave the anchor where it is.
        let moves = self.anchor.0 == order.0 && order < self.anchor;
        if moves {
            self.anchor = order;
        }
        self.last_fire = order.0;
        self.fires = self.fires.saturating_add(fired);
        moves
    }

    pub(super) fn hold(&self, voices: &mut Voices) {
        self.voices().for_each(|id| voices.hold_again(id));
    }

    pub(super) fn release(&self, voices: &mut Voices) {
        self.voices().for_each(|id| voices.release(id));
    }

    fn voices(&self) -> impl Iterator<Item = VoiceId> {
        let now = self.now.iter().flat_map(|facts| facts.voices.iter());
        self.ever.voices.iter().chain(now)
    }
}
