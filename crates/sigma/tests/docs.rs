//! `docs/rules.md`: every example is read, every refusal is one, every field and modifier is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use chappe_model::{Field, Subject};
use chappe_sigma::{SourceText, load};

const DOCS: &str = include_str!("../../../docs/rules.md");

fn section(title: &str) -> &'static str {
    let rest = DOCS
        .split(&format!("# {title}\n"))
        .nth(1)
        .unwrap_or_else(|| panic!("no section {title}"));
    rest.split("\n#").next().unwrap()
}

/// The cells of each row of the section's tables, without their heads.
fn rows(title: &str) -> Vec<Vec<String>> {
    let rows = section(title)
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let cells = |line: &str| {
        let kept = line.replace("\\|", "\u{0}");
        let cells: Vec<String> = kept.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
        cells[1..cells.len() - 1].to_vec()
    };
    rows.skip(1).map(cells).collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn read_entry(entry: &str) -> Result<(), String> {
    let text = format!(
        "title: B\nname: b\nlogsource: {{product: chappe}}\ndetection:\n  s:\n    {entry}\n  condition: s\n---\ntitle: C\nname: c\ncorrelation: {{type: event_count, rules: [b], group-by: [], timespan: 1h, condition: {{gte: 2}}}}\n"
    );
    load(&[SourceText::new("r.yml", &text)])
        .map(|_| ())
        .map_err(|refused| refused.to_string())
}

#[test]
fn every_whole_example_is_read() {
    let blocks: Vec<&str> = DOCS
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        let loaded =
            load(&[SourceText::new("docs/rules.md", block)]).unwrap_or_else(|refused| panic!("{refused}\nof\n{block}"));
        assert!(!loaded.rules.is_empty());
    }
}

#[test]
fn the_table_of_fields_is_whole_and_true() {
    let rows = rows("Fields");
    let named: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    let known: BTreeSet<&str> = Field::all()
        .map(Field::as_str)
        .chain(Subject::all().map(Subject::as_str))
        .collect();
    assert_eq!(named, known);
    for row in &rows {
        let name = quoted(&row[0])[0];
        assert_eq!(
            Subject::parse(name).is_some(),
            !row[1].is_empty(),
            "{name} can be selected or not"
        );
        let counted = Field::parse(name);
        assert_eq!(counted.is_some(), row[3] == "yes", "{name} can be counted or not");
        let keys = counted.is_some_and(|field| !field.names_members() && field != Field::AttestedCountry);
        assert_eq!(keys, row[2] == "yes", "{name} can be grouped by or not");
        for entry in quoted(&row[1]) {
            assert!(entry.starts_with(name), "{entry} shows {name}");
            assert_eq!(read_entry(entry), Ok(()), "{entry}");
        }
    }
}

#[test]
fn every_modifier_has_an_example_that_is_read() {
    let rows = rows("Modifiers");
    for row in &rows {
        for entry in quoted(&row[1]) {
            assert_eq!(read_entry(entry), Ok(()), "{entry}");
        }
    }
    let named: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    for modifier in [
        "contains",
        "startswith",
        "endswith",
        "cased",
        "all",
        "re",
        "re|i",
        "re|m",
        "re|s",
        "cidr",
        "exists",
        "gt",
        "gte",
        "lt",
        "lte",
    ] {
        assert!(named.contains(modifier), "{modifier}");
    }
}

#[test]
fn what_is_said_to_be_refused_is() {
    let rows = rows("What of Sigma is refused");
    assert!(rows.len() >= 9);
    for row in rows {
        for entry in quoted(&row[1]) {
            assert!(read_entry(entry).is_err(), "{entry} is read");
        }
    }
}
