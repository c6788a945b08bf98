//! The rule by which two clusters are joined.

use std::collections::BTreeSet;

use chappe_model::{IncidentId, JoinRefusal, KeyHash, MemberId};
use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use super::policy::{BY_CHANCE, EVIDENCE_VALUES, FEW, SOMETHING};

/// What runs between two clusters that are not joined.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Evidence {
    /// Telling values that both say: those that a report had which is linked across.
    values: BTreeSet<KeyHash>,
    /// Why they are not joined.
    pub(super) refused: Option<JoinRefusal>,
}

/// A value that both clusters say.
struct Across<'a> {
    /// Two campaigns may share it by chance.
    by_chance: bool,
    /// Who reported it on each side.
    by: [&'a [MemberId]; 2],
    /// The report that alone says it on each side, if there is one.
    sole: [Option<IncidentId>; 2],
}

impl Evidence {
    pub(super) fn add(&mut self, values: impl IntoIterator<Item = KeyHash>) {
        self.values.extend(values);
        while self.values.len() > EVIDENCE_VALUES {
            self.values.pop_last();
        }
    }

    /// Adds what ran from another part of the same cluster.
    pub(super) fn add_all(&mut self, other: Self) {
        self.add(other.values);
        self.refused = self.refused.or(other.refused);
    }

    /// Whether the two may be joined. They may not where all of it could be the work of [`FEW`] members, or of them and one value that both
    /// happen to share. A value is the work of some members where nobody but they reported it on a side that others have reported to. What
    /// two that collude and a value make together counts only if it is one that may be shared by chance. Nor may what one member alone
    /// reported be joined to what others reported by one report of it.
    pub(super) fn corroborates(&self, sides: [&Cluster; 2]) -> bool {
        let across = self.values.iter().filter_map(|hash| {
            let (one, other) = (sides[0].values.get(hash)?, sides[1].values.get(hash)?);
            Some(Across {
                by_chance: one.prior < BY_CHANCE,
                by: [&one.by, &other.by],
                sole: [one.sole, other.sole],
            })
        });
        let across: Vec<Across<'_>> = across.collect();
        !of_one_report(&across, sides) && !explained(&across, &mut vec![], None, sides)
    }
}

/// Whether on a side that one member alone reported, but not the other, one report says all values across but one.
fn of_one_report(across: &[Across<'_>], sides: [&Cluster; 2]) -> bool {
    if sides[0].reporters.keys().eq(sides[1].reporters.keys()) {
        return false;
    }
    (0..2).any(|side| {
        let alone = sides[side].reporters.len() == 1 && sides[side].members.len() > 1;
        let reports = across.iter().filter_map(|value| value.sole[side]);
        let says_most = |report| {
            let said = across.iter().filter(|value| value.sole[side] == Some(report));
            said.count() + 1 >= across.len()
        };
        alone && reports.take(2).any(says_most)
    })
}

/// Whether some [`FEW`] members, `suspects` among them, and the value set `aside` explain all values across. A value is explained on one of
/// two sides or set aside, so the search ends after a few steps however many values there are.
fn explained<'a>(
    across: &[Across<'a>],
    suspects: &mut Vec<&'a MemberId>,
    aside: Option<usize>,
    sides: [&Cluster; 2],
) -> bool {
    let others = sides.map(|side| side.incidents_without(suspects) >= SOMETHING);
    if others == [false, false] {
        return false; // all of it is their own
    }
    let explains = |side: usize, value: &Across<'a>| {
        others[side] && value.by[side].iter().all(|member| suspects.contains(&member))
    };
    let open = across
        .iter()
        .enumerate()
        .find(|(at, value)| aside != Some(*at) && !explains(0, value) && !explains(1, value));
    let Some((at, value)) = open else {
        return aside.is_none_or(|at| suspects.len() < FEW || across[at].by_chance);
    };
    if aside.is_none() && explained(across, suspects, Some(at), sides) {
        return true;
    }
    (0..2).filter(|side| others[*side]).any(|side| {
        let before = suspects.len();
        let more: Vec<&MemberId> = value.by[side]
            .iter()
            .filter(|member| !suspects.contains(member))
            .collect();
        if before + more.len() > FEW {
            return false;
        }
        suspects.extend(more);
        let found = explained(across, suspects, aside, sides);
        suspects.truncate(before);
        found
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chappe_model::Timestamp;

    use super::*;
    use crate::link::cluster::Carried;

    /// One report of each of these members, and the values it says: `a` to `z` names, `A` to `Z` files.
    type Side<'a> = &'a [(&'a str, &'a str)];

    fn cluster(reports: Side<'_>) -> Cluster {
        let mut all = Cluster {
            members: BTreeSet::new(),
            reporters: BTreeMap::new(),
            values: BTreeMap::new(),
            joints: vec![],
            neighbours: BTreeSet::new(),
        };
        for (number, (member, values)) in (0..).zip(reports) {
            let member = MemberId::parse(member).unwrap();
            let incident = IncidentId::from_bytes([number; 16]);
            all.members.insert((Timestamp::ZERO, incident));
            *all.reporters.entry(member.clone()).or_default() += 1;
            for value in values.bytes() {
                let carried = Carried {
                    prior: if value.is_ascii_uppercase() { 1_000 } else { 650 },
                    by: vec![member.clone()],
                    sole: Some(incident),
                };
                all.carry(KeyHash(u128::from(value)), carried);
            }
        }
        all
    }

    fn joined(one: Side<'_>, other: Side<'_>) -> bool {
        let sides = [cluster(one), cluster(other)];
        let mut evidence = Evidence::default();
        evidence.add(sides[0].values.keys().copied());
        evidence.corroborates([&sides[0], &sides[1]])
    }

    const ONE: [(&str, &str); 4] = [("a", "PQr"), ("b", "PQr"), ("c", "PQr"), ("d", "Qr")];
    const OTHER: [(&str, &str); 3] = [("e", "STu"), ("f", "STu"), ("g", "STu")];

    #[test]
    fn two_members_cannot_weld_what_others_reported_and_three_can() {
        let by = |colluders: &[&'static str]| {
            let hubs = colluders.iter().map(|member| (*member, "STuPQr"));
            [ONE.to_vec(), hubs.collect()].concat()
        };
        assert!(!joined(&by(&["x"]), &OTHER));
        assert!(!joined(&by(&["x", "y"]), &OTHER));
        assert!(
            !joined(&by(&["a", "x"]), &OTHER),
            "nor if one has a report of its own there"
        );
        assert!(joined(&by(&["x", "y", "z"]), &OTHER));
    }

    #[test]
    fn one_value_that_many_see_on_both_sides_welds_nothing() {
        let with = |side: Side<'static>, more: [Side<'static>; 2]| [side, more[0], more[1]].concat();
        let seen: Side<'_> = &[("h", "v"), ("i", "v"), ("j", "v")];
        let hubs: Side<'_> = &[("x", "STPQ"), ("y", "STPQ")];
        let other = with(&OTHER, [seen, &[]]);
        assert!(!joined(&with(&ONE, [seen, &[]]), &other));
        assert!(
            !joined(&with(&ONE, [seen, hubs]), &other),
            "nor together with two members"
        );
        let seen: Side<'_> = &[("h", "V"), ("i", "V"), ("j", "V")];
        let other = with(&OTHER, [seen, &[]]);
        assert!(!joined(&with(&ONE, [seen, &[]]), &other));
        assert!(!joined(&with(&ONE, [seen, &hubs[..1]]), &other));
        assert!(
            joined(&with(&ONE, [seen, hubs]), &other),
            "a file is not shared by chance"
        );
        let seen: Side<'_> = &[("h", "vw"), ("i", "vw"), ("j", "vw")];
        assert!(
            joined(&with(&ONE, [seen, &[]]), &with(&OTHER, [seen, &[]])),
            "two values"
        );
    }

    #[test]
    fn members_may_join_what_is_their_own() {
        assert!(joined(&[("a", "PQ"), ("a", "P")], &[("a", "PQ")]));
        assert!(!joined(&[("a", "PQ")], &[("a", "P")]), "one value alone");
        let others = [("b", "PQ"), ("c", "PQ"), ("d", "PQ")];
        assert!(joined(&[("a", "PQ"), ("a", "PQ")], &others));
        assert!(!joined(&[("a", "PQ"), ("a", "S")], &others), "one report of several");
        // Where others reported, more than they alone must say it.
        assert!(!joined(
            &[("a", "PQr")],
            &[("a", "PQr"), ("b", "S"), ("c", "S"), ("d", "S")]
        ));
        assert!(joined(
            &[("a", "PQr")],
            &[("a", "PQr"), ("b", "PQr"), ("c", "PQr"), ("d", "PQr")]
        ));
    }
}
