//! MISP's galaxies: who is behind an event, by what means, and at whom it aims.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::tags;
use crate::loose;
use crate::notes::Notes;
use crate::shown::{one_line, shown};

/// What names of clusters begin with, as tags.
const TAXONOMY: &str = "misp-galaxy";

/// Most names that the summary lists of one group; the rest is counted in a note.
const NAMES: usize = 50;

/// What the clusters of an event say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Context {
    names: BTreeMap<Group, BTreeSet<String>>,
}

/// What a cluster names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Actor,
    Technique,
    Malware,
    Tool,
    /// Whom somebody aims at, at other times too: not who was hit by this event.
    Target,
}

impl Group {
    /// The group of a galaxy, by its type.
    fn of(galaxy: &str) -> Option<Self> {
        Some(match galaxy {
            "threat-actor"
            | "mitre-intrusion-set"
            | "mitre-enterprise-attack-intrusion-set"
            | "microsoft-activity-group" => Self::Actor,
            "mitre-attack-pattern"
            | "mitre-enterprise-attack-attack-pattern"
            | "mitre-mobile-attack-attack-pattern"
            | "mitre-ics-techniques" => Self::Technique,
            "mitre-malware"
            | "mitre-enterprise-attack-malware"
            | "malpedia"
            | "ransomware"
            | "rat"
            | "banker"
            | "stealer"
            | "botnet"
            | "backdoor"
            | "android"
            | "cryptominers" => Self::Malware,
            "tool" | "mitre-tool" | "mitre-enterprise-attack-tool" | "exploit-kit" => Self::Tool,
            "target-information" | "sector" => Self::Target,
            _ => return None,
        })
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Actor => "Actors",
            Self::Technique => "Techniques",
            Self::Malware => "Malware",
            Self::Tool => "Tools",
            Self::Target => "Aimed at",
        }
    }
}

/// Whether a tag is the name of a cluster.
pub(crate) fn is_cluster(tag: &str) -> bool {
    tags::is_of(tag, TAXONOMY)
}

/// The clusters of an event: those that it holds whole, and those that its tags name.
pub(super) fn of_event(event: &Map<String, Value>, notes: &mut Notes) -> Context {
    let mut context = Context::default();
    let mut whole = BTreeSet::new();
    for galaxy in loose::list(event, "Galaxy").iter().filter_map(Value::as_object) {
        for cluster in loose::list(galaxy, "GalaxyCluster").iter().filter_map(Value::as_object) {
            let kind = loose::text(cluster, "type").or_else(|| loose::text(galaxy, "type"));
            let (Some(kind), Some(value)) = (kind, loose::text(cluster, "value")) else {
                notes.push("a cluster of a galaxy without type or value is not read".to_owned());
                continue;
            };
            context.take(&kind, &value, notes);
            whole.insert((kind.into_owned(), value.into_owned()));
        }
    }
    for tag in tags::names(event).filter(|tag| is_cluster(tag)) {
        match parts(tag) {
            Some((kind, value)) if whole.contains(&(kind.to_owned(), value.to_owned())) => {}
            Some((kind, value)) => context.take(kind, value, notes),
            None => notes.push(format!("the tag {} is not read", shown(tag))),
        }
    }
    context
}

/// `misp-galaxy:threat-actor="X"` as galaxy and cluster.
fn parts(tag: &str) -> Option<(&str, &str)> {
    let (_, rest) = tag.split_once(':')?;
    let (kind, value) = rest.split_once("=\"")?;
    Some((kind, value.strip_suffix('"')?))
}

impl Context {
    fn take(&mut self, kind: &str, value: &str, notes: &mut Notes) {
        match Group::of(kind) {
            Some(group) => drop(self.names.entry(group).or_default().insert(one_line(value))),
            None => notes.push(format!(
                "the cluster {} of the galaxy {} is not read",
                shown(value),
                shown(kind)
            )),
        }
    }

    /// Names that no field of a report holds, a line for each group.
    pub(super) fn lines(&self, notes: &mut Notes) -> Vec<String> {
        let mut lines = Vec::new();
        for (group, names) in &self.names {
            let listed: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
            lines.push(format!("{}: {}.", group.heading(), listed.join("; ")));
            if names.len() > NAMES {
                notes.push(format!(
                    "{}: {} more are not listed",
                    group.heading(),
                    names.len() - NAMES
                ));
            }
        }
        lines
    }
}
