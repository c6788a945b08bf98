//! Colluding members that try to raise, weld and hide.

use std::collections::BTreeSet;

use super::draw::{COUNTRIES, Draw};
use super::{Labelled, Landscape};

/// What colluding members do to a landscape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attack {
    /// Members that collude: the last so many.
    pub colluders: usize,
    /// Reports of each that only repeat values others reported, as often as this times what an honest member sends.
    pub flood_times: usize,
    /// Reports of each that tie campaigns together. All colluders tie the same ones.
    pub hubs: usize,
    /// Campaigns that each of these ties together.
    pub tied: usize,
}

/// A landscape without hubs of its own, and the same one with the attack. Both hold the same honest reports.
#[must_use]
pub fn poisoned(landscape: &Landscape, attack: &Attack, seed: u64) -> (Labelled, Labelled) {
    let honest = Landscape { hubs: 0, ..*landscape };
    let clean = honest.generate(seed);
    let mut draw = Draw::new(honest, seed);
    draw.draw();
    let each = attack.flood_times * landscape.incidents / COUNTRIES.len();
    for colluder in COUNTRIES.len() - attack.colluders.min(COUNTRIES.len())..COUNTRIES.len() {
        for _ in 0..each {
            draw.hub(colluder, 1);
        }
    }
    for _ in 0..attack.hubs {
        draw.hubs_together(attack);
    }
    (clean, draw.finish())
}

impl Draw {
    /// Each colluder reports the same values, of campaigns that were seen shortly before.
    fn hubs_together(&mut self, attack: &Attack) {
        if self.seen.is_empty() {
            return;
        }
        let first = self.rng.usize(0..self.seen.len());
        let time = self.seen[first].time + super::HOUR_MS;
        let (mut tied, mut values) = (BTreeSet::new(), vec![]);
        for seen in &self.seen {
            let recent = seen.time < time && seen.time + 5 * super::DAY_MS > time;
            if recent && (tied.contains(&seen.campaign) || tied.len() < attack.tied) {
                tied.insert(seen.campaign);
                values.extend(seen.values.iter().cloned());
            }
        }
        for colluder in COUNTRIES.len() - attack.colluders.min(COUNTRIES.len())..COUNTRIES.len() {
            self.report(time, colluder, values.clone(), Some(&COUNTRIES));
        }
    }
}
