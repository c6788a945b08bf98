//! What an account or a line of a person is reached by.

use super::Why;

const NOT_AN_IBAN: Why =
    "not an IBAN: its form or its check digits are wrong; give one such as AT61 1904 3002 3457 3201";
const NOT_A_PHONE: Why = "not a telephone number: give + or 00, country code and number, 7 to 15 digits together (E.164), such as +43 1 2345678";

/// Digits of a telephone number: the shortest that are in use, and the most of E.164.
const PHONE_DIGITS: core::ops::RangeInclusive<usize> = 7..=15;

/// A country that the registry of ISO 13616 did not have when the checking library was made passes by its check digits.
pub(super) fn iban(text: &str) -> Result<String, Why> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect();
    let compact = compact.to_ascii_uppercase();
    match compact.parse::<iban::Iban>() {
        Ok(_) | Err(iban::ParseIbanError::UnknownCountry(_)) => Ok(compact),
        Err(_) => Err(NOT_AN_IBAN),
    }
}

/// Whatever people put between the digits goes, and so does the zero in brackets that is dialled only within the country.
pub(super) fn phone(text: &str) -> Result<String, Why> {
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    let text = text.replace("(0)", "");
    let number = text.strip_prefix('+').or_else(|| text.strip_prefix("00"));
    let mut digits = String::with_capacity(*PHONE_DIGITS.end() + 1);
    digits.push('+');
    for c in number.ok_or(NOT_A_PHONE)?.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2010}' | '\u{2011}' | '\u{2013}' => {}
            _ => return Err(NOT_A_PHONE),
        }
    }
    if PHONE_DIGITS.contains(&(digits.len() - 1)) && !digits.starts_with("+0") {
        Ok(digits)
    } else {
        Err(NOT_A_PHONE)
    }
}
