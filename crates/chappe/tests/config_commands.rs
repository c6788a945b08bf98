//! `chappe config`, as an operator uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const FILE: &str = "\
memory-mib = 64
[policy.urgent]
quota = 3
[policy.surge]
bin = \"day\"
[[members]]
id = \"csirt-at\"
country = \"AT\"
token-digest = \"00112233445566778899aabbccddeeff\"
";

/// Exit code, what was said, what was said beside it.
fn config(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    let output = command.current_dir(folder).arg("config").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("chappe.toml"), text).unwrap();
    folder
}

#[test]
fn every_value_is_shown_with_its_unit_where_it_comes_from_and_what_it_means() {
    let folder = with(FILE);
    let (code, said, _) = config(folder.path(), &["show", "--json"]);
    let shown: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(code, 0, "{said}");
    let setting = |key: &str| {
        let settings = shown["settings"].as_array().unwrap();
        settings.iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    let of = |key: &str| {
        let setting = setting(key);
        (
            setting["value"].clone(),
            setting["origin"].clone(),
            setting["unit"].clone(),
        )
    };
    assert_eq!(of("memory-mib"), (64.into(), "file".into(), "MiB".into()));
    assert_eq!(of("policy.urgent.quota"), (3.into(), "file".into(), "alerts".into()));
    assert_eq!(
        of("policy.urgent.window-hours"),
        (24.into(), "default".into(), "hours".into())
    );
    assert_eq!(of("policy.surge.bin"), ("day".into(), "file".into(), Value::Null));
    assert_eq!(
        of("policy.surge.false-alarms-per-year"),
        (12.into(), "default".into(), "alerts".into())
    );
    assert_eq!(of("metrics"), (Value::Null, "default".into(), Value::Null));
    assert_eq!(of("listen").0, "127.0.0.1:7600");
    assert_eq!(setting("quotas.burst")["takes"], "1 to 4294967295");
    assert_eq!(shown["members"][0]["id"], "csirt-at");
    assert!(!said.contains("00112233"), "digests are nobody's to read: {said}");
}

#[test]
fn what_is_shown_is_a_configuration_of_the_same_meaning() {
    let folder = with(FILE);
    let (code, said, _) = config(folder.path(), &["show"]);
    assert_eq!(code, 0);
    assert!(said.contains("\nquota = 3"), "{said}");
    assert!(
        said.contains("# file: alerts of one reporter and window that go out at once"),
        "{said}"
    );
    assert!(said.contains("\n# off: [kafka]\n"), "{said}");
    assert!(said.contains("\n#   csirt-at, AT, member\n"), "{said}");
    let members = FILE.split_once("[[members]]").unwrap().1;
    let again = with(&format!("{said}\n[[members]]{members}"));
    let values = |folder: &Path| {
        let (code, said, _) = config(folder, &["show", "--json"]);
        assert_eq!(code, 0, "{said}");
        let shown: Value = serde_json::from_str(&said).unwrap();
        let settings = shown["settings"].as_array().unwrap().iter();
        // The process's number is in one of them.
        let kept = settings.filter(|setting| setting["key"] != "instance");
        kept.map(|setting| setting["value"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(values(folder.path()), values(again.path()));
}

#[test]
fn check_says_what_serve_would() {
    let folder = with(FILE);
    let (code, said, _) = config(folder.path(), &["check"]);
    assert_eq!(
        (code, &*said),
        (
            0,
            "sound: chappe.toml with 1 member, 0 rules of files, 0 warning lists\n"
        )
    );
    for (wrong, right, place, says) in [
        (
            "qutoa = 3",
            "quota = 3",
            "3:1",
            "unknown field `qutoa`: did you mean 'quota'?",
        ),
        ("memory-mib = 7", "memory-mib = 64", "1:14", "64 to 1048576"),
        (
            "quota = -1",
            "quota = 3",
            "3:9",
            "'policy.urgent.quota' takes 0 to 4294967295 alerts",
        ),
    ] {
        let folder = with(&FILE.replace(right, wrong));
        let (code, said, _) = config(folder.path(), &["check"]);
        assert_eq!(code, 3, "{said}");
        assert!(
            said.starts_with(&format!("chappe.toml:{place}: ")) && said.contains(says),
            "{said}"
        );
        let serve = Command::new(env!("CARGO_BIN_EXE_chappe"))
            .current_dir(folder.path())
            .arg("serve")
            .output()
            .unwrap();
        let served = String::from_utf8(serve.stderr).unwrap();
        assert_eq!(serve.status.code(), Some(1));
        assert!(
            served.contains(said.lines().next().unwrap()),
            "{served}\nis not\n{said}"
        );
        let (code, said, _) = config(folder.path(), &["check", "--json"]);
        let refused: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(code, 3);
        let at = format!("{}:{}", refused["line"], refused["column"]);
        assert_eq!((at.as_str(), &refused["sound"]), (place, &Value::Bool(false)));
    }
}

#[test]
fn a_file_that_is_not_there_is_a_failure_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["show", "check"] {
        let (code, said, beside) = config(folder.path(), &[command]);
        assert_eq!((code, said.as_str()), (1, ""));
        assert!(
            beside.contains("chappe.toml: No such file") && beside.contains("chappe init"),
            "{beside}"
        );
    }
}
