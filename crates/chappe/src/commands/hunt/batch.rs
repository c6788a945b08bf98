//! What is asked for at once, and which of it an alert names.

use std::collections::{BTreeSet, HashMap};

use chappe_constituency::{Holder, Subject, Table};
use chappe_model::{Field, IndicatorKind};

use crate::alert_view::AlertLine;
use crate::wanted::Wanted;

/// Few enough to be asked for at once.
#[derive(Clone, Debug)]
pub(super) struct Batch<'w> {
    wanted: &'w [Wanted],
}

impl<'w> Batch<'w> {
    /// All of a list, whose disguised ones come last: these in batches of their own.
    pub(super) fn of(list: &'w [Wanted], at_once: usize) -> Vec<Self> {
        let disguised = list.partition_point(|wanted| !wanted.is_disguised());
        let (plain, disguised) = list.split_at(disguised);
        let parts = plain.chunks(at_once).chain(disguised.chunks(at_once));
        parts.map(|wanted| Self { wanted }).collect()
    }

    pub(super) fn wanted(&self) -> &'w [Wanted] {
        self.wanted
    }

    /// Two halves, where an alert does not tell which of several it names.
    pub(super) fn halves(&self) -> Option<[Self; 2]> {
        let is_told = self.wanted.len() < 2 || !self.wanted.iter().any(Wanted::is_disguised);
        let (one, other) = self.wanted.split_at(self.wanted.len() / 2);
        (!is_told).then_some([Self { wanted: other }, Self { wanted: one }])
    }

    /// What any of the alerts names, in the order of the list, with those that do.
    pub(super) fn named<'a>(&self, alerts: &'a [AlertLine]) -> Vec<(&'w Wanted, Vec<&'a AlertLine>)> {
        if let [only] = self.wanted {
            // They are the answer to this alone.
            return vec![(only, alerts.iter().collect())];
        }
        let places = Places::of(self.wanted);
        let mut named: Vec<Vec<&AlertLine>> = vec![Vec::new(); self.wanted.len()];
        for alert in alerts {
            for place in places.in_alert(alert) {
                named[place].push(alert);
            }
        }
        let each = self.wanted.iter().zip(named);
        each.filter(|(_, named)| !named.is_empty()).collect()
    }
}

/// Where in a batch a value is looked for.
struct Places<'w> {
    values: HashMap<(IndicatorKind, &'w str), usize>,
    /// The holder of an entry is its place.
    entries: Table,
}

impl<'w> Places<'w> {
    fn of(wanted: &'w [Wanted]) -> Self {
        let (mut values, mut entries) = (HashMap::new(), Vec::new());
        for (place, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Value(indicator) => {
                    values.insert((indicator.kind(), indicator.value()), place);
                }
                Wanted::Entry(entry) => entries.extend(u16::try_from(place).ok().map(|place| (Holder(place), entry))),
            }
        }
        Self {
            values,
            entries: Table::of_entries(entries),
        }
    }

    /// The places of all that an alert names in what its reports share, or in what was counted.
    fn in_alert(&self, alert: &AlertLine) -> BTreeSet<usize> {
        let key = alert.key.iter().map(|part| (part.field.as_str(), part.value.as_str()));
        let counted = alert
            .why
            .values
            .iter()
            .map(|value| (alert.why.field.as_str(), value.as_str()));
        let mut places = BTreeSet::new();
        for (field, value) in key.chain(counted) {
            let Some(field) = Field::parse(field) else { continue };
            places.extend(indicator_of(field, value).and_then(|indicator| self.values.get(&indicator)));
            if let Some(subject) = Subject::of_field(field, value) {
                self.entries.look_up(&subject, |_, holders| {
                    places.extend(holders.iter().map(|holder| usize::from(holder.0)))
                });
            }
        }
        places
    }
}

/// Kind and value of an indicator in a field.
fn indicator_of(field: Field, value: &str) -> Option<(IndicatorKind, &str)> {
    match field {
        Field::IndicatorOf(kind) => Some((kind, value)),
        Field::Indicator => {
            let (kind, value) = value.split_once(':')?;
            Some((kind.parse().ok()?, value))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chappe_proto::v1;

    use super::*;

    fn list(texts: &[&str]) -> Vec<Wanted> {
        texts.iter().map(|text| Wanted::exact(text).unwrap()).collect()
    }

    fn alert(key: &str, counted: &[&str]) -> AlertLine {
        AlertLine::from(&v1::Alert {
            key: vec![v1::KeyField {
                field: "indicator".into(),
                value: key.into(),
                ..v1::KeyField::default()
            }],
            explanation: Some(v1::Explanation {
                field: "ip".into(),
                values: counted.iter().map(ToString::to_string).collect(),
                ..v1::Explanation::default()
            }),
            ..v1::Alert::default()
        })
    }

    #[test]
    fn an_alert_names_what_stands_in_its_key_and_in_what_was_counted() {
        let list = list(&["bad.example", "203.0.113.9", "192.0.2.0/24", "203.0.113.8"]);
        let alerts = [
            alert("domain:bad.example", &["203.0.113.9"]),
            alert("url:http://192.0.2.7/x", &[]),
        ];
        let batches = Batch::of(&list, 64);
        let named = batches[0].named(&alerts);
        let named: Vec<(String, usize)> = named
            .into_iter()
            .map(|(wanted, by)| (wanted.to_string(), by.len()))
            .collect();
        assert_eq!(
            named,
            [
                ("domain:bad.example".into(), 1),
                ("ip:203.0.113.9".into(), 1),
                ("network:192.0.2.0/24".into(), 1)
            ]
        );
    }

    #[test]
    fn mail_addresses_are_asked_for_apart_and_in_halves() {
        let list = list(&["bad.example", "a@bad.example", "b@bad.example", "c@bad.example"]);
        let batches = Batch::of(&list, 64);
        let sizes: Vec<usize> = batches.iter().map(|batch| batch.wanted().len()).collect();
        assert_eq!(sizes, [1, 3]);
        assert!(batches[0].halves().is_none());
        let [other, one] = batches[1].halves().unwrap();
        assert_eq!((one.wanted().len(), other.wanted().len()), (1, 2));
        assert!(one.halves().is_none());
        let alerts = [alert("email:pseudonym:00112233445566778899aabbccddeeff", &[])];
        assert_eq!(one.named(&alerts)[0].0.to_string(), "email:a@bad.example");
    }
}
