//! The enumerations of the wire in words, as people and JSON see them.

use chappe_model::{Pap, Severity, Tlp, Verdict};
use chappe_proto::alert::kind_from_wire;
use chappe_proto::decision::verdict_from_wire;
use chappe_proto::v1;

/// A label's code.
pub(crate) fn tlp_code(tlp: Tlp) -> v1::Tlp {
    match tlp {
        Tlp::Clear => v1::Tlp::Clear,
        Tlp::Green => v1::Tlp::Green,
        Tlp::Amber => v1::Tlp::Amber,
        Tlp::AmberStrict => v1::Tlp::AmberStrict,
        Tlp::Red => v1::Tlp::Red,
    }
}

/// A label's code.
pub(crate) fn pap_code(pap: Pap) -> v1::Pap {
    match pap {
        Pap::Clear => v1::Pap::Clear,
        Pap::Green => v1::Pap::Green,
        Pap::Amber => v1::Pap::Amber,
        Pap::Red => v1::Pap::Red,
    }
}

/// A severity's code.
pub(crate) fn severity_code(severity: Severity) -> v1::Severity {
    match severity {
        Severity::Info => v1::Severity::Info,
        Severity::Low => v1::Severity::Low,
        Severity::Medium => v1::Severity::Medium,
        Severity::High => v1::Severity::High,
        Severity::Critical => v1::Severity::Critical,
    }
}

/// `country`, `sector`, `network`, `domain`.
pub(crate) fn entry_kind(code: i32) -> &'static str {
    match v1::ConstituencyHitKind::try_from(code) {
        Ok(v1::ConstituencyHitKind::Country) => "country",
        Ok(v1::ConstituencyHitKind::Sector) => "sector",
        Ok(v1::ConstituencyHitKind::Network) => "network",
        Ok(v1::ConstituencyHitKind::Domain) => "domain",
        Ok(v1::ConstituencyHitKind::Unspecified) | Err(_) => UNKNOWN,
    }
}

/// What a newer server says and this program does not know.
const UNKNOWN: &str = "unknown";

/// `cross-border`, `urgent`, …
pub(crate) fn kind(code: i32) -> &'static str {
    kind_from_wire(code).map_or(UNKNOWN, |kind| kind.as_str())
}

/// `open`, `resolved`, …
pub(crate) fn state(code: i32) -> &'static str {
    match v1::AlertState::try_from(code) {
        Ok(v1::AlertState::Open) => "open",
        Ok(v1::AlertState::Resolved) => "resolved",
        Ok(v1::AlertState::Retracted) => "retracted",
        Ok(v1::AlertState::Superseded) => "superseded",
        _ => UNKNOWN,
    }
}

/// `high`, …
pub(crate) fn severity(code: i32) -> &'static str {
    match v1::Severity::try_from(code) {
        Ok(v1::Severity::Info) => "info",
        Ok(v1::Severity::Low) => "low",
        Ok(v1::Severity::Medium) => "medium",
        Ok(v1::Severity::High) => "high",
        Ok(v1::Severity::Critical) => "critical",
        _ => UNKNOWN,
    }
}

/// `eu`, `countries`, …
pub(crate) fn audience(code: i32) -> &'static str {
    match v1::Audience::try_from(code) {
        Ok(v1::Audience::Eu) => "eu",
        Ok(v1::Audience::Countries) => "countries",
        Ok(v1::Audience::Recipients) => "recipients",
        Ok(v1::Audience::Reporter) => "reporter",
        _ => UNKNOWN,
    }
}

/// `TLP:AMBER`, …
pub(crate) fn tlp(code: i32) -> &'static str {
    match v1::Tlp::try_from(code) {
        Ok(v1::Tlp::Clear) => Tlp::Clear.as_str(),
        Ok(v1::Tlp::Green) => Tlp::Green.as_str(),
        Ok(v1::Tlp::Amber) => Tlp::Amber.as_str(),
        Ok(v1::Tlp::AmberStrict) => Tlp::AmberStrict.as_str(),
        // Whatever is not understood is handled as the strictest.
        _ => Tlp::Red.as_str(),
    }
}

/// `PAP:AMBER`, …
pub(crate) fn pap(code: i32) -> &'static str {
    match v1::Pap::try_from(code) {
        Ok(v1::Pap::Clear) => Pap::Clear.as_str(),
        Ok(v1::Pap::Green) => Pap::Green.as_str(),
        Ok(v1::Pap::Amber) => Pap::Amber.as_str(),
        _ => Pap::Red.as_str(),
    }
}

/// `share`, …
pub(crate) fn usage(code: i32) -> &'static str {
    match v1::Use::try_from(code) {
        Ok(v1::Use::Share) => "share",
        Ok(v1::Use::MatchOnly) => "match-only",
        _ => "named-recipients-only",
    }
}

/// `dismissed`, …
pub(crate) fn verdict(code: i32) -> &'static str {
    verdict_from_wire(code).map_or(UNKNOWN, Verdict::as_str)
}

/// `disk`, …
pub(crate) fn durability(code: i32) -> &'static str {
    match v1::DurabilityClass::try_from(code) {
        Ok(v1::DurabilityClass::Disk) => "disk",
        Ok(v1::DurabilityClass::Replicated) => "replicated",
        Ok(v1::DurabilityClass::Process) => "process",
        _ => UNKNOWN,
    }
}

/// Text of others on one line: control characters and bidirectional overrides cannot steer the terminal.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// A number and its noun.
pub(crate) fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}
