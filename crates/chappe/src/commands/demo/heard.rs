//! What the streams delivered, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::Timestamp;

use super::script::Script;
use super::stage::Delivery;
use crate::alert_view::{AlertLine, millis};
use crate::client::Told;

/// Everything delivered so far.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    alerts: BTreeMap<String, HeardAlert>,
    /// In the order of their first delivery.
    order: Vec<String>,
    complete: BTreeMap<&'static str, Timestamp>,
}

/// One alert, as delivered.
#[derive(Debug)]
pub(crate) struct HeardAlert {
    /// The highest revision that anybody was shown.
    pub(crate) newest: AlertLine,
    /// Who was shown any.
    pub(crate) viewers: BTreeSet<&'static str>,
}

impl HeardAlert {
    /// Whether what it is about is one of these values. An urgent alert lists what its report observed, but no value raised it.
    pub(crate) fn names(&self, values: &[String]) -> bool {
        self.newest.kind != "urgent" && self.newest.key.iter().any(|key| values.contains(&key.value))
    }
}

/// Whether the demo shows what it should.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Urgent alerts.
    pub(crate) urgent: usize,
    /// Cross-border alerts.
    pub(crate) cross_border: usize,
    /// Decoys that raised an alert.
    pub(crate) decoys_alerted: Vec<String>,
}

impl Verdict {
    /// At least one alert of each kind, and no decoy.
    pub(crate) fn holds(&self) -> bool {
        self.urgent > 0 && self.cross_border > 0 && self.decoys_alerted.is_empty()
    }
}

impl Heard {
    /// Takes a delivery in; an alert is handed back, to be shown.
    pub(crate) fn take(&mut self, delivery: &Delivery) -> Option<AlertLine> {
        match &delivery.told {
            Told::Alert(alert) => {
                let line = AlertLine::from(alert.as_ref());
                self.note(delivery.viewer, &line);
                Some(line)
            }
            Told::Heartbeat(beat) => {
                let log_time = Timestamp::from_millis(millis(beat.log_time.as_ref()));
                let complete = self.complete.entry(delivery.viewer).or_default();
                *complete = log_time.max(*complete);
                None
            }
            Told::Gap(_) | Told::Broken { .. } => None,
        }
    }

    fn note(&mut self, viewer: &'static str, line: &AlertLine) {
        if !self.alerts.contains_key(&line.id) {
            self.order.push(line.id.clone());
        }
        let heard = self.alerts.entry(line.id.clone()).or_insert_with(|| HeardAlert {
            newest: line.clone(),
            viewers: BTreeSet::new(),
        });
        if line.revision > heard.newest.revision {
            heard.newest = line.clone();
        }
        heard.viewers.insert(viewer);
    }

    /// The log time up to which a viewer's stream is complete.
    pub(crate) fn complete_of(&self, viewer: &str) -> Timestamp {
        self.complete.get(viewer).copied().unwrap_or_default()
    }

    /// The alerts, in the order of their first delivery.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &HeardAlert> {
        self.order.iter().filter_map(|id| self.alerts.get(id))
    }

    /// Judges by what was delivered alone; of the script only the decoys' values are known here.
    pub(crate) fn verdict(&self, script: &Script) -> Verdict {
        let raised = |kind: &str| self.alerts().filter(|alert| alert.newest.kind == kind).count();
        let alerted = |value: &&String| self.alerts().any(|alert| alert.names(std::slice::from_ref(*value)));
        let decoys = script.decoys.iter().flat_map(|decoy| &decoy.values);
        let decoys_alerted = decoys.filter(alerted).cloned().collect();
        Verdict {
            urgent: raised("urgent"),
            cross_border: raised("cross-border"),
            decoys_alerted,
        }
    }
}
