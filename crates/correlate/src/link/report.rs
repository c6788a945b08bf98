use std::sync::Arc;

use chappe_model::{Accepted, IncidentId, KeyHash, MemberId, Realm, Secret, Use};
use serde::{Deserialize, Serialize};

use super::policy::{CAMPAIGN_RULE, LinkPolicy, TELLING};
use super::weigh::prior_milli;
use crate::Voice;

/// What linking takes from one accepted revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) incident: IncidentId,
    pub(super) reporter: MemberId,
    pub(super) revision: u32,
    pub(super) realm: Realm,
    /// None if it may link nothing: withdrawn, match-only, or for named recipients.
    pub(super) saying: Option<Saying>,
}

/// What a revision says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saying {
    pub(super) voice: Arc<Voice>,
    /// By hash.
    pub(super) values: Arc<[Value]>,
}

/// One indicator that may link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Value {
    pub(super) hash: KeyHash,
    pub(super) prior: u32,
    pub(super) text: Arc<str>,
}

impl Report {
    pub(super) fn of(secret: &Secret, policy: &LinkPolicy, accepted: &Accepted) -> Self {
        let incident = &accepted.incident;
        let realm = accepted.compartment().realm;
        let links = !incident.retracted && incident.marking.usage() == Use::Share;
        Self {
            incident: accepted.id,
            reporter: accepted.reporter.clone(),
            revision: incident.revision,
            realm,
            saying: links.then(|| Saying {
                voice: Arc::new(Voice::of(accepted)),
                values: values(secret, policy, accepted, realm),
            }),
        }
    }
}

impl Saying {
    /// Its values that tell where it belongs.
    pub(super) fn telling(&self) -> impl Iterator<Item = KeyHash> + '_ {
        let telling = self.values.iter().filter(|value| value.prior >= TELLING);
        telling.map(|value| value.hash)
    }

    pub(super) fn says(&self, hash: KeyHash) -> bool {
        self.values.binary_search_by_key(&hash, |value| value.hash).is_ok()
    }
}

fn values(secret: &Secret, policy: &LinkPolicy, accepted: &Accepted, realm: Realm) -> Arc<[Value]> {
    let indicators = accepted.incident.indicators.iter();
    let telling = indicators.filter(|indicator| {
        let weighs = prior_milli(indicator.kind()) > 0 && !indicator.is_special();
        weighs && !policy.warning_lists.iter().any(|list| list.holds(indicator))
    });
    let mut values: Vec<Value> = telling
        .map(|indicator| {
            let text = indicator.text();
            Value {
                hash: secret.key_hash(CAMPAIGN_RULE, realm, &[&text]),
                prior: prior_milli(indicator.kind()),
                text: text.into(),
            }
        })
        .collect();
    values.sort_unstable_by_key(|value| value.hash);
    values.into()
}
