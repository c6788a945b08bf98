//! What must hold whatever the alert and the viewer.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{
    Alert, AlertKind, Audience, Compartment, Country, CountrySet, MemberId, Principal, Realm, Role, Rsit, Severity, Tlp,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{alert, member};
use crate::{Filter, Looks, may_see};

const MEMBERS: [&str; 5] = ["a", "b", "c", "d", "e"];
const CODES: [&str; 4] = ["AT", "BE", "CZ", "DE"];

fn any_members() -> impl Strategy<Value = BTreeSet<MemberId>> {
    subsequence(MEMBERS.to_vec(), 0..=5).prop_map(|ids| ids.into_iter().map(member).collect())
}

fn any_countries() -> impl Strategy<Value = CountrySet> {
    subsequence(CODES.to_vec(), 0..=4).prop_map(|codes| super::countries(&codes))
}

fn any_audience() -> impl Strategy<Value = Audience> {
    prop_oneof![
        Just(Audience::Eu),
        any_countries().prop_map(Audience::Countries),
        Just(Audience::Recipients),
        select(MEMBERS.to_vec()).prop_map(|id| Audience::Reporter(member(id))),
    ]
}

fn any_role() -> impl Strategy<Value = Role> {
    select(vec![Role::Member, Role::Hub, Role::DutyOfficer])
}

fn any_viewer() -> impl Strategy<Value = Principal> {
    let home = proptest::option::of(select(CODES.to_vec()));
    (select(MEMBERS.to_vec()), home, any_role()).prop_map(|(id, home, role)| Principal {
        member: member(id),
        home: home.map(|code| Country::parse(code).unwrap()),
        role,
    })
}

fn any_types() -> impl Strategy<Value = BTreeSet<Rsit>> {
    subsequence(vec![Rsit::Phishing, Rsit::Ddos, Rsit::C2Server], 0..=3).prop_map(BTreeSet::from_iter)
}

fn any_alert() -> impl Strategy<Value = Alert> {
    let compartment = (any::<bool>(), proptest::option::of(any_members())).prop_map(|(exercise, list)| Compartment {
        realm: if exercise { Realm::Exercise } else { Realm::Live },
        recipients: list.map(Arc::new),
    });
    let content = (
        select(Severity::ALL.to_vec()),
        select(Tlp::ALL.to_vec()),
        any_countries(),
        any_types(),
    );
    (compartment, any_audience(), content).prop_map(|(compartment, audience, (severity, tlp, countries, types))| {
        Alert {
            severity,
            tlp,
            countries,
            incident_types: types,
            ..alert(compartment, audience)
        }
    })
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let kinds = subsequence(vec![AlertKind::CrossBorder, AlertKind::Urgent], 0..=2).prop_map(BTreeSet::from_iter);
    (
        kinds,
        select(Severity::ALL.to_vec()),
        any_countries(),
        any_types(),
        (any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |(kinds, min_severity, countries, incident_types, (exercise, mine))| Filter {
                kinds,
                min_severity,
                countries,
                incident_types,
                exercise,
                mine,
                ..Filter::default()
            },
        )
}

proptest! {
    #[test]
    fn an_overlay_shows_itself_to_its_list_exactly(alert in any_alert(), viewer in any_viewer()) {
        if let Some(list) = &alert.compartment.recipients {
            prop_assert_eq!(may_see(&viewer, &alert), list.contains(&viewer.member));
        }
    }

    #[test]
    fn a_wider_audience_takes_nothing_away(alert in any_alert(), viewer in any_viewer(), more in any_countries()) {
        let with = |audience: Audience| may_see(&viewer, &Alert { audience, ..alert.clone() });
        if let Audience::Countries(now) = &alert.audience {
            let mut wider = *now;
            wider.extend_from(&more);
            prop_assert!(with(alert.audience.clone()) <= with(Audience::Countries(wider)));
        }
        prop_assert!(with(alert.audience.clone()) <= with(Audience::Eu));
    }

    #[test]
    fn a_higher_role_sees_no_less(alert in any_alert(), viewer in any_viewer()) {
        let seen = [Role::Member, Role::Hub, Role::DutyOfficer].map(|role| may_see(&Principal { role, ..viewer.clone() }, &alert));
        prop_assert!(seen.is_sorted(), "{:?}", seen);
    }

    #[test]
    fn a_longer_recipient_list_adds_its_new_members_only(alert in any_alert(), viewer in any_viewer(), one in select(MEMBERS.to_vec())) {
        if let Some(list) = &alert.compartment.recipients {
            let mut longer = alert.clone();
            longer.compartment.recipients = Some(Arc::new(list.iter().cloned().chain([member(one)]).collect()));
            prop_assert_eq!(may_see(&viewer, &longer), may_see(&viewer, &alert) || viewer.member == member(one));
        }
    }

    #[test]
    fn red_is_never_seen_in_a_pool(alert in any_alert(), viewer in any_viewer()) {
        prop_assert!(!(alert.compartment.is_pool() && alert.tlp == Tlp::Red && may_see(&viewer, &alert)));
    }

    #[test]
    fn a_stricter_filter_matches_no_more(alert in any_alert(), filter in any_filter()) {
        let matched = filter.matches(&alert, None);
        for min_severity in Severity::ALL.into_iter().filter(|severity| *severity >= filter.min_severity) {
            let stricter = Filter { min_severity, ..filter.clone() };
            prop_assert!(stricter.matches(&alert, None) <= matched);
        }
        let wider = [
            Filter { kinds: BTreeSet::new(), ..filter.clone() },
            Filter { countries: CountrySet::new(), ..filter.clone() },
            Filter { incident_types: BTreeSet::new(), ..filter.clone() },
        ];
        prop_assert!(wider.iter().all(|wider| matched <= wider.matches(&alert, None)));
        let other = Filter { exercise: !filter.exercise, ..filter };
        prop_assert!(!(matched && other.matches(&alert, None)));
    }

    #[test]
    fn filters_are_equal_when_their_texts_are(a in any_filter(), b in any_filter()) {
        prop_assert_eq!(a == b, a.to_string() == b.to_string());
    }

    #[test]
    fn looks_know_exactly_who_was_told_before(
        first in any_alert(),
        rest in proptest::collection::vec(any_alert(), 0..8),
        viewer in any_viewer(),
        filter in any_filter(),
    ) {
        // Revisions of one alert share its compartment.
        let revisions: Vec<Alert> = std::iter::once(first.clone())
            .chain(rest)
            .zip(1..)
            .map(|(alert, revision)| Alert { revision, compartment: first.compartment.clone(), ..alert })
            .collect();
        let mut looks = Looks::default();
        revisions.iter().for_each(|revision| looks.note(revision));
        for (i, revision) in revisions.iter().enumerate() {
            let told = revisions[..i].iter().any(|earlier| filter.matches(earlier, None) && may_see(&viewer, earlier));
            prop_assert_eq!(looks.told_before(&viewer, &filter, revision, &[]), told, "revision {}", i + 1);
        }
    }
}
