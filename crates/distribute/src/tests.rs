#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The decision against a table written by hand, and its algebra.

mod algebra;
mod mine;
mod sought;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::{
    Alert, AlertId, AlertState, Audience, Compartment, Country, CountrySet, Counts, IncidentId, KeyHash, MemberId, Pap,
    Principal, Realm, Role, Rsit, Severity, Timestamp, Tlp, built_in_rules,
};

fn member(id: &str) -> MemberId {
    MemberId::parse(id).unwrap()
}

fn viewer(id: &str, home: &str, role: Role) -> Principal {
    Principal {
        member: member(id),
        home: Country::parse(home).ok(),
        role,
    }
}

fn countries(codes: &[&str]) -> CountrySet {
    codes.iter().map(|code| Country::parse(code).unwrap()).collect()
}

fn overlay(recipients: &[&str]) -> Compartment {
    let list: BTreeSet<MemberId> = recipients.iter().map(|id| member(id)).collect();
    Compartment {
        realm: Realm::Live,
        recipients: Some(Arc::new(list)),
    }
}

fn pool() -> Compartment {
    Compartment::pool(Realm::Live)
}

fn alert(compartment: Compartment, audience: Audience) -> Alert {
    Alert {
        id: AlertId::from_bytes([1; 16]),
        revision: 1,
        revised_at: Timestamp::from_millis(1_000),
        epoch: 1,
        state: AlertState::Open,
        rule: Arc::new(built_in_rules().remove(0)),
        compartment,
        key_hash: KeyHash(7),
        key: Arc::from([]),
        anchor: (Timestamp::from_millis(500), IncidentId::from_bytes([2; 16])),
        last_fire: Timestamp::from_millis(900),
        audience,
        severity: Severity::High,
        tlp: Tlp::Amber,
        pap: Pap::Amber,
        countries: countries(&["AT"]),
        sectors: BTreeSet::new(),
        incident_types: BTreeSet::from([Rsit::Phishing]),
        counts: Counts::default(),
        digest: [3; 16],
        evidence: Arc::default(),
        values: vec![],
        peak: 3,
        fires: 1,
        first_seen: Timestamp::from_millis(500),
        last_seen: Timestamp::from_millis(900),
        held: false,
        campaign: None,
        surge: None,
        cascade: None,
    }
}
