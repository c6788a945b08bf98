//! State by key, in each of the maps.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::super::rows::COUNTRIES;

/// Counts by key.
pub(super) trait Keep {
    /// A row of `country` at `time`; how many countries were last seen after `since`.
    fn countries(&mut self, key: u128, time: u64, country: u8, since: u64) -> u32;
    /// A row at `time`; how many rows stand after `since`.
    fn rows(&mut self, key: u128, time: u64, since: u64) -> u64;
}

/// Keys are well spread already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Low(u64);

impl Hasher for Low {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = (key >> 32) as u64;
    }
}

type Spread = BuildHasherDefault<Low>;
type Seen = [u64; COUNTRIES.len()];

fn see(seen: &mut Seen, time: u64, country: u8, since: u64) -> u32 {
    seen[usize::from(country)] = time;
    seen.iter().map(|last| u32::from(*last > since)).sum()
}

fn stand(times: &mut VecDeque<u64>, time: u64, since: u64) -> u64 {
    times.push_back(time);
    while times.pop_front_if(|then| *then <= since).is_some() {}
    times.len() as u64
}

/// The standard library's table, which is hashbrown's.
#[derive(Default)]
pub(super) struct Owned {
    seen: HashMap<u128, Seen, Spread>,
    times: HashMap<u128, VecDeque<u64>, Spread>,
}

impl Keep for Owned {
    fn countries(&mut self, key: u128, time: u64, country: u8, since: u64) -> u32 {
        let seen = self.seen.entry(key).or_insert([0; COUNTRIES.len()]);
        see(seen, time, country, since)
    }

    fn rows(&mut self, key: u128, time: u64, since: u64) -> u64 {
        stand(self.times.entry(key).or_default(), time, since)
    }
}

/// Shards of tables, each behind a lock of its own.
#[derive(Default)]
pub(super) struct Dash {
    seen: dashmap::DashMap<u128, Seen, Spread>,
    times: dashmap::DashMap<u128, VecDeque<u64>, Spread>,
}

impl Keep for &Dash {
    fn countries(&mut self, key: u128, time: u64, country: u8, since: u64) -> u32 {
        let mut seen = self.seen.entry(key).or_insert([0; COUNTRIES.len()]);
        see(&mut seen, time, country, since)
    }

    fn rows(&mut self, key: u128, time: u64, since: u64) -> u64 {
        stand(&mut self.times.entry(key).or_default(), time, since)
    }
}

/// No locks in the map. Its values are shared, so what is last seen is atomic, and the rows of an hour, whose number no atomic holds, stand
/// behind a lock by key.
#[derive(Default)]
pub(super) struct Papaya {
    seen: papaya::HashMap<u128, [AtomicU64; COUNTRIES.len()], Spread>,
    times: papaya::HashMap<u128, Mutex<VecDeque<u64>>, Spread>,
}

impl Keep for &Papaya {
    fn countries(&mut self, key: u128, time: u64, country: u8, since: u64) -> u32 {
        let map = self.seen.pin();
        let seen = map.get_or_insert_with(key, || std::array::from_fn(|_| AtomicU64::new(0)));
        seen[usize::from(country)].fetch_max(time, Ordering::Relaxed);
        let last = seen.iter().map(|last| last.load(Ordering::Relaxed));
        last.map(|last| u32::from(last > since)).sum()
    }

    fn rows(&mut self, key: u128, time: u64, since: u64) -> u64 {
        let map = self.times.pin();
        let times = map.get_or_insert_with(key, Mutex::default);
        stand(&mut times.lock().unwrap_or_else(PoisonError::into_inner), time, since)
    }
}
