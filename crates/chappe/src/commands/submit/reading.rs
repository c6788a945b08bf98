//! From the bytes of a file to reports for the wire, whatever the format.

use std::collections::BTreeMap;

use chappe_exchange::{
    Draft, Format, Mapping, ReadError, Reading, Skipped, read_idea, read_misp, read_stix, read_table,
};
use chappe_model::limits::INDICATORS;
use chappe_model::{Country, Indicator, Rsit, Timestamp};
use chappe_proto::{incident, time, v1};

use crate::cli::FillArgs;
use crate::report_file::{looks_like_reports, read_reports};
use crate::words;

/// Type of a report of a foreign format that names none, unless told otherwise.
pub(crate) const DEFAULT_TYPE: Rsit = Rsit::Undetermined;

/// What a file held.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// What the reports are called in the format that the file was read as.
    pub(crate) noun: &'static str,
    /// Whether the format is not Chappe's own: its items are counted.
    pub(crate) is_foreign: bool,
    /// Ready to be sent.
    pub(crate) reports: Vec<v1::Incident>,
    /// What could not be read, as text: the whole file, or one of its events or reports.
    pub(crate) faults: Vec<String>,
    /// Items of foreign formats that were read.
    pub(crate) items_read: usize,
    /// And those that were not: reason to number.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Each of them: place, what it is, reason.
    pub(crate) skipped_items: Vec<String>,
    /// What else the submitter should know.
    pub(crate) notes: Vec<String>,
    /// What only its marking or distribution keeps out of the reports: who reports nothing may look for it. Its reasons count among the skipped.
    pub(crate) withheld: Vec<Withheld>,
}

/// An item that may not be reported with the rest.
#[derive(Debug)]
pub(crate) struct Withheld {
    pub(crate) reason: String,
    pub(crate) indicators: Vec<Indicator>,
}

/// Reads a file, by a mapping where there is one, and fills in what its reports lack.
pub(crate) fn read(name: &str, bytes: &[u8], mapping: Option<&Mapping>, fill: &FillArgs) -> Content {
    let mut content = match mapping {
        Some(mapping) => foreign(name, "report", read_table(name, bytes, mapping)),
        None => by_its_words(name, bytes),
    };
    let is_foreign = content.is_foreign;
    content
        .reports
        .iter_mut()
        .for_each(|report| fill_in(report, is_foreign, fill));
    content
}

/// Reads a file of a format that says itself what it is.
fn by_its_words(name: &str, bytes: &[u8]) -> Content {
    let own = std::str::from_utf8(bytes).ok().filter(|text| looks_like_reports(text));
    match own {
        Some(text) => own_reports(text),
        None => match Format::of(bytes) {
            Some(Format::Idea) => foreign(name, "message", read_idea(name, bytes)),
            Some(Format::Stix) => foreign(name, "report", read_stix(name, bytes)),
            // Also says what is wrong with a file that is none of them: encoding, syntax, or what it found instead.
            Some(Format::Misp) | None => foreign(name, "event", read_misp(name, bytes)),
        },
    }
}

fn own_reports(text: &str) -> Content {
    let mut content = Content {
        noun: "report",
        ..Content::default()
    };
    match read_reports(text) {
        Ok(found) => {
            for report in found {
                match report {
                    Ok(report) => content.reports.push(report),
                    Err(error) => content.faults.push(error.to_string()),
                }
            }
        }
        Err(error) => content.faults.push(error.to_string()),
    }
    content
}

fn foreign(name: &str, noun: &'static str, read: Result<Vec<Result<Reading, ReadError>>, ReadError>) -> Content {
    let mut content = Content {
        noun,
        is_foreign: true,
        ..Content::default()
    };
    let readings = match read {
        Ok(readings) => readings,
        Err(error) => {
            content.faults.push(without_name(name, &error.to_string()));
            return content;
        }
    };
    for reading in readings {
        match reading {
            Ok(reading) => add(&mut content, reading),
            Err(error) => content.faults.push(without_name(name, &error.to_string())),
        }
    }
    content
}

fn add(content: &mut Content, reading: Reading) {
    content.items_read += reading.read.len();
    for skipped in reading.skipped {
        let Skipped { path, what, .. } = &skipped;
        let reason = words::plain(&skipped.reason.to_string());
        content
            .skipped_items
            .push(format!("{} ({}): {reason}", words::plain(path), words::plain(what)));
        // Reasons that name the value would each be counted alone.
        let counted = if reason.starts_with('"') {
            "not a valid value of its type".to_owned()
        } else {
            reason
        };
        if !skipped.withheld.is_empty() {
            content.withheld.push(Withheld {
                reason: counted.clone(),
                indicators: skipped.withheld,
            });
        }
        *content.skipped.entry(counted).or_default() += 1;
    }
    content
        .notes
        .extend(reading.notes.iter().map(|note| words::plain(note)));
    content.reports.push(from_draft(reading.draft));
}

/// What to do with what is too much for one report.
const SPLIT: &str = "split it by what belongs together, in STIX by reports or groupings that refer to it";

impl Content {
    /// Takes out what no report can carry: the server would refuse it too, but not say what of the file it is.
    pub(crate) fn within_bounds(mut self) -> Self {
        let too_much = |report: &mut v1::Incident| report.indicators.len() > INDICATORS;
        for report in self.reports.extract_if(.., too_much) {
            self.faults.push(format!(
                "{} ({}): {} indicators, and one report carries at most {INDICATORS}: {SPLIT}",
                words::plain(&report.report_key),
                words::plain(&report.title),
                report.indicators.len()
            ));
        }
        self
    }
}

/// The summary names the file already.
fn without_name(name: &str, message: &str) -> String {
    message
        .strip_prefix(name)
        .map_or(message, |rest| rest.trim_start_matches(": "))
        .to_owned()
}

/// What a member added over TAXII, of whom nothing more can be asked: the countries that it does not name are its own, as a file's would be with
/// `--countries`.
pub(crate) fn added(draft: Draft, home: Option<Country>) -> v1::Incident {
    let mut report = from_draft(draft);
    let fill = FillArgs {
        countries: home.into_iter().collect(),
        ..FillArgs::default()
    };
    fill_in(&mut report, true, &fill);
    report
}

fn from_draft(draft: Draft) -> v1::Incident {
    let marked = draft.tlp.is_some() || draft.pap.is_some();
    let marking = v1::Marking {
        tlp: draft.tlp.map_or(0, |tlp| words::tlp_code(tlp) as i32),
        pap: draft.pap.map_or(0, |pap| words::pap_code(pap) as i32),
        ..v1::Marking::default()
    };
    let moment = |millis: Option<u64>| millis.map(|millis| time::to_wire(Timestamp::from_millis(millis)));
    let indicators = draft.indicators.iter().map(incident::indicator_to_wire);
    v1::Incident {
        report_key: draft.report_key,
        revision: draft.revision,
        incident_type: draft
            .incident_type
            .map(|rsit| rsit.as_str().to_owned())
            .unwrap_or_default(),
        severity: draft
            .severity
            .map_or(0, |severity| words::severity_code(severity) as i32),
        marking: marked.then_some(marking),
        occurred_from: moment(draft.occurred_from_ms),
        occurred_to: moment(draft.occurred_to_ms),
        detected_at: moment(draft.detected_at_ms),
        countries: draft
            .countries
            .iter()
            .map(|country| country.as_str().to_owned())
            .collect(),
        sectors: draft.sectors.iter().map(|sector| sector.as_str().to_owned()).collect(),
        indicators: indicators.collect(),
        subsectors: draft.subsectors.iter().map(ToString::to_string).collect(),
        confidence: draft.confidence.map(|grade| grade.to_string()).unwrap_or_default(),
        title: draft.title,
        summary: draft.summary,
        ..v1::Incident::default()
    }
}

/// Fills in what a report lacks, and nothing else.
fn fill_in(report: &mut v1::Incident, is_foreign: bool, fill: &FillArgs) {
    if report.countries.is_empty() {
        report.countries = fill
            .countries
            .iter()
            .map(|country| country.as_str().to_owned())
            .collect();
    }
    if report.incident_type.is_empty() {
        // A report in Chappe's own form that lacks its type is the reporter's slip; those of other formats seldom have one.
        let default = is_foreign.then_some(DEFAULT_TYPE);
        report.incident_type = fill
            .incident_type
            .or(default)
            .map(|rsit| rsit.as_str().to_owned())
            .unwrap_or_default();
    }
    if report.severity == 0 {
        report.severity = fill
            .severity
            .map_or(0, |severity| words::severity_code(severity) as i32);
    }
    if let Some(tlp) = fill.tlp {
        let marking = report.marking.get_or_insert_default();
        if marking.tlp == 0 {
            marking.tlp = words::tlp_code(tlp) as i32;
        }
    }
    if let Some(marking) = &mut report.marking
        && marking.tlp() == v1::Tlp::Red
        && marking.recipients.is_empty()
    {
        marking.recipients = fill.recipients.iter().map(ToString::to_string).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chappe_model::{MemberId, Severity, Tlp};

    const EVENT: &str = r#"{"Event": {"uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": "1601564930", "info": "Wave",
        "Attribute": [{"type": "domain", "value": "bad.example"}, {"type": "comment", "value": "x"}, {"type": "ip-src", "value": "300.1.1.1"}]}}"#;

    fn fill() -> FillArgs {
        FillArgs {
            countries: vec![Country::parse("AT").unwrap()],
            tlp: Some(Tlp::Amber),
            recipients: vec![MemberId::parse("europol").unwrap()],
            incident_type: None,
            severity: Some(Severity::Low),
        }
    }

    #[test]
    fn a_misp_event_gets_what_it_lacks() {
        let content = read("f.json", EVENT.as_bytes(), None, &fill());
        assert_eq!(
            (content.noun, content.items_read, content.skipped_items.len()),
            ("event", 1, 2)
        );
        let report = &content.reports[0];
        assert_eq!(report.incident_type, "other/undetermined");
        assert_eq!(report.countries, ["AT"]);
        assert_eq!(report.marking.as_ref().unwrap().tlp(), v1::Tlp::Amber);
        assert!(report.detected_at.is_none());
        let bare = read("f.json", EVENT.as_bytes(), None, &FillArgs::default());
        assert!(bare.reports[0].marking.is_none() && bare.reports[0].countries.is_empty());
    }

    #[test]
    fn what_a_report_says_itself_stands() {
        let text = r#"{"report_key": "a", "tlp": "red", "severity": "high", "countries": ["FR"], "incident_type": "fraud/phishing"}"#;
        let report = &read("f.json", text.as_bytes(), None, &fill()).reports[0];
        let marking = report.marking.as_ref().unwrap();
        assert_eq!(
            (marking.tlp(), report.severity(), &report.countries[..]),
            (v1::Tlp::Red, v1::Severity::High, &["FR".to_owned()][..])
        );
        assert_eq!(report.incident_type, "fraud/phishing");
        assert_eq!(
            marking.recipients,
            ["europol"],
            "a TLP:RED report without recipients lacks them"
        );
    }

    #[test]
    fn an_own_report_without_a_type_is_left_to_the_server() {
        assert_eq!(
            read("f.json", br#"{"report_key": "a"}"#, None, &fill()).reports[0].incident_type,
            ""
        );
    }

    #[test]
    fn what_is_too_much_for_one_report_is_not_sent() {
        let object =
            |i: usize| format!(r#"{{"type": "domain-name", "id": "domain-name--{i}", "value": "n{i}.example"}}"#);
        let bundle = |most: usize| {
            let objects: Vec<String> = (0..most).map(object).collect();
            format!(
                r#"{{"type": "bundle", "id": "bundle--1", "objects": [{}]}}"#,
                objects.join(",")
            )
        };
        let whole = read("f.json", bundle(INDICATORS + 1).as_bytes(), None, &fill());
        assert_eq!(
            whole.reports[0].indicators.len(),
            INDICATORS + 1,
            "whoever only looks them up wants all"
        );
        let content = whole.within_bounds();
        assert!(content.reports.is_empty());
        let said = &content.faults[0];
        assert!(
            said.starts_with("stix:objects--") && said.contains("(STIX objects: domain-name): 1001 indicators"),
            "{said}"
        );
        assert!(
            said.contains("at most 1000") && said.contains("reports or groupings"),
            "{said}"
        );
        let enough = read("f.json", bundle(INDICATORS).as_bytes(), None, &fill());
        assert_eq!(enough.within_bounds().reports.len(), 1);
    }

    #[test]
    fn a_file_of_neither_form_is_named() {
        for bytes in [
            &b"no json"[..],
            b"",
            b"{\"Event\": ",
            b"\xff\xfe{\0",
            b"{\"objects\": 1}",
            b"{\"type\": \"bundle\", ",
        ] {
            let content = read("f.json", bytes, None, &fill());
            assert!(content.reports.is_empty());
            assert_eq!(content.faults.len(), 1, "{bytes:?}");
            assert!(!content.faults[0].starts_with("f.json"), "{}", content.faults[0]);
        }
    }
}
