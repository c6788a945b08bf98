//! What is looked for, against an oracle that compares texts and bits; and that nothing hidden has a part in it.

use std::sync::Arc;

use chappe_constituency::{Entry, EntryKind};
use chappe_model::{Alert, Audience, Indicator, Sector, Timestamp};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::mine::{any_alert, any_viewer, falls_under};
use super::{alert, pool};
use crate::{Filter, Looks, Period, Sought, may_see};

const INDICATORS: [&str; 8] = [
    "ip:192.0.2.7",
    "ip:2001:db8::7",
    "ip:203.0.113.1",
    "domain:www.example.at",
    "domain:example.at",
    "url:http://192.0.2.9:81/x",
    "cve:CVE-2021-44228",
    "md5:00112233445566778899aabbccddeeff",
];

const ENTRIES: [(EntryKind, &str); 7] = [
    (EntryKind::Network, "192.0.2.0/24"),
    (EntryKind::Network, "192.0.2.8/29"),
    (EntryKind::Network, "2001:db8::/32"),
    (EntryKind::Network, "203.0.113.0/24"),
    (EntryKind::Domain, "example.at"),
    (EntryKind::Domain, "www.example.at"),
    (EntryKind::Domain, "at"),
];

#[derive(Clone, Debug)]
struct Asked {
    values: Vec<&'static str>,
    entries: Vec<(EntryKind, &'static str)>,
    sectors: std::collections::BTreeSet<Sector>,
}

impl Asked {
    fn filter(&self) -> Filter {
        let values = self.values.iter().map(|text| text.parse::<Indicator>().unwrap());
        let entries = self
            .entries
            .iter()
            .map(|(kind, text)| Entry::parse(*kind, text).unwrap());
        Filter {
            sought: Sought::new(values, entries),
            sectors: self.sectors.clone(),
            ..Filter::default()
        }
    }

    /// The definition: what stands in the alert, value by value.
    fn is_met_by(&self, alert: &Alert) -> bool {
        let counted = alert
            .values
            .iter()
            .map(|value| ("indicator".to_owned(), value.to_string()));
        let key = alert
            .key
            .iter()
            .map(|part| (part.field.to_string(), part.value.to_string()));
        let mut said = key.chain(counted);
        let exact = |field: &str, value: &str, sought: &str| match field {
            "indicator" => value == sought,
            _ => sought == format!("{field}:{value}"),
        };
        let names = said.any(|(field, value)| {
            self.values.iter().any(|sought| exact(&field, &value, sought))
                || self
                    .entries
                    .iter()
                    .any(|(kind, entry)| falls_under(&field, &value, *kind, entry))
        });
        let asks_for_nothing = self.values.is_empty() && self.entries.is_empty();
        let affects = self.sectors.is_empty() || self.sectors.iter().any(|sector| alert.sectors.contains(sector));
        (asks_for_nothing || names) && affects
    }
}

fn any_asked() -> impl Strategy<Value = Asked> {
    let parts = (
        subsequence(INDICATORS.to_vec(), 0..=3),
        subsequence(ENTRIES.to_vec(), 0..=2),
        btree_set(select(Sector::ALL[..3].to_vec()), 0..2),
    );
    parts.prop_map(|(values, entries, sectors)| Asked {
        values,
        entries,
        sectors,
    })
}

proptest! {
    #[test]
    fn what_is_found_is_the_oracles_of_what_may_be_seen(
        alerts in vec(any_alert(), 0..8),
        asked in any_asked(),
        viewer in any_viewer(),
    ) {
        let filter = asked.filter();
        for alert in &alerts {
            let found = may_see(&viewer, alert) && filter.matches(alert, None);
            prop_assert_eq!(found, may_see(&viewer, alert) && asked.is_met_by(alert));
            prop_assert!(filter.matches(alert, None) <= Filter::default().matches(alert, None), "it only restricts");
        }
    }

    #[test]
    fn nothing_that_is_hidden_has_a_part_in_it(alert in any_alert(), asked in any_asked()) {
        let mut other = alert.clone();
        other.evidence = Arc::default();
        (other.digest, other.anchor.1, other.key_hash) = ([9; 16], chappe_model::IncidentId::from_bytes([9; 16]), chappe_model::KeyHash(9));
        other.counts.reports += 1;
        other.key = alert.key.iter().filter(|part| !part.field.starts_with("reporter")).cloned().collect();
        prop_assert_eq!(asked.filter().matches(&alert, None), asked.filter().matches(&other, None));
    }

    #[test]
    fn corrections_reach_exactly_those_who_looked_for_what_it_named(
        revisions in vec(any_alert(), 1..7),
        asked in any_asked(),
        viewer in any_viewer(),
    ) {
        let compartment = revisions[0].compartment.clone();
        let numbered = (1..).zip(revisions);
        let revisions: Vec<Alert> =
            numbered.map(|(revision, alert)| Alert { revision, compartment: compartment.clone(), ..alert }).collect();
        let mut looks = Looks::default();
        revisions.iter().for_each(|revision| looks.note(revision));
        for (i, revision) in revisions.iter().enumerate() {
            let told = revisions[..i].iter().any(|earlier| may_see(&viewer, earlier) && asked.is_met_by(earlier));
            prop_assert_eq!(looks.told_before(&viewer, &asked.filter(), revision, &[]), told);
        }
    }

    #[test]
    fn equal_texts_are_equal_filters(one in any_asked(), other in any_asked()) {
        let (one, other) = (one.filter(), other.filter());
        prop_assert_eq!(one == other, one.to_string() == other.to_string());
    }

    #[test]
    fn a_time_holds_what_was_seen_at_any_moment_of_it(seen in (0..9_u64, 0..9_u64), bounds in (0..9_u64, 0..9_u64), open in (any::<bool>(), any::<bool>())) {
        let (first, last) = (seen.0.min(seen.1), seen.0.max(seen.1));
        let mut alert = alert(pool(), Audience::Eu);
        (alert.first_seen, alert.last_seen) = (Timestamp::from_millis(first), Timestamp::from_millis(last));
        let bound = |is_open: bool, at: u64| (!is_open).then(|| Timestamp::from_millis(at));
        let period = Period { since: bound(open.0, bounds.0), until: bound(open.1, bounds.1) };
        let (since, until) = (if open.0 { 0 } else { bounds.0 }, if open.1 { 10 } else { bounds.1 });
        let oracle = last >= since && first < until;
        prop_assert_eq!(period.holds(&alert), oracle);
    }
}
