//! What every package's manifest says alike: one lint table, one licence, one toolchain, nothing published by accident.

use toml::{Table, Value};

use super::finding::Finding;
use super::sources::Source;

/// Keys that a package takes over from the workspace.
const INHERITED: &[&str] = &["edition", "license", "publish", "rust-version", "version"];

/// What a package's manifest lacks. The workspace's own manifest is no package's.
pub(crate) fn of_manifest(source: &Source) -> Vec<Finding> {
    let Ok(manifest) = source.text.parse::<Table>() else {
        return Vec::new();
    };
    let Some(package) = manifest.get("package").and_then(Value::as_table) else {
        return Vec::new();
    };
    let finding = |reason: String| Finding::new(&source.path, 1, reason);
    let mut found: Vec<Finding> = INHERITED
        .iter()
        .filter(|key| !is_inherited(package.get(**key)))
        .map(|key| finding(format!("{key}.workspace = true is missing from [package]")))
        .collect();
    if !is_inherited(manifest.get("lints")) {
        found.push(finding(
            "[lints] workspace = true is missing: the package would escape the workspace's lints".to_owned(),
        ));
    }
    found
}

fn is_inherited(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_takes_over_the_workspace_s_settings() {
        let keys: String = INHERITED
            .iter()
            .map(|key| format!("{key}.workspace = true\n"))
            .collect();
        let whole = format!("[package]\nname = \"a\"\n{keys}[lints]\nworkspace = true\n");
        let found = |text: &str| of_manifest(&Source::new("crates/a/Cargo.toml", text)).len();
        assert_eq!(found(&whole), 0);
        assert_eq!(found(&whole.replace("[lints]\nworkspace = true\n", "")), 1);
        assert_eq!(
            found(&whole.replace("license.workspace = true", "license = \"MIT\"")),
            1
        );
        assert_eq!(found("[workspace]\nmembers = []\n"), 0);
    }
}
