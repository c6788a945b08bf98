//! The weight of a shared value, in whole thousandths, so that every machine and the oracle get the same number.

use chappe_model::IndicatorKind;

/// Document frequency at which a value tells nothing any more, as a power of two.
const RARITY_BITS: u32 = 8;
/// Binary digits behind the point of a logarithm.
const FRACTION_BITS: u32 = 20;

/// What sharing a value of a kind is worth, in thousandths, before rarity and decay. The order is that of the "pyramid of pain" (Bianco,
/// 2013) read backwards: what an attacker changes with ease is seldom met twice by chance, what costs nothing to share is shared by many.
///
/// | kind | prior | because |
/// |---|---|---|
/// | file hash | 1000 | the same file; chance plays no part (lists of benign files set zero) |
/// | url, crypto address, IBAN, certificate | 900 | one page or call-home path; one purse, account or key |
/// | email | 800 | one sender; may be forged |
/// | phone | 700 | one line; may be forged, and is given out again |
/// | domain | 650 | one name; hosters and shorteners serve many |
/// | mutex | 600 | one program; every campaign with it sets it |
/// | ip | 450 | virtual hosts, carrier NAT and reassignment put many behind one address |
/// | registry key | 300 | many programs write to one key |
/// | cidr, user agent | 150 | a hoster's customers; a version of a browser |
/// | cve, malware | 100 | many exploit one weakness, or rent one tool: it supports, and never suffices |
/// | asn, technique | 0 | a provider, or a way to work: half of all attacks share some, and together they would outweigh what tells |
#[must_use]
pub(super) fn prior_milli(kind: IndicatorKind) -> u32 {
    match kind {
        IndicatorKind::Md5 | IndicatorKind::Sha1 | IndicatorKind::Sha256 | IndicatorKind::Sha512 => 1_000,
        IndicatorKind::Url | IndicatorKind::CryptoAddress | IndicatorKind::Iban | IndicatorKind::Certificate => 900,
        IndicatorKind::Email => 800,
        IndicatorKind::Phone => 700,
        IndicatorKind::Domain => 650,
        IndicatorKind::Mutex => 600,
        IndicatorKind::Ip => 450,
        IndicatorKind::RegistryKey => 300,
        IndicatorKind::Cidr | IndicatorKind::UserAgent => 150,
        IndicatorKind::Cve | IndicatorKind::Malware => 100,
        IndicatorKind::Asn | IndicatorKind::Technique => 0,
    }
}

/// 1 − log2(df) / 8, in thousandths, at least 0: an inverse document frequency (Spärck Jones, 1972) against a fixed number of reports, so
/// that nobody makes values rarer by sending many reports of something else.
#[must_use]
pub(super) fn rarity_milli(document_frequency: u32) -> u32 {
    let log = log2_milli(document_frequency.max(1));
    1_000 - (log / u64::from(RARITY_BITS)).min(1_000) as u32
}

/// 1 − Δ / 2W, in thousandths, for a distance Δ below the window W: the decay of MISP's score (Mokaddem et al., arXiv:1803.11052) with
/// δ = 1 and τ = 2W.
#[must_use]
pub(super) fn decay_milli(distance_ms: u64, window_ms: u64) -> u32 {
    let (distance, whole) = (u128::from(distance_ms), 2 * u128::from(window_ms.max(1)));
    u32::try_from(1_000 * whole.saturating_sub(distance) / whole).unwrap_or(1_000)
}

/// The product, rounded down.
#[must_use]
pub(super) fn weight_milli(prior: u32, rarity: u32, decay: u32) -> u32 {
    u32::try_from(u64::from(prior) * u64::from(rarity) * u64::from(decay) / 1_000_000).unwrap_or(u32::MAX)
}

/// log2(n) in thousandths, rounded down, by repeated squaring; n is at least 1.
fn log2_milli(n: u32) -> u64 {
    let whole = n.ilog2();
    let mut x = u64::from(n) << (31 - whole); // in [1, 2) with 31 binary digits behind the point
    let mut log = u64::from(whole);
    for _ in 0..FRACTION_BITS {
        x = (x * x) >> 31;
        log <<= 1;
        if x >= 1 << 32 {
            x >>= 1;
            log |= 1;
        }
    }
    (log * 1_000) >> FRACTION_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_exact_at_powers_of_two_and_close_between() {
        for power in 0..31_u32 {
            assert_eq!(log2_milli(1 << power), 1_000 * u64::from(power));
        }
        for n in 1..5_000_u32 {
            let exact = f64::from(n).log2() * 1_000.0;
            assert!((log2_milli(n) as f64 - exact).abs() <= 1.001, "{n}");
        }
    }

    #[test]
    fn what_is_common_or_far_apart_weighs_less_without_a_cut() {
        let rarities: Vec<u32> = (1..300).map(rarity_milli).collect();
        assert!(rarities.is_sorted_by(|a, b| a >= b));
        assert_eq!(
            (rarities[0], rarities[1], rarities[255], rarities[298]),
            (1_000, 875, 0, 0)
        );
        assert_eq!(
            (decay_milli(0, 100), decay_milli(50, 100), decay_milli(99, 100)),
            (1_000, 750, 505)
        );
        assert_eq!(weight_milli(1_000, 875, 1_000), 875);
        assert_eq!(weight_milli(450, 500, 500), 112);
    }
}
