//! Retractions: a revision that withdraws the report, drawn from its newest one.

use std::collections::BTreeSet;
use std::sync::Arc;

use chappe_model::limits::TITLE_BYTES;
use chappe_model::{Accepted, Incident, Principal, ReportKey};
use chappe_proto::{Violations, v1};

use crate::content;
use crate::desk::Inner;
use crate::draft::Draft;
use crate::index::Known;
use crate::refusal::Refusal;
use crate::reply::Reply;

impl Inner {
    pub(crate) fn retract(self: &Arc<Self>, who: &Principal, request: &v1::RetractRequest, reply: Reply) {
        match self.retraction(who, request) {
            Ok(draft) => self.place(draft, reply),
            Err(refusal) => reply.refuse(&refusal),
        }
    }

    fn retraction(&self, who: &Principal, request: &v1::RetractRequest) -> Result<Draft, Refusal> {
        let report_key = check(request)?;
        let secret = &self.options.secret;
        let id = secret.incident_id(&who.member, &report_key);
        let revision = request.revision;
        let digest = content::retracted(secret, report_key.as_str(), revision, &request.reason);
        self.catch_up(&id)?;
        let shelf = self.shelf(&id);
        let Some(newest) = shelf.newest(&id) else {
            return Err(if shelf.is_under_way(&id) {
                Refusal::UnderWay
            } else if shelf.is_in_doubt(&id) {
                Refusal::Unknown
            } else {
                Refusal::NotFound
            });
        };
        let highest = shelf.highest_besides(&id, revision).unwrap_or(newest.revision);
        // A repetition is answered from what is known, or waits for the first.
        let repeats = match shelf.look(&id, revision, &digest, newest.facts.exercise) {
            Known::Same(_) => true,
            Known::Wait { on_revision } => on_revision == revision,
            _ => false,
        };
        if !repeats && shelf.is_under_way(&id) {
            return Err(Refusal::UnderWay);
        }
        if !repeats && revision <= highest {
            return Err(Refusal::RevisionTooLow { highest });
        }
        drop(shelf);
        let based_on = self.read(&id, &newest)?;
        let incident = Incident {
            report_key,
            revision,
            retracted: true,
            title: request.reason.clone(),
            indicators: BTreeSet::new(),
            ..based_on.incident.clone()
        };
        Ok(Draft {
            accepted: Accepted {
                home: who.home,
                incident,
                ..based_on
            },
            digest,
            objection: None,
            drawn_from: Some(highest),
            validate_only: false,
            has_no_new_key: true,
        })
    }
}

fn check(request: &v1::RetractRequest) -> Result<ReportKey, Refusal> {
    let mut bad = Violations::default();
    let report_key = bad.check("report_key", ReportKey::parse(&request.report_key));
    if request.revision == 0 {
        bad.push(
            "revision",
            "missing: a retraction is a revision of its own, above the last",
        );
    }
    if request.reason.len() > TITLE_BYTES {
        bad.push(
            "reason",
            format!("{} bytes: at most {TITLE_BYTES}", request.reason.len()),
        );
    }
    if request
        .reason
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        bad.push("reason", "holds a control character other than line breaks and tabs");
    }
    report_key
        .filter(|_| bad.is_empty())
        .ok_or_else(|| Refusal::Invalid(bad.into_vec()))
}
