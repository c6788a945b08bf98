//! A map of which every entry must be asked for: what is left over is refused, so that nothing is ignored.

use crate::fault::{At, Faults};
use crate::nearest::suggestion;
use crate::yaml::{Key, Kind, Node};

pub(crate) struct Mapping<'n> {
    pub(crate) at: At,
    /// What it is, for messages: `a rule`, `a correlation`.
    what: &'static str,
    entries: Vec<&'n (Key, Node)>,
    asked: Vec<&'static str>,
}

impl<'n> Mapping<'n> {
    /// The node as a map, or a fault.
    pub(crate) fn of(node: &'n Node, what: &'static str, faults: &mut Faults) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            faults.push(node.at, format!("{what} is a map, this is {}", node.what()));
            return None;
        };
        Some(Self {
            at: node.at,
            what,
            entries: entries.iter().collect(),
            asked: Vec::new(),
        })
    }

    /// Whether there is such an entry.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.text == name)
    }

    /// Takes an entry out.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n (Key, Node)> {
        self.asked.push(name);
        let at = self.entries.iter().position(|(key, _)| key.text == name)?;
        Some(self.entries.remove(at))
    }

    /// Takes an entry out that must be there.
    pub(crate) fn need(&mut self, name: &'static str, why: &str, faults: &mut Faults) -> Option<&'n Node> {
        let found = self.take(name).map(|(_, node)| node);
        if found.is_none() {
            faults.push(self.at, format!("{} without '{name}': {why}", self.what));
        }
        found
    }

    /// Refuses an entry that another version of Sigma, or Sigma itself, knows, with the reason.
    pub(crate) fn refuse(&mut self, name: &'static str, why: &str, faults: &mut Faults) {
        let at = self.entries.iter().position(|(key, _)| key.text == name);
        if let Some(at) = at {
            let (key, _) = self.entries.remove(at);
            faults.push(key.at, format!("'{name}': {why}"));
        }
    }

    /// Everything that was not asked for.
    pub(crate) fn rest(self) -> Vec<&'n (Key, Node)> {
        self.entries
    }

    /// Refuses what was not asked for.
    pub(crate) fn finish(self, faults: &mut Faults) {
        for (key, _) in &self.entries {
            let near = suggestion(&key.text, self.asked.iter().copied());
            faults.push(key.at, format!("'{}' is no part of {}{near}", key.text, self.what));
        }
    }
}
