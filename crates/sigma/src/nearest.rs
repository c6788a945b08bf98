//! What somebody meant who wrote something else.

/// Most letters to change, add or leave out that still count as a slip.
const SLIPS: usize = 3;

/// `: did you mean 'x'?`, or the whole list if nothing is near.
pub(crate) fn suggestion<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, right.clone()) {
        Some(near) => format!(": did you mean '{near}'?"),
        None => format!(": give one of {}", right.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// What somebody meant who wrote something else: the name that takes the fewest changes, if few enough; the first of several.
pub fn nearest<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = plain(wrong);
    let allowed = SLIPS.min(wrong.len() / 2);
    let near = right.into_iter().map(|name| (changes(&wrong, &plain(name)), name));
    let (changes, name) = near.min_by_key(|(changes, _)| *changes)?;
    (changes <= allowed).then_some(name)
}

/// `IncidentType`, `incident-type` and `incident_type` are the same slip away from each other.
fn plain(name: &str) -> Vec<char> {
    let letters = name.chars().take(64).filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Levenshtein's distance.
fn changes(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let fields = ["country", "indicator", "incident_type", "ip"];
        for (wrong, near) in [
            ("contry", Some("country")),
            ("IncidentType", Some("incident_type")),
            ("incident-typ", Some("incident_type")),
            ("indicators", Some("indicator")),
            ("EventID", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wrong, fields), near, "{wrong}");
        }
        assert_eq!(suggestion("zzz", ["a", "b"]), ": give one of a, b");
    }
}
