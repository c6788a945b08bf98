//! Values whose kind nobody says.

use super::{Indicator, IndicatorError, IndicatorKind, kept};

/// Kinds of which a value says by itself that it is one, in the order in which they are tried.
const TELLING: [IndicatorKind; 6] = [
    IndicatorKind::Ip,
    IndicatorKind::Cve,
    IndicatorKind::Md5,
    IndicatorKind::Sha1,
    IndicatorKind::Sha256,
    IndicatorKind::Sha512,
];

impl Indicator {
    /// Reads `kind:value`, or a value alone, canonical or defanged: an address, a CVE identifier, a hash by its length, a URL where there is a slash,
    /// a mail address, a domain; in this order.
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
        ] {
            assert_eq!(Indicator::recognise(text).unwrap().to_string(), is);
        }
    }

    #[test]
    fn what_is_none_is_told_with_what_would_be() {
        for text in ["", "evil", "two words", "192.0.2.300", "abcdef"] {
            let said = Indicator::recognise(text).unwrap_err().to_string();
            assert!(said.contains("kind:value"), "{said}");
        }
        let said = Indicator::recognise("ip:bad.example").unwrap_err().to_string();
        assert!(said.starts_with("ip ") && said.contains("bad.example"), "{said}");
    }
}
