//! The `[policy.cascade]` of the file.

use std::path::Path;

use chappe_correlate::{CASCADE_REPORTS, CASCADE_WINDOW_HOURS, CascadePolicy};
use chappe_model::Severity;
use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::file::Source;
use crate::dependency_file::{self, DependencyFileError};

/// Most members that may be asked for: a bound that a typing error meets.
const MEMBERS: u32 = 100;
const HOUR_MS: u64 = 3_600_000;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CascadeTable {
    reports: Option<Spanned<u32>>,
    members: Option<Spanned<u32>>,
    window_hours: Option<Spanned<u64>>,
    least_severity: Option<Severity>,
    dependencies: Option<Spanned<String>>,
}

/// What it says; what it leaves out has the built-in value.
pub(super) fn policy(source: &Source<'_>, table: &CascadeTable, folder: &Path) -> Result<CascadePolicy, ConfigError> {
    let dependencies = match &table.dependencies {
        None => dependency_file::built_in()?,
        Some(path) => dependency_file::read(&folder.join(path.get_ref())).map_err(|error| match error {
            DependencyFileError::At(error) => error,
            DependencyFileError::Unread(error) => source.refuse(path, error.to_string()),
        })?,
    };
    let mut policy = CascadePolicy::new(dependencies);
    if let Some(reports) = &table.reports {
        if !(1..=CASCADE_REPORTS).contains(reports.get_ref()) {
            return Err(source.refuse(reports, format!("1 to {CASCADE_REPORTS} reports")));
        }
        policy.reports = *reports.get_ref();
    }
    if let Some(members) = &table.members {
        if !(2..=MEMBERS).contains(members.get_ref()) {
            let message = format!("2 to {MEMBERS} members: one alone warns nobody");
            return Err(source.refuse(members, message));
        }
        policy.members = *members.get_ref();
    }
    if let Some(hours) = &table.window_hours {
        if !(1..=CASCADE_WINDOW_HOURS).contains(hours.get_ref()) {
            return Err(source.refuse(hours, format!("1 to {CASCADE_WINDOW_HOURS} hours")));
        }
        policy.window_ms = hours.get_ref() * HOUR_MS;
    }
    policy.least_severity = table.least_severity.unwrap_or(policy.least_severity);
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, folder: &Path) -> Result<Option<CascadePolicy>, String> {
        let member = "[[members]]\nid = \"europol\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";
        let text = format!("{text}\n{member}");
        let config = crate::config::Config::parse(&text, "chappe.toml".as_ref(), folder);
        config
            .map(|config| config.policy.unwrap().cascade)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn cascades_are_warned_of_where_the_section_stands() {
        let here = Path::new(".");
        assert_eq!(parsed("[policy]", here), Ok(None));
        let built_in = CascadePolicy::new(dependency_file::built_in().unwrap());
        assert_eq!(parsed("[policy.cascade]", here), Ok(Some(built_in.clone())));
        let other = "[policy.cascade]\nreports = 5\nmembers = 3\nwindow-hours = 6\nleast-severity = \"critical\"";
        let expected = CascadePolicy {
            reports: 5,
            members: 3,
            window_ms: 6 * HOUR_MS,
            least_severity: Severity::Critical,
            ..built_in
        };
        assert_eq!(parsed(other, here), Ok(Some(expected)));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        for (wrong, says) in [
            ("reports = 0", ":2:11: 1 to 100 reports"),
            ("members = 1", ":2:11: 2 to 100 members: one alone warns nobody"),
            ("window-hours = 337", ":2:16: 1 to 336 hours"),
            ("least-severity = \"bad\"", ":2:18: "),
            ("dependencies = \"gone.toml\"", "gone.toml: No such file"),
            ("sure = true", "unknown field"),
        ] {
            let error = parsed(&format!("[policy.cascade]\n{wrong}"), folder.path()).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        std::fs::write(folder.path().join("own.toml"), "version = 7\n").unwrap();
        let error = parsed("[policy.cascade]\ndependencies = \"own.toml\"", folder.path()).unwrap_err();
        assert!(error.contains("own.toml:1:11"), "the fault is that file's: {error}");
        std::fs::write(folder.path().join("own.toml"), "version = \"mine\"\n").unwrap();
        let own = parsed("[policy.cascade]\ndependencies = \"own.toml\"", folder.path());
        assert_eq!(&**own.unwrap().unwrap().dependencies.version(), "mine");
    }
}
