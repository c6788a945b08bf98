//! Assess: findings into alert revisions. Gives each change the next revision, lets count-only changes wait, and points what was joined to
//! what carries it on.

mod room;

use std::collections::BTreeMap;

use chappe_model::{Alert, AlertId, AlertState, Compartment, KeyHash, Timestamp};

use crate::count::{COALESCE_MS, Retired};
use crate::finding::Finding;
use crate::parted_map::PartedMap;
use room::{Room, Told};

/// Gives out revisions. One instance per shard; a key's compartments are judged where the key is counted.
#[derive(Debug)]
pub struct Assess {
    epoch: u64,
    watermark: Timestamp,
    rooms: Rooms,
    /// Count-only changes that wait, by the log time at which they go out.
    waiting: BTreeMap<(Timestamp, AlertId), (KeyHash, Compartment)>,
}

/// Of each key the compartments in their order: nearly always one.
type Rooms = PartedMap<KeyHash, Vec<(Compartment, Room)>>;

impl Assess {
    /// Owns its keys under a fencing epoch, above every earlier owner's.
    #[must_use]
    pub fn new(epoch: u64) -> Self {
        Self {
            epoch,
            watermark: Timestamp::ZERO,
            rooms: Rooms::default(),
            waiting: BTreeMap::new(),
        }
    }

    /// Goes on under another epoch.
    pub fn own(&mut self, epoch: u64) {
        self.epoch = epoch;
    }

    /// Forgets everything, as [`Assess::new`]: another tells from here on, and what it tells is to be recalled.
    pub fn clear(&mut self) {
        self.rooms = Rooms::default();
        self.waiting.clear();
    }

    /// Forgets closed alerts of all but those that `hold`: nothing will ever be told of them, unless they were told no earlier than `read_to`, so
    /// that reports behind them may be to come.
    pub fn forget_closed(&mut self, read_to: Timestamp, hold: impl Fn(KeyHash, &Compartment) -> bool) {
        let keys: Vec<KeyHash> = self.rooms.keys().copied().collect();
        for key_hash in keys {
            let Some(rooms) = self.rooms.get_mut(&key_hash) else {
                continue;
            };
            rooms.retain(|(compartment, room)| {
                let stays = |told: &Told| told.alert.state == AlertState::Open || told.alert.revised_at >= read_to;
                room.iter().any(stays) || hold(key_hash, compartment)
            });
            if rooms.is_empty() {
                self.rooms.remove(&key_hash);
            }
        }
    }

    /// Learns what was told before, from the alerts log: revisions go on from there. Give them in log order, past the fence.
    pub fn recall(&mut self, alert: Alert) {
        let room = open_room(&mut self.rooms, alert.key_hash, &alert.compartment);
        let newer = room
            .get(alert.id)
            .is_none_or(|told| told.alert.revision < alert.revision);
        if newer {
            room.put(alert);
        }
    }

    /// Takes the newest finding on a key in a compartment; emits what must be told now.
    pub fn apply(&mut self, finding: Finding, emit: &mut Vec<Alert>) {
        let Finding {
            key_hash,
            compartment,
            judged_at,
            final_before,
            settled_before,
            alerts,
        } = finding;
        if alerts.is_empty() && room_mut(&mut self.rooms, key_hash, &compartment).is_none() {
            return;
        }
        let room = open_room(&mut self.rooms, key_hash, &compartment);
        let told = room.iter().map(|told| told.alert.id);
        let gone: Vec<AlertId> = told.filter(|id| !alerts.iter().any(|alert| alert.id == *id)).collect();
        for id in gone {
            let Some(told) = room.get_mut(id) else { continue };
            if let Some(heir) = heir(&told.alert, &alerts) {
                let mut last = Alert::clone(&told.alert);
                last.state = AlertState::Superseded(heir);
                tell(room, last, judged_at, self.epoch, emit);
            } else if told.newest().last_fire < final_before {
                if let Some((_, last)) = told.next.take() {
                    tell(room, *last, judged_at, self.epoch, emit);
                }
                room.remove(id); // final, and told so
            } else if told.alert.state == AlertState::Open {
                withdraw(room, id, judged_at, self.epoch, emit);
            }
        }
        for alert in alerts {
            match room.get_mut(alert.id) {
                Some(told) if alert.says_the_same_as(&told.alert) => told.next = None,
                Some(told)
                    if alert.last_fire >= settled_before
                        && !alert.differs_materially_from(&told.alert)
                        && judged_at < told.alert.revised_at.plus(COALESCE_MS) =>
                {
                    let when = told.alert.revised_at.plus(COALESCE_MS);
                    self.waiting.insert((when, alert.id), (key_hash, compartment.clone()));
                    told.next = Some((when, Box::new(alert)));
                }
                _ => tell(room, alert, judged_at, self.epoch, emit),
            }
        }
    }

    /// Log time has passed `watermark` in every partition. What has waited long enough by it is emitted by [`Assess::go_on`].
    pub fn pass(&mut self, watermark: Timestamp) {
        self.watermark = self.watermark.max(watermark);
    }

    /// Emits what has waited long enough, `budget` alerts at most. Whether more may be left.
    pub fn go_on(&mut self, budget: usize, emit: &mut Vec<Alert>) -> bool {
        let mut left = budget;
        self.release(self.watermark, &mut left, emit);
        left == 0
    }

    /// [`Assess::pass`], and all that follows from it.
    pub fn advance(&mut self, watermark: Timestamp, emit: &mut Vec<Alert>) {
        self.pass(watermark);
        while self.go_on(usize::MAX, emit) {}
    }

    /// Log time up to which nothing waits any more.
    #[must_use]
    pub fn reached(&self) -> Timestamp {
        let first = self.waiting.first_key_value().map(|((when, _), _)| *when);
        first.map_or(self.watermark, |when| self.watermark.min(when.minus(1)))
    }

    /// Forgets what nothing can change any more; what waits goes out first.
    pub fn forget(&mut self, retired: Retired, emit: &mut Vec<Alert>) {
        for mut room in self.take(retired.key_hash, |compartment| compartment.is_pool() == retired.pool) {
            let waiting = room.iter_mut().filter_map(|told| told.next.take());
            for (_, last) in waiting.collect::<Vec<_>>() {
                tell(&mut room, *last, self.watermark, self.epoch, emit);
            }
        }
    }

    /// [`Assess::forget`] where another tells, of whom one may have heard before the reports behind it: what was told no earlier than log time has
    /// passed here is of reports to come.
    pub fn forget_earlier(&mut self, retired: Retired) {
        let watermark = self.watermark;
        for (compartment, mut room) in
            self.take_rooms(retired.key_hash, |compartment| compartment.is_pool() == retired.pool)
        {
            room.retain(|told| told.alert.revised_at >= watermark);
            if !room.is_empty() {
                *open_room(&mut self.rooms, retired.key_hash, &compartment) = room;
            }
        }
    }

    /// Forgets all but those that `hold`. What was told as open of another is withdrawn: the rules have changed.
    pub fn keep(&mut self, hold: impl Fn(KeyHash, &Compartment) -> bool, emit: &mut Vec<Alert>) {
        let mut keys: Vec<KeyHash> = self.rooms.keys().copied().collect();
        keys.sort_unstable();
        for key_hash in keys {
            for mut room in self.take(key_hash, |compartment| !hold(key_hash, compartment)) {
                let open = room.iter().filter(|told| told.alert.state == AlertState::Open);
                for id in open.map(|told| told.alert.id).collect::<Vec<_>>() {
                    withdraw(&mut room, id, self.watermark, self.epoch, emit);
                }
            }
        }
    }

    /// Takes the rooms of a key in these compartments out.
    fn take(&mut self, key_hash: KeyHash, these: impl Fn(&Compartment) -> bool) -> Vec<Room> {
        let taken = self.take_rooms(key_hash, these).into_iter();
        taken.map(|(_, room)| room).collect()
    }

    fn take_rooms(&mut self, key_hash: KeyHash, these: impl Fn(&Compartment) -> bool) -> Vec<(Compartment, Room)> {
        let Some(rooms) = self.rooms.get_mut(&key_hash) else {
            return vec![];
        };
        let taken: Vec<_> = rooms.extract_if(.., |(compartment, _)| these(compartment)).collect();
        if rooms.is_empty() {
            self.rooms.remove(&key_hash);
        }
        taken
    }

    /// Emits everything that waits.
    pub fn flush(&mut self, emit: &mut Vec<Alert>) {
        self.release(Timestamp::END, &mut { usize::MAX }, emit);
    }

    fn release(&mut self, until: Timestamp, left: &mut usize, emit: &mut Vec<Alert>) {
        while *left > 0
            && let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= until)
        {
            *left -= 1;
            let ((when, id), (key_hash, compartment)) = entry.remove_entry();
            let Some(room) = room_mut(&mut self.rooms, key_hash, &compartment) else {
                continue;
            };
            let Some(told) = room.get_mut(id) else { continue };
            if let Some((_, next)) = told.next.take_if(|(due, _)| *due == when) {
                tell(room, *next, self.watermark, self.epoch, emit);
            }
        }
    }
}

fn room_mut<'a>(rooms: &'a mut Rooms, key_hash: KeyHash, compartment: &Compartment) -> Option<&'a mut Room> {
    let rooms = rooms.get_mut(&key_hash)?;
    let place = rooms.binary_search_by(|(known, _)| known.cmp(compartment)).ok()?;
    Some(&mut rooms[place].1)
}

/// The room, made if there is none.
fn open_room<'a>(rooms: &'a mut Rooms, key_hash: KeyHash, compartment: &Compartment) -> &'a mut Room {
    let rooms = rooms.get_or_insert_with(key_hash, Vec::new);
    let place = rooms.binary_search_by(|(known, _)| known.cmp(compartment));
    let place = place.unwrap_or_else(|place| {
        rooms.reserve_exact(1); // seldom another comes
        rooms.insert(place, (compartment.clone(), Room::default()));
        place
    });
    &mut rooms[place].1
}

fn tell(room: &mut Room, mut alert: Alert, at: Timestamp, epoch: u64, emit: &mut Vec<Alert>) {
    let before = room.get(alert.id);
    if before.is_some_and(|told| told.alert.state == alert.state && matches!(alert.state, AlertState::Superseded(_))) {
        return; // said so already
    }
    alert.revision = before.map_or(1, |told| told.alert.revision.saturating_add(1));
    alert.revised_at = before
        .map_or(at, |told| at.max(told.alert.revised_at))
        .max(alert.last_fire);
    alert.epoch = epoch;
    room.put(alert.clone());
    emit.push(alert);
}

/// An alert that was told as open and that the rules in force do not know: only a change of the rules brings that about.
fn withdraw(room: &mut Room, id: AlertId, at: Timestamp, epoch: u64, emit: &mut Vec<Alert>) {
    if let Some(told) = room.get(id) {
        let mut last = Alert::clone(&told.alert);
        last.state = AlertState::Retracted;
        tell(room, last, at, epoch, emit);
    }
}

/// The alert that carries on a vanished one: it begins no later and reaches to where the other began. There is exactly one, because what
/// was ever said only grows.
fn heir(vanished: &Alert, alerts: &[Alert]) -> Option<AlertId> {
    alerts
        .iter()
        .find(|alert| alert.anchor <= vanished.anchor && vanished.anchor.0 <= alert.last_fire)
        .map(|alert| alert.id)
}
