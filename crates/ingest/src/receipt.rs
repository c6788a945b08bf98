//! Receipts and their notes: a function of what is stored, so that a retry gets the same whenever it comes.

use chappe_eventlog::Durability;
use chappe_model::limits::MATCH_ONLY_RELEASE;
use chappe_model::{Digest, Incident, IncidentId, Marking, Recipients, Secret, Severity, Use, hex};
use chappe_proto::incident::marking_to_wire;
use chappe_proto::v1;

use crate::index::Facts;
use crate::lists::ListId;
use crate::refusal::Refusal;

/// What names a receipt.
pub(crate) struct Subject<'a> {
    pub(crate) id: IncidentId,
    pub(crate) report_key: &'a str,
    pub(crate) revision: u32,
    pub(crate) digest: Digest,
}

/// The receipt of a stored revision.
pub(crate) fn of_stored(
    secret: &Secret,
    durability: Durability,
    subject: &Subject<'_>,
    facts: &Facts,
    list: Option<Recipients>,
) -> Result<v1::Receipt, Refusal> {
    let proof = secret.receipt(subject.id, subject.revision, &subject.digest);
    Ok(v1::Receipt {
        receipt_id: hex(&proof),
        durability: durability_to_wire(durability) as i32,
        ..described(subject, facts, list)?
    })
}

/// What the receipt would say, were it accepted: without the id and the durability, which prove acceptance.
pub(crate) fn described(
    subject: &Subject<'_>,
    facts: &Facts,
    list: Option<Recipients>,
) -> Result<v1::Receipt, Refusal> {
    let recipients = list.map(|list| list.as_ref().clone()).unwrap_or_default();
    let marking = Marking::new(facts.tlp, facts.pap, Some(facts.usage), recipients)
        .map_err(|_| Refusal::Internal("a stored marking does not hold together"))?;
    Ok(v1::Receipt {
        incident: subject.id.resource_name(),
        report_key: subject.report_key.to_owned(),
        revision: subject.revision,
        marking: Some(marking_to_wire(&marking)),
        notes: notes(facts),
        ..Default::default()
    })
}

/// What the receipt and the checks need of a revision.
pub(crate) fn facts(incident: &Incident, unmarked: bool, list: Option<ListId>) -> Facts {
    Facts {
        tlp: incident.marking.tlp(),
        pap: incident.marking.pap(),
        usage: incident.marking.usage(),
        severity: incident.severity,
        list,
        unmarked,
        exercise: incident.exercise,
        backfill: incident.backfill,
        retracted: incident.retracted,
    }
}

const fn durability_to_wire(durability: Durability) -> v1::DurabilityClass {
    match durability {
        Durability::Disk => v1::DurabilityClass::Disk,
        Durability::Replicated => v1::DurabilityClass::Replicated,
        Durability::Process => v1::DurabilityClass::Process,
    }
}

/// What the handling means, in words.
fn notes(facts: &Facts) -> Vec<String> {
    let mut notes = Vec::new();
    if facts.unmarked {
        notes.push(
            "The report bore no marking: it is taken as TLP:RED and PAP:RED, for you and the hub's duty officers only."
                .to_owned(),
        );
    }
    if facts.usage == Use::MatchOnly {
        notes.push(format!("Match-only: it is matched with other reports, counts once {MATCH_ONLY_RELEASE} members made such a report on the same key, and is never shown to anyone."));
    }
    if facts.retracted {
        notes.push("The report is withdrawn: alerts it stood behind will say so.".to_owned());
        return notes;
    }
    if facts.backfill {
        notes.push("Backfill: it feeds linking and statistics and raises no alert.".to_owned());
        return notes;
    }
    if facts.severity == Severity::Critical {
        notes.push(urgent(facts));
    }
    notes
}

fn urgent(facts: &Facts) -> String {
    let told = match facts.usage {
        _ if facts.unmarked => "the hub's duty officers only",
        Use::Share => "the duty contacts of the countries it names and the hub",
        Use::MatchOnly => "the hub's duty officers only",
        Use::NamedRecipientsOnly => "the recipients on its list only",
    };
    let drill = if facts.exercise { " as an exercise" } else { "" };
    format!(
        "Critical: it goes{drill} at once to {told}, marked as one member's word; over your quota of urgent reports it waits for a person at the hub."
    )
}
