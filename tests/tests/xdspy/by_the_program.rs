//! The same with the program as members use it: `chappe submit`, and the alerts on a stream.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use chappe_proto::v1;
use chappe_tests::{Feed, Options, PATIENCE, Program, binary, now};

use super::events::{DIFFERENT, Raised, SUBMITTERS, XDSPY, event, one_id_each, table};

/// `chappe submit --as <member> --countries <its own>`, ended if it takes too long.
fn submit(program: &Program, (member, country): (&str, &str), event: &Path, more: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command
        .arg(PATIENCE.as_secs().to_string())
        .arg(binary().unwrap())
        .arg("submit")
        .arg(event);
    command.args([
        "--as",
        member,
        "--countries",
        country,
        "--server",
        &program.address().to_string(),
    ]);
    command
        .arg("--tokens")
        .arg(program.folder().join("tokens.toml"))
        .args(more);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Every alert revision told to a member so far, once everything submitted so far was judged.
async fn told(program: &Program, viewer: &str) -> Vec<v1::Alert> {
    let mut feed = Feed::from_beginning(&program.client(viewer).unwrap()).await.unwrap();
    feed.until_judged(now()).await.unwrap()
}

fn by_id(told: &[v1::Alert]) -> BTreeMap<String, Raised> {
    one_id_each(told.iter().map(|alert| {
        let key: Vec<&str> = alert.key.iter().map(|field| field.value.as_str()).collect();
        let rule = &alert.explanation.as_ref().unwrap().rule_id;
        let members = alert.counts.unwrap().members;
        (
            alert.name.clone(),
            Raised::new(rule, &key, alert.countries.clone(), members),
        )
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn three_members_raise_the_table_and_submitting_again_changes_nothing() {
    let test = "three_members_raise_the_table_and_submitting_again_changes_nothing";
    let Some(event) = event(test, XDSPY) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path()).unwrap();
    for who in SUBMITTERS {
        let refused = submit(&program, who, &event, &[]);
        assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
        assert!(
            said(&refused).contains("incident.marking.tlp: missing: give a TLP 2.0 label"),
            "{}",
            said(&refused)
        );
    }
    assert_eq!(told(&program, "europol").await, [], "unmarked reports are refused");

    for who in SUBMITTERS {
        let accepted = submit(&program, who, &event, &["--tlp", "amber"]);
        assert!(accepted.status.success(), "{}", said(&accepted));
        assert!(
            said(&accepted).contains("45 items read, 26 skipped"),
            "{}",
            said(&accepted)
        );
    }
    let first = told(&program, "europol").await;
    assert_eq!(by_id(&first).into_values().collect::<BTreeSet<_>>(), table());
    assert_eq!(
        by_id(&told(&program, "csirt-fr").await),
        by_id(&first),
        "three members stand behind it: everybody is told"
    );

    for who in SUBMITTERS {
        let again = submit(&program, who, &event, &["--tlp", "amber"]);
        assert!(again.status.success(), "{}", said(&again));
    }
    assert_eq!(told(&program, "europol").await, first, "not even a revision more");
    program.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn unmarked_reports_taken_as_red_and_different_events_raise_nothing() {
    let test = "unmarked_reports_taken_as_red_and_different_events_raise_nothing";
    let events: Vec<_> = DIFFERENT.iter().filter_map(|file| event(test, file)).collect();
    let [xdspy, ..] = &events[..] else { return };
    let folder = tempfile::tempdir().unwrap();
    let unmarked: Vec<toml::Value> = SUBMITTERS
        .iter()
        .map(|(member, _)| toml::Value::from(*member))
        .collect();
    let options = Options::default().set("policy.unmarked-as-red", unmarked);
    let mut program = Program::start_with(folder.path(), options).unwrap();
    for who in SUBMITTERS {
        let accepted = submit(&program, who, xdspy, &[]);
        assert!(accepted.status.success(), "{}", said(&accepted));
        assert!(said(&accepted).contains("taken as TLP:RED"), "{}", said(&accepted));
    }
    for (who, event) in [("csirt-be", "BE"), ("csirt-cz", "CZ"), ("csirt-de", "DE")]
        .into_iter()
        .zip(&events)
    {
        let accepted = submit(&program, who, event, &["--tlp", "amber"]);
        assert!(accepted.status.success(), "{}", said(&accepted));
    }
    for viewer in ["europol", "enisa", "csirt-at", "csirt-be", "csirt-fr"] {
        assert_eq!(told(&program, viewer).await, [], "{viewer}");
    }
    program.stop().unwrap();
}
