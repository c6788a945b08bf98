//! Countries by their ISO 3166-1 alpha-2 codes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::indicator::quoted;

/// A country or territory: one of the 249 codes officially assigned in ISO 3166-1 alpha-2.
///
/// Lower case is accepted and stored in upper case. `UK` and `EL`, which the EU's own texts use, are refused with the code to use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text that is no assigned country code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is not a country: give an assigned ISO 3166-1 alpha-2 code such as DE{}",
    quoted(value),
    hint(value)
)]
pub struct CountryError {
    value: String,
}

/// Every officially assigned code, sorted (ISO 3166-1:2020 as maintained to 2024).
#[rustfmt::skip]
const ASSIGNED: [[u8; 2]; 249] = [
    *b"AD", *b"AE", *b"AF", *b"AG", *b"AI", *b"AL", *b"AM", *b"AO", *b"AQ", *b"AR", *b"AS", *b"AT", *b"AU", *b"AW",
    *b"AX", *b"AZ", *b"BA", *b"BB", *b"BD", *b"BE", *b"BF", *b"BG", *b"BH", *b"BI", *b"BJ", *b"BL", *b"BM", *b"BN",
    *b"BO", *b"BQ", *b"BR", *b"BS", *b"BT", *b"BV", *b"BW", *b"BY", *b"BZ", *b"CA", *b"CC", *b"CD", *b"CF", *b"CG",
    *b"CH", *b"CI", *b"CK", *b"CL", *b"CM", *b"CN", *b"CO", *b"CR", *b"CU", *b"CV", *b"CW", *b"CX", *b"CY", *b"CZ",
    *b"DE", *b"DJ", *b"DK", *b"DM", *b"DO", *b"DZ", *b"EC", *b"EE", *b"EG", *b"EH", *b"ER", *b"ES", *b"ET", *b"FI",
    *b"FJ", *b"FK", *b"FM", *b"FO", *b"FR", *b"GA", *b"GB", *b"GD", *b"GE", *b"GF", *b"GG", *b"GH", *b"GI", *b"GL",
    *b"GM", *b"GN", *b"GP", *b"GQ", *b"GR", *b"GS", *b"GT", *b"GU", *b"GW", *b"GY", *b"HK", *b"HM", *b"HN", *b"HR",
    *b"HT", *b"HU", *b"ID", *b"IE", *b"IL", *b"IM", *b"IN", *b"IO", *b"IQ", *b"IR", *b"IS", *b"IT", *b"JE", *b"JM",
    *b"JO", *b"JP", *b"KE", *b"KG", *b"KH", *b"KI", *b"KM", *b"KN", *b"KP", *b"KR", *b"KW", *b"KY", *b"KZ", *b"LA",
    *b"LB", *b"LC", *b"LI", *b"LK", *b"LR", *b"LS", *b"LT", *b"LU", *b"LV", *b"LY", *b"MA", *b"MC", *b"MD", *b"ME",
    *b"MF", *b"MG", *b"MH", *b"MK", *b"ML", *b"MM", *b"MN", *b"MO", *b"MP", *b"MQ", *b"MR", *b"MS", *b"MT", *b"MU",
    *b"MV", *b"MW", *b"MX", *b"MY", *b"MZ", *b"NA", *b"NC", *b"NE", *b"NF", *b"NG", *b"NI", *b"NL", *b"NO", *b"NP",
    *b"NR", *b"NU", *b"NZ", *b"OM", *b"PA", *b"PE", *b"PF", *b"PG", *b"PH", *b"PK", *b"PL", *b"PM", *b"PN", *b"PR",
    *b"PS", *b"PT", *b"PW", *b"PY", *b"QA", *b"RE", *b"RO", *b"RS", *b"RU", *b"RW", *b"SA", *b"SB", *b"SC", *b"SD",
    *b"SE", *b"SG", *b"SH", *b"SI", *b"SJ", *b"SK", *b"SL", *b"SM", *b"SN", *b"SO", *b"SR", *b"SS", *b"ST", *b"SV",
    *b"SX", *b"SY", *b"SZ", *b"TC", *b"TD", *b"TF", *b"TG", *b"TH", *b"TJ", *b"TK", *b"TL", *b"TM", *b"TN", *b"TO",
    *b"TR", *b"TT", *b"TV", *b"TW", *b"TZ", *b"UA", *b"UG", *b"UM", *b"US", *b"UY", *b"UZ", *b"VA", *b"VC", *b"VE",
    *b"VG", *b"VI", *b"VN", *b"VU", *b"WF", *b"WS", *b"YE", *b"YT", *b"ZA", *b"ZM", *b"ZW",
];

/// The 27 members of the European Union, sorted.
#[rustfmt::skip]
const EU27: [[u8; 2]; 27] = [
    *b"AT", *b"BE", *b"BG", *b"CY", *b"CZ", *b"DE", *b"DK", *b"EE", *b"ES", *b"FI", *b"FR", *b"GR", *b"HR", *b"HU",
    *b"IE", *b"IT", *b"LT", *b"LU", *b"LV", *b"MT", *b"NL", *b"PL", *b"PT", *b"RO", *b"SE", *b"SI", *b"SK",
];

/// For each two letters the place of the code among the assigned ones.
const PLACES: [u8; 676] = {
    let mut places = [0; 676];
    let mut place: u8 = 0;
    while (place as usize) < ASSIGNED.len() {
        places[letters(ASSIGNED[place as usize])] = place;
        place += 1;
    }
    places
};

/// Two letters as digits of base 26.
const fn letters(code: [u8; 2]) -> usize {
    (code[0] - b'A') as usize * 26 + (code[1] - b'A') as usize
}

impl Country {
    /// Reads an alpha-2 code of either case.
    ///
    /// # Errors
    /// When the text is no officially assigned code. `UK` and `EL` are among those: the error names `GB` and `GR`.
    pub fn parse(text: &str) -> Result<Self, CountryError> {
        <[u8; 2]>::try_from(text.as_bytes())
            .ok()
            .map(|code| code.map(|letter| letter.to_ascii_uppercase()))
            .filter(|code| ASSIGNED.binary_search(code).is_ok())
            .map(Self)
            .ok_or_else(|| CountryError { value: text.to_owned() })
    }

    /// The country of an [`Country::index`]; none beyond the last.
    pub(crate) fn of_index(index: usize) -> Option<Self> {
        ASSIGNED.get(index).copied().map(Self)
    }

    /// A number below 249 of its own: its place among the assigned codes.
    #[must_use]
    pub fn index(self) -> u16 {
        u16::from(PLACES[letters(self.0)])
    }

    /// The code in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether the country is one of the 27 members of the European Union.
    #[must_use]
    pub fn is_eu27(self) -> bool {
        EU27.binary_search(&self.0).is_ok()
    }

    /// Every assigned country, in the order of the codes.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        ASSIGNED.iter().map(|code| Self(*code))
    }

    /// The members of the European Union, in the order of their codes.
    pub fn eu27() -> impl ExactSizeIterator<Item = Self> {
        EU27.iter().map(|code| Self(*code))
    }
}

/// What to write instead of the codes that EU texts use outside the standard.
fn hint(value: &str) -> &'static str {
    match value.to_ascii_uppercase().as_str() {
        "UK" => " (the United Kingdom is GB)",
        "EL" => " (Greece is GR)",
        _ => "",
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.as_str())
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Country {
    type Error = CountryError;

    fn try_from(text: String) -> Result<Self, CountryError> {
        Self::parse(&text)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_whole() {
        assert!(ASSIGNED.is_sorted_by(|a, b| a < b));
        assert!(EU27.is_sorted_by(|a, b| a < b));
        assert_eq!(Country::all().len(), 249);
        assert_eq!(
            Country::eu27().filter(|country| ASSIGNED.contains(&country.0)).count(),
            27
        );
    }

    #[test]
    fn a_code_of_either_case_is_read() {
        assert_eq!(Country::parse("de").unwrap().as_str(), "DE");
        assert_eq!("Fr".parse::<Country>().unwrap().to_string(), "FR");
        assert!(Country::parse("GR").unwrap().is_eu27());
        assert!(!Country::parse("GB").unwrap().is_eu27());
    }

    #[test]
    fn what_is_not_assigned_is_refused_by_name() {
        for wrong in ["", "D", "DEU", "XK", "EU", "ZZ", "ß", "d ", "é"] {
            let error = Country::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("ISO 3166-1"), "{error}");
        }
    }

    #[test]
    fn the_codes_of_eu_texts_are_answered_with_the_right_ones() {
        assert!(
            Country::parse("UK")
                .unwrap_err()
                .to_string()
                .ends_with("(the United Kingdom is GB)")
        );
        assert!(
            Country::parse("el")
                .unwrap_err()
                .to_string()
                .ends_with("(Greece is GR)")
        );
    }

    #[test]
    fn json_holds_the_code_and_is_checked() {
        let country = Country::parse("PL").unwrap();
        assert_eq!(serde_json::to_string(&country).unwrap(), "\"PL\"");
        assert_eq!(serde_json::from_str::<Country>("\"pl\"").unwrap(), country);
        assert!(serde_json::from_str::<Country>("\"QQ\"").is_err());
    }
}
