//! What of the viewer's own constituency an alert hits.

use chappe_proto::v1;
use serde::Serialize;

use super::line::KeyLine;
use crate::words::{self, plain};

/// One thing that an alert names, and the entry of the viewer's constituency that it falls under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HitLine {
    /// `country`, `sector`, `network`, `domain`.
    pub kind: &'static str,
    /// As the alert has it.
    pub value: String,
    /// The narrowest entry that it falls under.
    pub entry: String,
}

impl HitLine {
    /// `domain:www[.]bank[.]at in bank.at`; a country or sector by itself.
    pub(super) fn words(&self, key: &[KeyLine]) -> String {
        if self.value == self.entry {
            return plain(&self.entry);
        }
        let shown = key.iter().find(|part| part.value == self.value);
        let shown = shown.map_or(&self.value, |part| &part.defanged);
        format!("{} in {}", plain(shown), plain(&self.entry))
    }
}

impl From<&v1::ConstituencyHit> for HitLine {
    fn from(hit: &v1::ConstituencyHit) -> Self {
        Self {
            kind: words::entry_kind(hit.kind),
            value: hit.value.clone(),
            entry: hit.entry.clone(),
        }
    }
}
