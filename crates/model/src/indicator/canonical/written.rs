//! What programs and people write: names and labels.

use super::Why;

const NOT_A_USER_AGENT: Why = "not a user agent: give the header's value, visible ASCII characters and spaces";
const NOT_A_MUTEX: Why = "not the name of a mutex: give 1 to 260 characters";
const NOT_MALWARE: Why = "not a name of malware: give at most 128 letters, digits and .+!/:()&@#*-";
const NOT_A_TECHNIQUE: Why = "not a technique of ATT&CK: give T and four digits, of a sub-technique with a full stop and three, such as T1566.001";

/// Longest name of a kernel object (MAX_PATH), in characters.
const MUTEX_CHARS: usize = 260;

/// Longest name of malware, in characters.
const MALWARE_CHARS: usize = 128;

/// Signs in names of malware.
const MALWARE_SIGNS: &str = ".+!/:()&@#*";

pub(super) fn user_agent(text: &str) -> Result<String, Why> {
    if text.is_empty() || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(NOT_A_USER_AGENT);
    }
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    Ok(words.join(" "))
}

pub(super) fn mutex(text: &str) -> Result<String, Why> {
    match (1..=MUTEX_CHARS).contains(&text.chars().count()) {
        true => Ok(text.to_owned()),
        false => Err(NOT_A_MUTEX),
    }
}

/// Signs that people put around a value are none of a name, so that what is left never stands between two of them.
pub(super) fn malware(text: &str) -> Result<String, Why> {
    let lower = text.to_lowercase();
    let between = |c: char| c.is_whitespace() || c == '_' || c == '-';
    let words: Vec<&str> = lower.split(between).filter(|word| !word.is_empty()).collect();
    let name = words.join("-");
    let sound = name
        .chars()
        .all(|c| c.is_alphanumeric() || c == '-' || MALWARE_SIGNS.contains(c));
    if sound && name.contains(char::is_alphanumeric) && name.chars().count() <= MALWARE_CHARS {
        Ok(name)
    } else {
        Err(NOT_MALWARE)
    }
}

/// On ATT&CK's pages a slash stands where elsewhere a full stop does.
pub(super) fn technique(text: &str) -> Result<String, Why> {
    let upper = text.to_ascii_uppercase().replace('/', ".");
    let (technique, part) = match upper.split_once('.') {
        Some((technique, part)) => (technique, Some(part)),
        None => (upper.as_str(), None),
    };
    let digits = |text: &str, number| text.len() == number && text.bytes().all(|byte| byte.is_ascii_digit());
    let sound = technique.strip_prefix('T').is_some_and(|number| digits(number, 4));
    if sound && part.is_none_or(|part| digits(part, 3)) {
        Ok(upper)
    } else {
        Err(NOT_A_TECHNIQUE)
    }
}
