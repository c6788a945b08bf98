//! What the TOML reader refuses, said for people: what was meant instead, and which values are allowed.

use std::path::Path;

use chappe_sigma::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::keys;

/// The reader's refusal at its place, also of other files than the configuration.
pub(crate) fn refuse(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let said = error.message();
    let message = unknown_key(said).unwrap_or_else(|| {
        let key = error.span().and_then(|span| key_at(text, span.start));
        match key.and_then(|key| keys::find(&key)) {
            Some(key) => format!("{said}: '{}' takes {}", key.path, key.values()),
            None => said.to_owned(),
        }
    });
    ConfigError::at(path, text, error.span(), message)
}

/// serde says which names it would have taken, each between backticks, the wrong one first.
fn unknown_key(said: &str) -> Option<String> {
    let mut names = said.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let wrong = names.next()?;
    let known: Vec<&str> = names.collect();
    let meant = nearest(wrong, known.iter().copied()).map(|near| format!(" did you mean '{near}'?"));
    let all = known.join(", ");
    Some(format!(
        "unknown field `{wrong}`:{} here may stand {all}",
        meant.unwrap_or_default()
    ))
}

/// The path of the key whose value covers a byte of the text, such as `policy.urgent.quota`.
fn key_at(text: &str, offset: usize) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    within(table.get_ref(), "", offset)
}

fn within(table: &DeTable<'_>, above: &str, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let dot = if above.is_empty() { "" } else { "." };
        let path = format!("{above}{dot}{}", key.get_ref());
        in_value(value, &path, offset)
    })
}

/// Tables are gone through whatever they cover: the lines below a header are not part of it.
fn in_value(value: &Spanned<DeValue<'_>>, path: &str, offset: usize) -> Option<String> {
    let covered = || value.span().contains(&offset).then(|| path.to_owned());
    match value.get_ref() {
        DeValue::Table(table) => within(table, path, offset),
        DeValue::Array(values) => {
            let found = values.iter().find_map(|value| in_value(value, path, offset));
            found.or_else(covered)
        }
        _ => covered(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = crate::Config::parse(text, Path::new("chappe.toml"), Path::new(".")).unwrap_err();
        error.to_string().lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_key_that_was_meant_is_named() {
        assert_eq!(
            refused("[quotas]\nbrust = 7\n"),
            "chappe.toml:2:1: unknown field `brust`: did you mean 'burst'? here may stand reports-per-second, burst, \
             in-flight, in-flight-per-member"
        );
        let far = refused("[policy.surge]\nx = 1\n");
        assert_eq!(
            far,
            "chappe.toml:2:1: unknown field `x`: here may stand bin, false-alarms-per-year"
        );
        assert!(refused("memory_mib = 64\n").contains("did you mean 'memory-mib'?"));
    }

    #[test]
    fn values_of_another_kind_are_refused_with_those_that_are_allowed() {
        for (text, says) in [
            ("memory-mib = -1\n", ":1:14: "),
            ("memory-mib = -1\n", "'memory-mib' takes 64 to 1048576 MiB"),
            (
                "[policy.urgent]\nquota = \"ten\"\n",
                "'policy.urgent.quota' takes 0 to 4294967295 alerts",
            ),
            (
                "policy = { surge = { bin = 7 } }\n",
                "'policy.surge.bin' takes \"hour\", \"day\" or \"week\"",
            ),
            ("[[members]]\nid = 7\n", "'members.id' takes 1 to 64"),
        ] {
            let said = refused(text);
            assert!(said.contains(says), "{said}");
        }
    }
}
