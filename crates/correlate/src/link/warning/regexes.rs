use chappe_model::limits::REGEXP_BYTES;
use regex::bytes::{RegexBuilder, RegexSet, RegexSetBuilder};

use super::WarningListError;

/// Largest compiled list, in bytes: it bounds what one byte of a value may cost, because matching is linear in both.
const COMPILED_BYTES: usize = 256 * 1024;
/// Largest table of states that matching may build, in bytes; beyond it is rebuilt, which costs time and no memory.
const STATES_BYTES: usize = 1024 * 1024;
/// Groups within each other.
const NEST: u32 = 32;
/// Other signs that PHP takes around an expression.
const FENCES: [char; 5] = ['#', '~', '%', '!', '@'];

/// The expressions of a list, in the syntax that PHP (MISP) and Rust's `regex` share: without look-around and back references, so that
/// matching takes linear time. As in PHP they see bytes unless flag `u` is set.
pub(super) struct Regexes {
    set: RegexSet,
    written: Vec<Box<str>>,
}

impl Regexes {
    /// # Errors
    /// With the number of the first entry that is not of the syntax, or too large.
    pub(super) fn new(name: &str, list: &[String]) -> Result<Self, WarningListError> {
        let mut patterns = Vec::with_capacity(list.len());
        for (at, entry) in list.iter().enumerate() {
            let pattern = pattern(entry).and_then(|pattern| sound(&pattern).map(|()| pattern));
            patterns.push(pattern.map_err(|reason| WarningListError::Regex(name.to_owned(), at + 1, reason))?);
        }
        let set = RegexSetBuilder::new(&patterns)
            .size_limit(COMPILED_BYTES)
            .dfa_size_limit(STATES_BYTES)
            .nest_limit(NEST)
            .build();
        Ok(Self {
            set: set.map_err(|_| WarningListError::RegexesTooLarge(name.to_owned()))?, // each alone is sound
            written: list.iter().map(|entry| entry.as_str().into()).collect(),
        })
    }

    /// As they stand in the list.
    pub(super) fn written(&self) -> &[Box<str>] {
        &self.written
    }

    /// Whether any of them matches any part of the value.
    pub(super) fn match_any(&self, value: &str) -> bool {
        self.set.is_match(value.as_bytes())
    }
}

/// An entry with its flags in front: it stands bare, or between slashes with flags behind, as PHP writes them.
fn pattern(entry: &str) -> Result<String, String> {
    if entry.len() > REGEXP_BYTES {
        return Err(format!("{} bytes: at most {REGEXP_BYTES}", entry.len()));
    }
    if let Some(fence) = entry.chars().next().filter(|first| FENCES.contains(first)) {
        return Err(format!(
            "begins with {fence}: an expression stands bare or between slashes"
        ));
    }
    let (body, flags) = match entry.strip_prefix('/') {
        Some(rest) => rest
            .rsplit_once('/')
            .ok_or("begins with a slash, and no other slash ends it")?,
        None => (entry, ""),
    };
    let mut set = String::new();
    for flag in flags.chars() {
        match flag {
            'i' | 'm' | 's' | 'x' if set.contains(flag) => {}
            'i' | 'm' | 's' | 'x' => set.push(flag),
            'u' | 'g' | 'D' => {} // u: below; one match is enough; values have no line ends
            _ => return Err(format!("flag '{flag}' is not known: i, m, s, x, u, g and D are")),
        }
    }
    let bytes = if flags.contains('u') { "" } else { "-u" };
    Ok(match (&*set, bytes) {
        ("", "") => body.to_owned(),
        (set, bytes) => format!("(?{set}{bytes}){body}"),
    })
}

/// Refuses what is not of the syntax, too large by itself, or matches everything.
fn sound(pattern: &str) -> Result<(), String> {
    let built = RegexBuilder::new(pattern)
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(STATES_BYTES)
        .nest_limit(NEST)
        .build();
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "too large when compiled: repeat less, or count lower".to_owned(),
        error => {
            // The parser draws a picture of several lines; what was wrong stands behind `error: `.
            let message = error.to_string();
            let reason = message.rsplit_once("error: ").map_or(&*message, |(_, reason)| reason);
            reason.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    })?;
    if regex.is_match(b"") {
        return Err("matches the empty text, and so everything".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regexes(list: &[&str]) -> Result<Regexes, String> {
        let list: Vec<String> = list.iter().map(ToString::to_string).collect();
        Regexes::new("List", &list).map_err(|error| error.to_string())
    }

    #[test]
    fn the_forms_of_misp_are_understood() {
        // The one list of misp-warninglists that concerns indicators has this one.
        let contacts = regexes(&[r"/^(security|noc|soc|abuse)\@.*\..*$/i"]).unwrap();
        assert!(contacts.match_any("Abuse@one.example") && !contacts.match_any("not-abuse@one.example"));
        for (entry, matches, not) in [
            (r"^a\d+$", "a12", "A12"),
            ("/one|two/i", "xTWOx", "three"),
            (r"/^https?:\/\/a\//", "https://a/", "ftp://a/"),
            ("/a b # c/xgi", "AB", "a b"),
            ("/^.$/u", "é", "éé"),
            ("/^..$/", "é", "e"),
            ("/[^a]$/s", "é", "a"),
            ("/^a$/Dm", "a", "ab"),
        ] {
            let regexes = regexes(&[entry]).unwrap();
            assert!(regexes.match_any(matches), "{entry} {matches}");
            assert!(!regexes.match_any(not), "{entry} {not}");
        }
        let two = regexes(&["/^one/i", "two$"]).unwrap();
        assert!(two.match_any("ONE") && two.match_any("x two") && !two.match_any("x TWO"));
    }

    #[test]
    fn the_rest_is_refused_by_number() {
        for (entry, reason) in [
            ("#^a#i", "begins with #: an expression stands bare or between slashes"),
            ("/a", "begins with a slash, and no other slash ends it"),
            ("/a/e", "flag 'e' is not known: i, m, s, x, u, g and D are"),
            ("/a/b", "flag 'b' is not known: i, m, s, x, u, g and D are"),
            (
                "(?<=a)b",
                "look-around, including look-ahead and look-behind, is not supported",
            ),
            (r"(a)\1", "backreferences are not supported"),
            ("a)(b", "unopened group"),
            ("//", "matches the empty text, and so everything"),
            ("/.*/i", "matches the empty text, and so everything"),
            (
                "(a{1000}){1000}",
                "too large when compiled: repeat less, or count lower",
            ),
            (
                &"a".repeat(REGEXP_BYTES + 1),
                &format!("{} bytes: at most {REGEXP_BYTES}", REGEXP_BYTES + 1),
            ),
        ] {
            let refused = regexes(&["good", entry]).err().unwrap();
            assert_eq!(refused, format!("warning list 'List', entry 2: {reason}"));
        }
        let many: Vec<String> = (0..1_000).map(|n| format!("a{{100}}{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(
            regexes(&many).err().unwrap(),
            "warning list 'List': its regular expressions are too large when compiled: repeat less, or part the list"
        );
    }
}
