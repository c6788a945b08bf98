//! Alerts to write.

use std::collections::BTreeSet;

use chappe_exchange::{Told, ToldState};
use chappe_model::{AlertId, AlertKind, Country, Pap, Rsit, Sector, Severity, Tlp};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

pub(crate) const FIRST_MS: u64 = 1_772_432_100_123;

pub(crate) fn id(number: u8) -> AlertId {
    AlertId::from_bytes([number; 16])
}

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

/// A sound alert to change.
pub(crate) fn alert(number: u8) -> Told {
    Told {
        id: id(number),
        revision: 1,
        kind: AlertKind::CrossBorder,
        state: ToldState::Open,
        severity: Severity::High,
        audience: "eu".to_owned(),
        audience_countries: BTreeSet::new(),
        tlp: Tlp::Amber,
        pap: Pap::Green,
        usage: "share".to_owned(),
        recipients: Vec::new(),
        key: vec![("indicator".to_owned(), "domain:bad.example".to_owned())],
        countries: ["AT", "DE", "FR"].map(country).into(),
        sectors: [Sector::Energy].into(),
        incident_types: [Rsit::Phishing].into(),
        reports: 4,
        unlisted: 1,
        members: 3,
        digest: "00ff".to_owned(),
        first_seen_ms: FIRST_MS,
        last_seen_ms: FIRST_MS + 3_600_000,
        revised_at_ms: FIRST_MS + 3_600_500,
        exercise: false,
        uncorroborated: false,
        held: false,
        rule: "cross-border".to_owned(),
        rule_version: 1,
        condition: "the same indicator in 3 attested countries within 24 h".to_owned(),
        advice: vec!["Look for it in your constituency.".to_owned()],
    }
}

/// Every kind of thing that reports may share.
const KEYS: [(&str, &str); 25] = [
    ("indicator", "domain:bad.example"),
    ("indicator", "ip:192.0.2.1"),
    ("indicator", "ip:2001:db8::1"),
    ("indicator", "url:https://bad.example/it's?a=1,2&b=\"c"),
    ("indicator", "md5:00112233445566778899aabbccddeeff"),
    ("indicator", "email:a@bad.example"),
    ("indicator", "email:pseudonym:00112233445566778899aabbccddeeff"),
    ("sha1", "sha1:00112233445566778899aabbccddeeff00112233"),
    ("cve", "cve:CVE-2021-44228"),
    ("indicator", "cidr:192.0.2.0/24"),
    ("cidr", "cidr:2001:db8::/32"),
    ("asn", "asn:AS64500"),
    ("indicator", "crypto_address:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("indicator", "crypto_address:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
    ("indicator", "iban:AT611904300234573201"),
    ("indicator", "phone:+4312345678"),
    ("phone", "pseudonym:00112233445566778899aabbccddeeff"),
    ("user_agent", "user_agent:Mozilla/5.0 (X11; it's)"),
    (
        "indicator",
        "certificate:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    ),
    ("indicator", r"mutex:Global\{8F6F0AC4}"),
    ("indicator", r"registry_key:HKEY_CURRENT_USER\software\bad one"),
    ("malware", "malware:cobalt-strike"),
    ("technique", "technique:T1566.001"),
    ("mutex", "domain:not-this.example"),
    ("sector", "energy"),
];

const SEVERITIES: [Severity; 5] = [
    Severity::Info,
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];

/// Any alert that stands.
pub(crate) fn any_alert() -> impl Strategy<Value = Told> {
    let kinds = [
        AlertKind::Campaign,
        AlertKind::Surge,
        AlertKind::CrossBorder,
        AlertKind::Cascade,
        AlertKind::Rule,
        AlertKind::Urgent,
    ];
    let countries = ["AT", "BE", "CZ", "DE", "FR", "GR", "IT", "PL"];
    let types: Vec<Rsit> = Rsit::all().collect();
    (
        (
            any::<[u8; 16]>(),
            1..9_u32,
            select(kinds.to_vec()),
            select(vec![ToldState::Open, ToldState::Resolved]),
            select(SEVERITIES.to_vec()),
        ),
        (
            select(Tlp::ALL.to_vec()),
            select(Pap::ALL.to_vec()),
            subsequence(KEYS.to_vec(), 0..KEYS.len()),
        ),
        (
            subsequence(countries.to_vec(), 0..8),
            subsequence(Sector::ALL.to_vec(), 0..5),
            subsequence(types, 0..4),
        ),
        (
            0..86_400_000_u64,
            0..86_400_000_u64,
            any::<bool>(),
            "[a-z ,=\"']{0,20}",
            any::<Index>(),
        ),
    )
        .prop_map(|(what, handling, whom, rest)| {
            let ((bytes, revision, kind, state, severity), (tlp, pap, key)) = (what, handling);
            let ((countries, sectors, types), (lasts, later, exercise, condition, members)) = (whom, rest);
            Told {
                id: AlertId::from_bytes(bytes),
                revision,
                kind,
                state,
                severity,
                tlp,
                pap,
                key: key
                    .into_iter()
                    .map(|(field, value)| (field.to_owned(), value.to_owned()))
                    .collect(),
                countries: countries.into_iter().map(country).collect(),
                sectors: sectors.into_iter().collect(),
                incident_types: types.into_iter().collect(),
                last_seen_ms: FIRST_MS + lasts,
                revised_at_ms: FIRST_MS + lasts + later,
                exercise,
                condition,
                members: u32::try_from(members.index(9)).unwrap(),
                ..alert(1)
            }
        })
}
