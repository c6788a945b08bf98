//! From a message to a draft: everything that can be said of a report without knowing what is stored.

use chappe_model::limits::RECIPIENTS;
use chappe_model::{Accepted, Digest, Marking, MemberId, Pap, Principal, Timestamp, Tlp};
use chappe_proto::{Violation, incident, v1};

use crate::content;
use crate::desk::Inner;
use crate::index::Waiter;
use crate::receipt::Subject;
use crate::refusal::Refusal;
use crate::reply::Reply;

/// A report on its way to the log.
pub(crate) struct Draft {
    /// As it will be stored: stamped, and whether it is backfill, once it departs.
    pub(crate) accepted: Accepted,
    pub(crate) digest: Digest,
    /// What policy has against it, were it new.
    pub(crate) objection: Option<Refusal>,
    /// For a retraction: the revision it was drawn from must still be the highest.
    pub(crate) drawn_from: Option<u32>,
    pub(crate) validate_only: bool,
    /// It has no key that its newest stored revision lacks.
    pub(crate) has_no_new_key: bool,
}

impl Draft {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            id: self.accepted.id,
            report_key: self.accepted.incident.report_key.as_str(),
            revision: self.accepted.incident.revision,
            digest: self.digest,
        }
    }

    /// The request, where it waits for another's flight.
    pub(crate) fn waiter(&self, reply: Reply) -> Waiter {
        Waiter {
            reply,
            is_own: false,
            revision: self.accepted.incident.revision,
            digest: self.digest,
            exercise: self.accepted.incident.exercise,
        }
    }
}

impl Inner {
    /// Takes a message apart: everything that can be said of it without knowing what is stored.
    pub(crate) fn draft(&self, who: &Principal, wire: &v1::Incident, now: Timestamp) -> Result<Draft, Refusal> {
        let objections = self.objections(who, wire);
        let submission = match incident::parse(wire, now) {
            Ok(submission) => submission,
            Err(violations) => return Err(Refusal::Invalid(violations.into_iter().chain(objections).collect())),
        };
        let (mut incident, unmarked) = match submission.marked() {
            Ok(incident) => (incident, false),
            Err(unmarked) => (unmarked.marked_as(self.unmarked_marking(&who.member)?), true),
        };
        let secret = &self.options.secret;
        let digest = content::submitted(secret, &incident, !unmarked);
        content::pseudonymise(secret, &mut incident).map_err(|_| Refusal::Internal("a pseudonym was refused"))?;
        let accepted = Accepted {
            id: secret.incident_id(&who.member, &incident.report_key),
            reporter: who.member.clone(),
            home: who.home,
            unmarked,
            reported_at: now,
            incident,
        };
        let objection = Some(objections).filter(|found| !found.is_empty()).map(Refusal::Invalid);
        Ok(Draft {
            accepted,
            digest,
            objection,
            drawn_from: None,
            validate_only: false,
            has_no_new_key: false,
        })
    }

    /// What the installation's policy and directory have against a message, whatever else is wrong with it.
    fn objections(&self, who: &Principal, wire: &v1::Incident) -> Vec<Violation> {
        let mut found = Vec::new();
        let marking = wire.marking.as_ref();
        // A use or recipients without a label are the parser's to refuse.
        let unmarked = marking.is_none_or(|m| m.tlp == 0 && m.r#use == 0 && m.recipients.is_empty());
        if unmarked && !self.options.policy.unmarked_as_red.contains(&who.member) {
            let description =
                "missing: give a TLP 2.0 label, 1 (CLEAR) to 5 (RED); unmarked reports of yours are not taken here"
                    .to_owned();
            found.push(Violation {
                field: "incident.marking.tlp".into(),
                description,
            });
        }
        let recipients = marking.map_or(&[][..], |m| &m.recipients);
        for (i, name) in recipients.iter().enumerate().take(RECIPIENTS) {
            if MemberId::parse(name).is_ok_and(|member| !self.options.directory.knows(&member)) {
                let description = format!("'{name}' is no member of this installation");
                found.push(Violation {
                    field: format!("incident.marking.recipients[{i}]"),
                    description,
                });
            }
        }
        found
    }

    fn unmarked_marking(&self, reporter: &MemberId) -> Result<Marking, Refusal> {
        let recipients = self
            .options
            .policy
            .duty_officers
            .iter()
            .chain([reporter])
            .cloned()
            .collect();
        Marking::new(Tlp::Red, Pap::Red, None, recipients)
            .map_err(|_| Refusal::Internal("the marking of unmarked reports does not hold together"))
    }
}
