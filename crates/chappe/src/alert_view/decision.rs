//! What members judged of an alert.

use chappe_proto::v1;
use serde::Serialize;

use super::{millis, moment};
use crate::words::{self, plain};

/// What one member judged. Its time is log time, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionLine {
    /// `acknowledged`, `confirmed`, `dismissed`.
    pub verdict: &'static str,
    /// In the member's words; may be empty.
    pub reason: String,
    /// When.
    pub decided_at_ms: u64,
    /// Who, where the viewer may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// By the hub.
    pub hub: bool,
}

impl From<&v1::Decision> for DecisionLine {
    fn from(decision: &v1::Decision) -> Self {
        Self {
            verdict: words::verdict(decision.verdict),
            reason: decision.reason.clone(),
            decided_at_ms: millis(decision.decided_at.as_ref()),
            member: Some(decision.member.clone()).filter(|member| !member.is_empty()),
            hub: decision.hub,
        }
    }
}

impl DecisionLine {
    /// On one line: `dismissed by a member, 2026-03-02 09:00 UTC: a new sensor`.
    pub(crate) fn words(&self) -> String {
        let whose = match (&self.member, self.hub) {
            (Some(member), _) => plain(member),
            (None, true) => "the hub".to_owned(),
            (None, false) => "a member".to_owned(),
        };
        let said = format!("{} by {whose}, {}", self.verdict, moment(self.decided_at_ms));
        if self.reason.is_empty() {
            said
        } else {
            format!("{said}: {}", plain(&self.reason))
        }
    }
}
