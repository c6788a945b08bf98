//! Formats that have one place for addresses and networks.

use chappe_model::IndicatorKind;

/// What a value is, an address or a network, and the value; a network of one address is that address.
pub(crate) fn address(value: &str) -> (IndicatorKind, &str) {
    let whole = if value.contains(':') { "/128" } else { "/32" };
    let value = value.strip_suffix(whole).unwrap_or(value);
    match value.contains('/') {
        true => (IndicatorKind::Cidr, value),
        false => (IndicatorKind::Ip, value),
    }
}
