//! The published files of `../shared/data`, read, written and read again. They are not part of the project; where they are absent the test says so.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use chappe_exchange::{Draft, Format, Told, read_misp, read_stix, write_misp_feed, write_stix};
use chappe_model::{Indicator, IndicatorKind, Pap, Severity, Tlp};

use crate::told::alert;

/// An alert that says what a report says, as if all of it had been told.
fn as_told(draft: &Draft) -> Told {
    Told {
        severity: draft.severity.unwrap_or(Severity::Medium),
        tlp: draft.tlp.unwrap_or(Tlp::Amber),
        pap: draft.pap.unwrap_or(Pap::Amber),
        key: draft
            .indicators
            .iter()
            .map(|one| ("indicator".to_owned(), one.to_string()))
            .collect(),
        countries: draft.countries.clone(),
        sectors: draft.sectors.clone(),
        incident_types: draft.incident_type.into_iter().collect(),
        ..alert(1)
    }
}

fn drafts(path: &Path) -> Vec<Draft> {
    let bytes = fs::read(path).unwrap();
    let readings = match Format::of(&bytes) {
        Some(Format::Misp) => read_misp("f", &bytes),
        Some(Format::Stix) => read_stix("f", &bytes),
        other => panic!("{}: {other:?}", path.display()),
    };
    readings
        .unwrap()
        .into_iter()
        .flatten()
        .map(|reading| reading.draft)
        .collect()
}

#[test]
fn published_files_are_written_and_read_again_with_nothing_lost_but_what_is_named() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["misp", "stix"] {
        let Ok(entries) = fs::read_dir(data.join(folder)) else {
            let word = format!(
                "SKIPPED: published_files_are_written_and_read_again_with_nothing_lost_but_what_is_named: ../shared/data/{folder} is absent"
            );
            println!("{word}");
            if let Some(list) = std::env::var_os("CHAPPE_SKIPS") {
                let mut list = fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
                writeln!(list, "{word}").unwrap();
            }
            return;
        };
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    let drafts: Vec<Draft> = files.iter().flat_map(|path| drafts(path)).collect();
    assert!(drafts.len() >= 8, "{}", drafts.len());
    for draft in drafts {
        let told = as_told(&draft);
        let of =
            |readings: Vec<Result<chappe_exchange::Reading, _>>| readings.into_iter().next().unwrap().unwrap().draft;
        let stix = of(read_stix("f", write_stix(std::slice::from_ref(&told)).as_bytes()).unwrap());
        let feed = write_misp_feed(std::slice::from_ref(&told));
        let misp = of(read_misp("f", feed[0].text.as_bytes()).unwrap());
        // MISP has no types for these.
        let is_typed = |one: &&Indicator| !matches!(one.kind(), IndicatorKind::Malware | IndicatorKind::Technique);
        let typed: BTreeSet<Indicator> = draft.indicators.iter().filter(is_typed).cloned().collect();
        for (again, expected) in [(&stix, &draft.indicators), (&misp, &typed)] {
            assert_eq!(&again.indicators, expected, "{}", draft.source);
            assert_eq!((again.tlp, again.pap), (Some(told.tlp), Some(told.pap)));
            assert_eq!(
                (again.incident_type, again.severity),
                (draft.incident_type, Some(told.severity))
            );
            assert_eq!(again.sectors, draft.sectors);
        }
        assert_eq!(stix.countries, draft.countries);
    }
}
