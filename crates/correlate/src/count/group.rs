//! A key whose compartments, markings or rule need each judgement to look at every contribution.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_model::{Compartment, KeyField, Realm, Recipients, Rule, Timestamp};

use super::Judging;
use super::room::{Change, Room, RoomState};
use crate::finding::Finding;
use crate::key_text;
use crate::sighting::Sighting;
use crate::subject::Subject;

/// One key with all its compartments.
#[derive(Debug)]
pub(super) struct Group {
    realm: Realm,
    key: Arc<str>,
    pool: Room,
    overlays: BTreeMap<Recipients, Room>,
}

/// Which rooms of a key are judged, if their time has come.
pub(super) enum Rooms {
    All,
    Of(Option<Recipients>),
}

impl Rooms {
    fn include(&self, list: Option<&Recipients>) -> bool {
        match self {
            Self::All => true,
            Self::Of(one) => one.as_ref() == list,
        }
    }
}

impl Group {
    pub(super) fn new(realm: Realm, key: Arc<str>) -> Self {
        Self {
            realm,
            key,
            pool: Room::default(),
            overlays: BTreeMap::new(),
        }
    }

    /// Takes the place of a steady key that is steady no longer.
    pub(super) fn take_over(&mut self, pool: RoomState, found_alerts: bool) {
        self.pool = Room::restore(pool);
        if !found_alerts {
            self.pool.begins();
        }
    }

    pub(super) fn restore(
        realm: Realm,
        key: Arc<str>,
        pool: RoomState,
        overlays: Vec<(Recipients, RoomState)>,
    ) -> Self {
        let overlays = overlays.into_iter();
        Self {
            realm,
            key,
            pool: Room::restore(pool),
            overlays: overlays.map(|(list, room)| (list, Room::restore(room))).collect(),
        }
    }

    /// What a snapshot holds of its rooms.
    pub(super) fn state(&self) -> (RoomState, Vec<(Recipients, RoomState)>) {
        let overlays = self.overlays.iter();
        let overlays = overlays.map(|(list, room)| (Arc::clone(list), room.state()));
        (self.pool.state(), overlays.collect())
    }

    /// Takes a sighting; judges at once what must be, unless the log is being read again.
    pub(super) fn apply(
        &mut self,
        sighting: Sighting,
        judging: &Judging<'_>,
        replaying: bool,
        emit: &mut Vec<Finding>,
    ) {
        let list = sighting.compartment.recipients.clone();
        let change = self.room_mut(list.as_ref()).upsert(sighting.contribution);
        if change != Change::None {
            self.touch(list.as_ref(), &change, judging.watermark, judging.rule);
            if !replaying {
                let rooms = list.map_or(Rooms::All, |list| Rooms::Of(Some(list)));
                self.judge_due(&rooms, judging, emit);
            }
        }
    }

    /// Whether no overlay is left.
    pub(super) fn has_no_overlays(&self) -> bool {
        self.overlays.is_empty()
    }

    /// Each room with when it is scheduled to be judged, if it is.
    pub(super) fn unschedule(&mut self, mut each: impl FnMut(Option<&Recipients>, Timestamp)) {
        self.reschedule(|list, (was, _)| was.into_iter().for_each(|time| each(list, time)));
    }

    /// Each room with when it was scheduled to be judged, and when it now is.
    pub(super) fn reschedule(
        &mut self,
        mut each: impl FnMut(Option<&Recipients>, (Option<Timestamp>, Option<Timestamp>)),
    ) {
        each(None, self.pool.reschedule());
        for (list, room) in &mut self.overlays {
            each(Some(list), room.reschedule());
        }
    }

    fn rooms(&self) -> impl Iterator<Item = &Room> {
        std::iter::once(&self.pool).chain(self.overlays.values())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rooms().all(|room| room.contributions().is_empty())
    }

    fn room_mut(&mut self, list: Option<&Recipients>) -> &mut Room {
        match list {
            None => &mut self.pool,
            Some(list) => self.overlays.entry(Arc::clone(list)).or_default(),
        }
    }

    /// Notes that a room has changed, and, for the pool, every overlay, because they read it. Nothing flows from an overlay to the pool.
    fn touch(&mut self, list: Option<&Recipients>, change: &Change, watermark: Timestamp, rule: &Rule) {
        match list {
            Some(_) => {
                let pool = self.pool.contributions().len();
                self.room_mut(list).touch(change, watermark, rule, pool);
            }
            None => {
                self.pool.touch(change, watermark, rule, 0);
                let pool = self.pool.contributions().len();
                let overlays = self.overlays.values_mut();
                overlays.for_each(|overlay| overlay.touch(change, watermark, rule, pool));
            }
        }
    }

    pub(super) fn hurry(&mut self) {
        self.pool.hurry();
        self.overlays.values_mut().for_each(Room::hurry);
    }

    pub(super) fn answer_for_the_past(&mut self) {
        self.pool.answer_for_the_past();
        self.overlays.values_mut().for_each(Room::answer_for_the_past);
    }

    /// Judges those of the rooms whose time has come.
    pub(super) fn judge_due(&mut self, rooms: &Rooms, judging: &Judging<'_>, emit: &mut Vec<Finding>) {
        if rooms.include(None) && self.pool.is_due(judging.watermark) {
            let compartment = Compartment::pool(self.realm);
            let key = key_text::fields(judging.rule, &self.key);
            let subject = subject(judging, &compartment, &key);
            emit.extend(self.pool.judge(&subject, None, judging));
        }
        self.judge_overlays(rooms, judging, emit);
        self.overlays.values_mut().for_each(|room| room.let_go(Timestamp::END));
        self.overlays.retain(|_, room| !room.contributions().is_empty());
        let overlays_need = self.overlays.values().map(Room::kept_from).min();
        self.pool.let_go(overlays_need.unwrap_or(Timestamp::END));
    }

    fn judge_overlays(&mut self, rooms: &Rooms, judging: &Judging<'_>, emit: &mut Vec<Finding>) {
        if self.overlays.is_empty() {
            return;
        }
        let key = key_text::fields(judging.rule, &self.key);
        for (list, room) in &mut self.overlays {
            if rooms.include(Some(list)) && room.is_due(judging.watermark) {
                let compartment = Compartment {
                    realm: self.realm,
                    recipients: Some(Arc::clone(list)),
                };
                let subject = subject(judging, &compartment, &key);
                emit.extend(room.judge(&subject, Some(&self.pool), judging));
            }
        }
    }
}

/// What is judged.
pub(super) fn subject<'a>(
    judging: &'a Judging<'_>,
    compartment: &'a Compartment,
    key: &'a Arc<[KeyField]>,
) -> Subject<'a> {
    Subject {
        secret: judging.secret,
        rule: judging.rule,
        compartment,
        key_hash: judging.key_hash,
        key,
    }
}
