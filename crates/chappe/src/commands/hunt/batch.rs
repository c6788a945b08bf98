//! What is asked for at once, and which of it an alert or a report names.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chappe_constituency::{Holder, Subject, Table};
use chappe_model::{Field, IndicatorKind};

use crate::alert_view::AlertLine;
use crate::incident_view::IncidentLine;
use crate::wanted::Wanted;

/// What is named, in the order of the list, each with what names it.
pub(super) type NamedBy<'w, N> = Vec<(&'w Wanted, Vec<Arc<N>>)>;

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

    /// Two halves of what is more than one, the first to be taken next from the end of a list.
    pub(super) fn halves(&self) -> [Self; 2] {
        let (one, other) = self.wanted.split_at(self.wanted.len() / 2);
        [Self { wanted: other }, Self { wanted: one }]
    }

    /// What any of these names, in the order of the list, with those that do; none where one of them does not tell which of several it names.
    pub(super) fn named<N: Names>(&self, found: &[Arc<N>]) -> Option<NamedBy<'w, N>> {
        if found.is_empty() {
            return Some(Vec::new());
        }
        if let [only] = self.wanted {
            // They are the answer to this alone.
            return Some(vec![(only, found.to_vec())]);
        }
        if self.wanted.iter().any(Wanted::is_disguised) {
            return None;
        }
        let places = Places::of(self.wanted);
        let mut named: Vec<Vec<Arc<N>>> = vec![Vec::new(); self.wanted.len()];
        for one in found {
            let of_it = places.of_names(&**one);
            if of_it.is_empty() {
                return None;
            }
            for place in of_it {
                named[place].push(Arc::clone(one));
            }
        }
        let each = self.wanted.iter().zip(named);
        Some(each.filter(|(_, named)| !named.is_empty()).collect())
    }
}

/// What names values.
pub(super) trait Names {
    /// Each, with its field.
    fn each(&self, tell: &mut dyn FnMut(Field, &str));
}

/// In what its reports share, or in what was counted.
impl Names for AlertLine {
    fn each(&self, tell: &mut dyn FnMut(Field, &str)) {
        let key = self.key.iter().map(|part| (part.field.as_str(), part.value.as_str()));
        let counted = self.why.values.iter();
        let counted = counted.map(|value| (self.why.field.as_str(), value.as_str()));
        for (field, value) in key.chain(counted) {
            if let Some(field) = Field::parse(field) {
                tell(field, value);
            }
        }
    }
}

/// Nothing of a retracted one: what it named before it does not show.
impl Names for IncidentLine {
    fn each(&self, tell: &mut dyn FnMut(Field, &str)) {
        for (kind, value) in self.indicators.iter().filter_map(|indicator| indicator.named()) {
            tell(Field::IndicatorOf(kind), value);
        }
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

    /// The places of all that something names.
    fn of_names(&self, names: &impl Names) -> BTreeSet<usize> {
        let mut places = BTreeSet::new();
        names.each(&mut |field, value| {
            places.extend(indicator_of(field, value).and_then(|indicator| self.values.get(&indicator)));
            if let Some(subject) = Subject::of_field(field, value) {
                self.entries.look_up(&subject, |_, holders| {
                    places.extend(holders.iter().map(|holder| usize::from(holder.0)))
                });
            }
        });
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

    fn alert(key: &str, counted: &[&str]) -> Arc<AlertLine> {
        Arc::new(AlertLine::from(&v1::Alert {
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
        }))
    }

    fn incident(addresses: &[&str]) -> Arc<IncidentLine> {
        let indicator = |value: &&str| v1::Indicator {
            r#type: v1::IndicatorType::Ip as i32,
            value: (*value).to_owned(),
        };
        Arc::new(IncidentLine::from(&v1::Incident {
            indicators: addresses.iter().map(indicator).collect(),
            ..v1::Incident::default()
        }))
    }

    fn counted<N: Names>(batch: &Batch<'_>, found: &[Arc<N>]) -> Option<Vec<(String, usize)>> {
        let named = batch.named(found)?.into_iter();
        Some(named.map(|(wanted, by)| (wanted.to_string(), by.len())).collect())
    }

    #[test]
    fn an_alert_names_what_stands_in_its_key_and_in_what_was_counted() {
        let list = list(&["bad.example", "203.0.113.9", "192.0.2.0/24", "203.0.113.8"]);
        let alerts = [
            alert("domain:bad.example", &["203.0.113.9"]),
            alert("url:http://192.0.2.7/x", &[]),
        ];
        let batches = Batch::of(&list, 64);
        assert_eq!(
            counted(&batches[0], &alerts).unwrap(),
            [
                ("domain:bad.example".into(), 1),
                ("ip:203.0.113.9".into(), 1),
                ("network:192.0.2.0/24".into(), 1)
            ]
        );
    }

    #[test]
    fn a_report_names_its_indicators_and_a_retracted_one_is_asked_for_again() {
        let list = list(&["203.0.113.9", "192.0.2.0/24", "203.0.113.8"]);
        let batches = Batch::of(&list, 64);
        let standing = incident(&["203.0.113.9", "192.0.2.1", "192.0.2.2"]);
        assert_eq!(
            counted(&batches[0], &[Arc::clone(&standing)]).unwrap(),
            [("ip:203.0.113.9".into(), 1), ("network:192.0.2.0/24".into(), 1)]
        );
        let found = [standing, incident(&[])];
        assert_eq!(counted(&batches[0], &found), None);
        let [_, one] = batches[0].halves();
        assert_eq!(
            counted(&one, &found).unwrap(),
            [("ip:203.0.113.9".into(), 2)],
            "it was asked for alone"
        );
        assert_eq!(counted::<IncidentLine>(&batches[0], &[]).unwrap(), []);
    }

    #[test]
    fn mail_addresses_are_asked_for_apart_and_in_halves() {
        let list = list(&["bad.example", "a@bad.example", "b@bad.example", "c@bad.example"]);
        let batches = Batch::of(&list, 64);
        let sizes: Vec<usize> = batches.iter().map(|batch| batch.wanted().len()).collect();
        assert_eq!(sizes, [1, 3]);
        let alerts = [alert("email:pseudonym:00112233445566778899aabbccddeeff", &[])];
        assert_eq!(counted(&batches[1], &alerts), None);
        let [other, one] = batches[1].halves();
        assert_eq!((one.wanted().len(), other.wanted().len()), (1, 2));
        assert_eq!(counted(&one, &alerts).unwrap(), [("email:a@bad.example".into(), 1)]);
    }
}
