//! The alerts of a key in one compartment: nearly always one.

use chappe_model::{Alert, AlertId, Timestamp};

/// The last revision that was told, and what is to be told next.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) alert: Box<Alert>,
    pub(super) next: Option<(Timestamp, Box<Alert>)>,
}

impl Told {
    /// The newest state: what waits, or what was told last.
    pub(super) fn newest(&self) -> &Alert {
        self.next.as_ref().map_or(&self.alert, |(_, next)| next)
    }
}

/// In the order of the alerts' ids.
#[derive(Debug, Default)]
pub(super) struct Room(Vec<Told>);

impl Room {
    pub(super) fn get(&self, id: AlertId) -> Option<&Told> {
        self.place(id).ok().map(|place| &self.0[place])
    }

    pub(super) fn get_mut(&mut self, id: AlertId) -> Option<&mut Told> {
        self.place(id).ok().map(|place| &mut self.0[place])
    }

    /// What was told last of this alert; nothing waits any more.
    pub(super) fn put(&mut self, alert: Alert) {
        match self.place(alert.id) {
            Ok(place) => {
                let told = &mut self.0[place];
                *told.alert = alert;
                told.next = None;
            }
            Err(place) => {
                self.0.reserve_exact(1); // seldom another comes
                let alert = Box::new(alert);
                self.0.insert(place, Told { alert, next: None });
            }
        }
    }

    pub(super) fn remove(&mut self, id: AlertId) {
        if let Ok(place) = self.place(id) {
            self.0.remove(place);
        }
    }

    pub(super) fn retain(&mut self, these: impl Fn(&Told) -> bool) {
        self.0.retain(these);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Told> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Told> {
        self.0.iter_mut()
    }

    fn place(&self, id: AlertId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |told| told.alert.id)
    }
}
