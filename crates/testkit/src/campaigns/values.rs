//! Values that stand for nobody: documentation names and prefixes (RFC 2606, RFC 3849), and random digits as hashes.

use chappe_model::{Indicator, IndicatorKind};
use fastrand::Rng;

/// Infrastructure that incidents of one wave draw from.
pub(super) type Kit = Vec<Indicator>;

#[allow(clippy::expect_used, reason = "for tests only")]
fn indicator(kind: IndicatorKind, value: &str) -> Indicator {
    Indicator::parse(kind, value).expect("a sound value")
}

pub(super) fn ip(rng: &mut Rng) -> Indicator {
    let value = format!("2001:db8:{:x}:{:x}::{:x}", rng.u16(1..), rng.u16(1..), rng.u16(1..));
    indicator(IndicatorKind::Ip, &value)
}

fn host(rng: &mut Rng) -> String {
    format!("h{:012x}.example", rng.u64(..) >> 16)
}

pub(super) fn domain(rng: &mut Rng) -> Indicator {
    indicator(IndicatorKind::Domain, &host(rng))
}

pub(super) fn url(rng: &mut Rng) -> Indicator {
    let value = format!("https://{}/{:x}", host(rng), rng.u32(..));
    indicator(IndicatorKind::Url, &value)
}

pub(super) fn email(rng: &mut Rng) -> Indicator {
    let value = format!("u{:x}@{}", rng.u32(..), host(rng));
    indicator(IndicatorKind::Email, &value)
}

pub(super) fn sha256(rng: &mut Rng) -> Indicator {
    indicator(
        IndicatorKind::Sha256,
        &format!("{:032x}{:032x}", rng.u128(..), rng.u128(..)),
    )
}

/// Of all published vulnerabilities reports name a few hundred.
pub(super) fn cve(rng: &mut Rng) -> Indicator {
    let often = rng.u32(1..20) * rng.u32(1..20); // small numbers come more often
    indicator(IndicatorKind::Cve, &format!("CVE-2026-{:04}", 1_000 + often))
}

/// What one wave of a campaign works with: a file, two names, two addresses, one sender and one page.
pub(super) fn kit(rng: &mut Rng) -> Kit {
    vec![
        sha256(rng),
        domain(rng),
        domain(rng),
        ip(rng),
        ip(rng),
        email(rng),
        url(rng),
    ]
}

/// A value that campaigns share: hosting most of all, then names, then a file that is for sale.
pub(super) fn shared(rng: &mut Rng) -> Indicator {
    match rng.u8(0..100) {
        0..60 => ip(rng),
        60..85 => domain(rng),
        _ => sha256(rng),
    }
}

/// What an incident alone shows: of its victim, or of one message to it.
pub(super) fn own(rng: &mut Rng) -> Indicator {
    match rng.u8(0..10) {
        0..4 => ip(rng),
        4..7 => domain(rng),
        7 => url(rng),
        8 => sha256(rng),
        _ => cve(rng),
    }
}

/// Common values of all members or of one: addresses and names.
pub(super) fn common(rng: &mut Rng, number: usize) -> Vec<Indicator> {
    (0..number)
        .map(|at| if at % 2 == 0 { ip(rng) } else { domain(rng) })
        .collect()
}
