//! What the streams delivered, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use chappe_model::Timestamp;

use super::script::Script;
use super::stage::Delivery;
use crate::alert_view::{AlertLine, millis};
use crate::client::Told;
use crate::commands::Exit;

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
    /// Whether anybody was shown it open or resolved. One that only carries another on until it ends was never raised.
    pub(crate) raised: bool,
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
    /// Urgent alerts that were raised.
    pub(crate) urgent: usize,
    /// Cross-border alerts that were raised.
    pub(crate) cross_border: usize,
    /// Decoys that any alert is about, in whatever state.
    pub(crate) decoys_alerted: Vec<String>,
}

impl Verdict {
    /// At least one alert of each kind, and no decoy.
    pub(crate) fn holds(&self) -> bool {
        self.urgent > 0 && self.cross_border > 0 && self.decoys_alerted.is_empty()
    }

    /// How the demo ends: as failed unless it shows what it should.
    pub(crate) fn exit(&self) -> Exit {
        if self.holds() { Exit::Done } else { Exit::Failed }
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
            raised: false,
        });
        heard.raised |= matches!(line.state, "open" | "resolved");
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
        let raised = |kind: &str| {
            let of_kind = self.alerts().filter(|alert| alert.newest.kind == kind);
            of_kind.filter(|alert| alert.raised).count()
        };
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

#[cfg(test)]
mod tests {
    use chappe_proto::v1;

    use super::*;

    /// A revision that is shown to a viewer; `value` is its key.
    fn delivery(name: &str, revision: u32, kind: v1::AlertKind, state: v1::AlertState, value: &str) -> Delivery {
        let alert = v1::Alert {
            name: name.to_owned(),
            revision,
            kind: kind as i32,
            state: state as i32,
            key: vec![v1::KeyField {
                field: "indicator".to_owned(),
                value: value.to_owned(),
                ..v1::KeyField::default()
            }],
            ..v1::Alert::default()
        };
        Delivery {
            viewer: "europol",
            told: Told::Alert(Box::new(alert)),
        }
    }

    fn verdict_on(deliveries: &[Delivery], script: &Script) -> Verdict {
        let mut heard = Heard::default();
        for delivery in deliveries {
            heard.take(delivery);
        }
        heard.verdict(script)
    }

    #[test]
    fn it_holds_with_an_alert_of_each_kind_and_no_decoy() {
        let verdict = |urgent, cross_border, decoys: &[&str]| Verdict {
            urgent,
            cross_border,
            decoys_alerted: decoys.iter().map(|&value| value.to_owned()).collect(),
        };
        for (verdict, holds, exit) in [
            (verdict(1, 1, &[]), true, Exit::Done),
            (verdict(3, 9, &[]), true, Exit::Done),
            (verdict(0, 9, &[]), false, Exit::Failed),
            (verdict(3, 0, &[]), false, Exit::Failed),
            (verdict(3, 9, &["domain:bad.example"]), false, Exit::Failed),
            (verdict(0, 0, &[]), false, Exit::Failed),
        ] {
            assert_eq!((verdict.holds(), verdict.exit()), (holds, exit), "{verdict:?}");
        }
    }

    #[test]
    fn what_was_never_open_was_not_raised() {
        use v1::AlertKind::{CrossBorder, Urgent};
        use v1::AlertState::{Open, Resolved, Retracted, Superseded};
        let script = Script::new(1);
        let wanted = "domain:not-a-decoy.example";
        let ended = [
            delivery("alerts/a", 1, Urgent, Retracted, wanted),
            delivery("alerts/b", 1, CrossBorder, Superseded, wanted),
        ];
        let verdict = verdict_on(&ended, &script);
        assert_eq!((verdict.urgent, verdict.cross_border, verdict.holds()), (0, 0, false));

        let raised = [
            delivery("alerts/a", 1, Urgent, Open, wanted),
            delivery("alerts/a", 2, Urgent, Retracted, wanted),
            delivery("alerts/b", 1, CrossBorder, Superseded, wanted),
            delivery("alerts/c", 1, CrossBorder, Resolved, wanted),
        ];
        let verdict = verdict_on(&raised, &script);
        assert_eq!((verdict.urgent, verdict.cross_border, verdict.holds()), (1, 1, true));
    }

    #[test]
    fn an_alert_on_a_decoy_spoils_it_but_an_urgent_one_that_lists_it_does_not() {
        use v1::AlertKind::{CrossBorder, Urgent};
        use v1::AlertState::{Open, Superseded};
        let script = Script::new(1);
        let decoy = script.decoys[0].values[0].as_str();
        let mut deliveries = vec![
            delivery("alerts/a", 1, Urgent, Open, decoy),
            delivery("alerts/b", 1, CrossBorder, Open, "domain:not-a-decoy.example"),
        ];
        assert!(verdict_on(&deliveries, &script).holds());
        for state in [Open, Superseded] {
            deliveries.truncate(2);
            deliveries.push(delivery("alerts/c", 1, CrossBorder, state, decoy));
            let verdict = verdict_on(&deliveries, &script);
            assert_eq!(verdict.decoys_alerted, [decoy]);
            assert_eq!(verdict.exit(), Exit::Failed);
        }
    }
}
