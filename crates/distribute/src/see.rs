//! The decision.

use chappe_model::{Accepted, Alert, Audience, Compartment, Principal, Role, Tlp};

/// Whether `viewer` may be told of this revision of this alert, in any form: its content, its existence, a count that includes it.
///
/// - Overlay: the members on the recipient list, whoever else they are. The hub too must be on it.
/// - Pool, [`Audience::Eu`]: every member.
/// - Pool, [`Audience::Countries`]: the hub, its duty officer, and members whose own country is in the set.
/// - Pool, [`Audience::Reporter`]: that member, and the hub's duty officer.
/// - Pool, [`Audience::Recipients`]: nobody; the pool has no recipient list.
/// - Pool, TLP:RED: nobody. TLP:RED reports are confined to overlays, so such an alert is a fault elsewhere, and a fault must not disclose.
#[must_use]
pub fn may_see(viewer: &Principal, alert: &Alert) -> bool {
    sees(viewer, &alert.compartment, &alert.audience, alert.tlp)
}

/// Whether `viewer` may be shown this revision of an incident as it was reported: its reporter, and nobody else, whatever its marking says. Others learn of it by the
/// alerts that it stands behind, those named as its recipients and the hub included.
#[must_use]
pub fn may_see_incident(viewer: &Principal, accepted: &Accepted) -> bool {
    viewer.member == accepted.reporter
}

pub(crate) fn sees(viewer: &Principal, compartment: &Compartment, audience: &Audience, tlp: Tlp) -> bool {
    if let Some(recipients) = &compartment.recipients {
        return recipients.contains(&viewer.member);
    }
    if tlp == Tlp::Red {
        return false;
    }
    match audience {
        Audience::Eu => true,
        Audience::Countries(countries) => {
            viewer.role.is_of_the_hub() || viewer.home.is_some_and(|home| countries.contains(home))
        }
        Audience::Recipients => false,
        Audience::Reporter(reporter) => viewer.member == *reporter || viewer.role == Role::DutyOfficer,
    }
}
