//! Values whose kind nobody says.

use super::{Indicator, IndicatorError, IndicatorKind, kept};

/// Kinds of which a value says by itself that it is one, in the order in which they are tried.
const TELLING: [IndicatorKind; 11] = [
    IndicatorKind::Ip,
    IndicatorKind::Cidr,
    IndicatorKind::Cve,
    IndicatorKind::Md5,
    IndicatorKind::Sha1,
    IndicatorKind::Sha256,
    IndicatorKind::Sha512,
    IndicatorKind::Technique,
    IndicatorKind::RegistryKey,
    IndicatorKind::CryptoAddress,
    IndicatorKind::Iban,
];

impl Indicator {
    /// Reads `kind:value`, or a value alone, canonical or defanged: an address, a network, a CVE identifier, a file hash by its length, a technique, a
    /// registry key, a crypto-currency address or IBAN by its checksum, a telephone number behind `+`, a number of a system behind `AS`, a URL where
    /// there is a slash, a mail address, a domain; in this order. User agents, certificates, mutexes and names of malware look like others: their kind
    /// is to be named.
    ///
    /// # Errors
    /// When a kind is named and the value is not of it, or when the value is of no kind.
    pub fn recognise(text: &str) -> Result<Self, IndicatorError> {
        let text = text.trim();
        if let Some((kind, value)) = text.split_once(':')
            && let Ok(kind) = kind.parse::<IndicatorKind>()
        {
            return Self::parse(kind, value);
        }
        let last: &[IndicatorKind] = match text.contains('/') {
            // Digits alone would be either.
            _ if text.starts_with('+') => &[IndicatorKind::Phone],
            _ if text.get(..2).is_some_and(|begin| begin.eq_ignore_ascii_case("as"))
                && !text.contains(['.', '/', '@']) =>
            {
                &[IndicatorKind::Asn]
            }
            true => &[IndicatorKind::Url],
            false => &[IndicatorKind::Email, IndicatorKind::Domain],
        };
        let mut kinds = TELLING.iter().chain(last);
        let found = kinds.find_map(|kind| Self::parse(*kind, text).ok());
        found.ok_or_else(|| IndicatorError::Unrecognised { value: kept(text) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn values_say_what_they_are() {
        for (text, is) in [
            ("192.0.2[.]7", "ip:192.0.2.7"),
            ("2001:DB8::7", "ip:2001:db8::7"),
            ("cve-2021-44228", "cve:CVE-2021-44228"),
            (
                "D41D8CD98F00B204E9800998ECF8427E",
                "md5:d41d8cd98f00b204e9800998ecf8427e",
            ),
            ("hxxps://Bad[.]example/x", "url:https://bad.example/x"),
            ("bad.example/x@y", "url:http://bad.example/x@y"),
            ("Info@bad.example", "email:info@bad.example"),
            (" Bad[.]example ", "domain:bad.example"),
            ("domain:bad.example", "domain:bad.example"),
            ("url:bad.example", "url:http://bad.example/"),
            ("192.0.2[.]9/24", "cidr:192.0.2.0/24"),
            ("192.0.2.0/x", "url:http://192.0.2.0/x"),
            ("as64500", "asn:AS64500"),
            ("as.example", "domain:as.example"),
            ("t1566.001", "technique:T1566.001"),
            ("HKLM\\Software\\Bad", "registry_key:HKEY_LOCAL_MACHINE\\software\\bad"),
            (
                "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ",
                "crypto_address:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            ),
            ("at61 1904 3002 3457 3201", "iban:AT611904300234573201"),
            ("+43 (0) 1 234 56 78", "phone:+4312345678"),
            ("malware:Cobalt Strike", "malware:cobalt-strike"),
        ] {
            assert_eq!(Indicator::recognise(text).unwrap().to_string(), is);
        }
    }

    #[test]
    fn what_is_none_is_told_with_what_would_be() {
        for text in ["", "evil", "two words", "192.0.2.300", "abcdef", "64500", "AS", "+12"] {
            let said = Indicator::recognise(text).unwrap_err().to_string();
            assert!(said.contains("kind:value"), "{said}");
        }
        let said = Indicator::recognise("ip:bad.example").unwrap_err().to_string();
        assert!(said.starts_with("ip ") && said.contains("bad.example"), "{said}");
    }
}
