//! An envelope that is added: its objects, and the reports that they make.

use std::collections::{BTreeMap, BTreeSet};

use chappe_exchange::{Draft, OWN_NOTE, Reading, SkipReason, StixBounds, read_stix_within};
use serde_json::{Value, json};

/// Most objects in one envelope.
pub(super) const ENVELOPE_OBJECTS: usize = 2_000;
/// Most that the reports of one envelope may hold together: an object that many of them refer to stands in memory for each.
const ENVELOPE_BOUNDS: StixBounds = StixBounds {
    reports: 200,
    items: 50_000,
};
/// Longest message on an object, in characters.
const MESSAGE_CHARS: usize = 300;
/// What messages call the envelope.
const NAME: &str = "the envelope";

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing yet: it is in no report.
    Open,
    /// It is in a report that was taken.
    Taken,
    /// It is not, for this reason.
    Failed(String),
}

struct Object {
    id: String,
    version: Option<String>,
    fate: Fate,
}

/// A report, and the objects that were read for it.
pub(super) struct Report {
    pub(super) draft: Draft,
    pub(super) objects: BTreeSet<usize>,
}

/// An envelope, read.
pub(super) struct Envelope {
    objects: Vec<Object>,
    pub(super) reports: Vec<Report>,
}

impl Envelope {
    /// Reads an envelope; or why it is none that can be processed.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let whole: Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
        let given = match &whole["objects"] {
            Value::Array(objects) if whole.get("type").is_none() && !objects.is_empty() => objects,
            _ => return Err("not an envelope with objects: send {\"objects\": [...]}".to_owned()),
        };
        if given.len() > ENVELOPE_OBJECTS {
            return Err(format!(
                "{} objects: at most {ENVELOPE_OBJECTS} are taken at once",
                given.len()
            ));
        }
        let objects = given.iter().enumerate().map(|(index, object)| object_of(index, object));
        let mut envelope = Self {
            objects: objects.collect(),
            reports: Vec::new(),
        };
        let readings = read_stix_within(NAME, bytes, ENVELOPE_BOUNDS).map_err(|error| error.to_string())?;
        for reading in readings {
            match reading {
                Ok(reading) => envelope.add(reading),
                Err(error) => envelope.fail_open(&error.to_string()),
            }
        }
        Ok(envelope)
    }

    fn add(&mut self, reading: Reading) {
        let read = reading.read.iter().filter_map(|item| place(&item.path));
        let mut objects: BTreeSet<usize> = read.collect();
        for skipped in &reading.skipped {
            let Some(index) = place(&skipped.path) else { continue };
            if skipped.reason == SkipReason::NotCorrelated {
                // It came with the rest, and nothing of it is compared.
                objects.insert(index);
            } else if let Some(object) = self.objects.get_mut(index)
                && !objects.contains(&index)
            {
                object.fate = Fate::Failed(cut(&skipped.reason.to_string()));
            }
        }
        if reading.notes.iter().any(|note| note == OWN_NOTE) {
            // A person who submits it is asked; here nobody would be, and an alert would come to confirm itself, an exercise as what it plays.
            for index in objects {
                self.objects[index].fate = Fate::Failed(OWN_NOTE.to_owned());
            }
            return;
        }
        self.reports.push(Report {
            draft: reading.draft,
            objects,
        });
    }

    /// One of its reports could not be made: that is all that is known of what is in no other.
    fn fail_open(&mut self, why: &str) {
        for object in self.objects.iter_mut().filter(|object| object.fate == Fate::Open) {
            object.fate = Fate::Failed(cut(why));
        }
    }

    /// Takes what became of the reports that objects are in.
    pub(super) fn decide(&mut self, outcomes: BTreeMap<usize, Result<(), String>>) {
        for (index, outcome) in outcomes {
            let Some(object) = self.objects.get_mut(index) else {
                continue;
            };
            object.fate = match outcome {
                Ok(()) => Fate::Taken,
                Err(why) => Fate::Failed(cut(&why)),
            };
        }
    }

    /// How many objects there are.
    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// The status details of what was taken and of what was not. One without a version has the time of the request.
    pub(super) fn details(&self, asked_at: &str) -> (Vec<Value>, Vec<Value>) {
        let (mut successes, mut failures) = (Vec::new(), Vec::new());
        for object in &self.objects {
            let version = object.version.as_deref().unwrap_or(asked_at);
            let mut detail = json!({ "id": object.id, "version": version });
            match &object.fate {
                Fate::Taken => successes.push(detail),
                Fate::Open => {
                    detail["message"] = "nothing was reported of it".into();
                    failures.push(detail);
                }
                Fate::Failed(why) => {
                    detail["message"] = why.as_str().into();
                    failures.push(detail);
                }
            }
        }
        (successes, failures)
    }
}

fn object_of(index: usize, object: &Value) -> Object {
    let text = |member: &str| object[member].as_str().map(cut);
    Object {
        id: text("id").unwrap_or_else(|| format!("objects[{index}]")),
        version: text("modified").or_else(|| text("created")),
        fate: Fate::Open,
    }
}

/// Which object a place of the envelope is in, such as `objects[3].objects.0`.
fn place(path: &str) -> Option<usize> {
    let (index, _) = path.strip_prefix("objects[")?.split_once(']')?;
    index.parse().ok()
}

fn cut(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn indicator(n: u8, pattern: &str) -> Value {
        let time = "2026-03-02T06:15:00.000Z";
        json!({
            "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{n:012}"), "created": time, "modified": time,
            "pattern": pattern, "pattern_type": "stix", "valid_from": time,
        })
    }

    #[test]
    fn every_object_is_accounted_for() {
        let author = json!({ "type": "identity", "spec_version": "2.1", "id": "identity--00000000-0000-4000-8000-000000000009", "name": "x" });
        let objects = [
            indicator(1, "[domain-name:value = 'bad.example']"),
            indicator(2, "[x-other:y = 'z']"),
            author,
        ];
        let mut envelope = Envelope::read(json!({ "objects": objects }).to_string().as_bytes()).unwrap();
        assert_eq!((envelope.len(), envelope.reports.len()), (3, 1));
        let objects = envelope.reports[0].objects.clone();
        envelope.decide(objects.into_iter().map(|object| (object, Ok(()))).collect());
        let (successes, failures) = envelope.details("now");
        let ids = |details: &[Value]| -> Vec<char> {
            details
                .iter()
                .map(|detail| detail["id"].as_str().unwrap().chars().last().unwrap())
                .collect()
        };
        assert_eq!((ids(&successes), ids(&failures)), (vec!['1', '9'], vec!['2']));
        assert_eq!(
            (&successes[0]["version"], &successes[1]["version"]),
            (&json!("2026-03-02T06:15:00.000Z"), &json!("now"))
        );
        assert!(failures[0]["message"].as_str().unwrap().len() > 3, "{failures:?}");
    }

    #[test]
    fn what_chappe_wrote_is_not_reported_again() {
        use chappe_exchange::{Told, stix_objects};
        let exercise = Told {
            exercise: true,
            ..Told::from(&crate::tests::rig::revision(1, 1))
        };
        let own = stix_objects(&exercise);
        let stripped = |index: usize| {
            let mut object = own[index].clone();
            object.as_object_mut().unwrap().remove("created_by_ref");
            object
        };
        let report = own.len() - 1;
        let mine = indicator(1, "[domain-name:value = 'bad.example']");
        for (objects, reports) in [
            (own.clone(), 0),
            (vec![stripped(0), stripped(report)], 0),
            (vec![own[0].clone()], 0),
            (vec![own[0].clone(), mine.clone()], 0),
            (vec![own[0].clone(), stripped(report), mine], 1),
        ] {
            let envelope = Envelope::read(json!({ "objects": objects }).to_string().as_bytes()).unwrap();
            assert_eq!(envelope.reports.len(), reports, "{objects:?}");
            let (_, failures) = envelope.details("now");
            assert_eq!(failures[0]["message"], OWN_NOTE);
        }
    }

    /// An envelope of one indicator of many values, and reports that all refer to it.
    fn manifold(values: usize, reports: usize) -> String {
        let values: Vec<String> = (0..values).map(|n| format!("'a{n}.example'")).collect();
        let shared = indicator(1, &format!("[domain-name:value IN ({})]", values.join(",")));
        let reports = (0..reports).map(|n| {
            json!({ "type": "report", "spec_version": "2.1", "id": format!("report--00000000-0000-4000-8000-{n:012}"), "object_refs": [shared["id"]] })
        });
        let objects: Vec<Value> = reports.chain([shared.clone()]).collect();
        json!({ "objects": objects }).to_string()
    }

    #[test]
    fn what_many_reports_refer_to_counts_for_each() {
        let refused = |text: &str| Envelope::read(text.as_bytes()).err();
        let text = manifold(12_000, 1_900);
        assert!(text.len() < 1 << 20, "{}", text.len());
        let why = refused(&text).unwrap();
        assert!(why.contains("more than 50000 items"), "{why}");
        let why = refused(&manifold(1, 201)).unwrap();
        assert!(why.contains("more than 200 reports"), "{why}");
        let envelope = Envelope::read(manifold(100, 200).as_bytes()).unwrap();
        assert_eq!(envelope.reports.len(), 200);
    }

    #[test]
    fn what_is_no_envelope_is_said_to_be_none() {
        for text in [
            "",
            "x",
            "[]",
            "{}",
            "{\"objects\": []}",
            "{\"objects\": 1}",
            "{\"type\": \"bundle\", \"objects\": [{}]}",
        ] {
            assert!(Envelope::read(text.as_bytes()).is_err(), "{text}");
        }
        let many = vec![json!({}); ENVELOPE_OBJECTS + 1];
        let refused = Envelope::read(json!({ "objects": many }).to_string().as_bytes())
            .err()
            .unwrap();
        assert!(refused.contains("at most 2000"), "{refused}");
    }
}
