use std::sync::Arc;

use chappe_correlate::{Intake, LinkPolicy, LinkShard, Sighting};
use chappe_model::{Alert, AlertState, Audience, Policy, Realm, Timestamp};
use serde_json::{Value, json};

use crate::case::{Case, Entry, PARTITIONS, secret};
use crate::compare::live;
use crate::deliveries::Deliveries;

/// Linking on one case, in virtual time, behind the log time and watermark that the product's intake gives it. Where the deliveries crash, it
/// comes back from its snapshot, or from nothing, and reads the log again. Returns every revision that was told.
#[must_use]
pub fn run_linking(case: &Case, policy: &LinkPolicy, deliveries: &Deliveries) -> Vec<Alert> {
    let policy = Arc::new(policy.clone());
    let mut told = vec![];
    let mut world = World::new(&policy, 1);
    world.links.settle(&mut told);
    let mut done = 0;
    for (crash, epoch) in deliveries.crashes.iter().zip(2..) {
        let snapshot_at = crash.snapshot_after.unwrap_or(done);
        world.deliver(deliveries, done..snapshot_at, &mut told);
        let snapshot = crash.snapshot_after.and_then(|_| world.links.snapshot().ok());
        let mut since = vec![];
        world.deliver(deliveries, snapshot_at..crash.after, &mut since);
        since.truncate(since.len() * crash.durable_percent / 100);
        told.append(&mut since);
        let restored = snapshot.and_then(|bytes| LinkShard::restore(secret(), Arc::clone(&policy), epoch, &bytes).ok());
        let from = if restored.is_some() { snapshot_at } else { 0 };
        world = World::new(&policy, epoch);
        // What the intake knew at the snapshot stands in the same snapshot in the product.
        world.deliver(deliveries, 0..from, &mut vec![]);
        if let Some(links) = restored {
            world.links = links;
        } else {
            world.links = LinkShard::new(secret(), Arc::clone(&policy), epoch);
        }
        told.iter().cloned().for_each(|alert| world.links.recall(alert));
        world.deliver(deliveries, from..crash.after, &mut told);
        world.links.settle(&mut told);
        done = crash.after;
    }
    world.deliver(deliveries, done..deliveries.turns.len(), &mut told);
    for partition in 0..PARTITIONS {
        world.take(usize::from(partition), &Entry::Mark(case.now), &mut told);
    }
    world.links.flush(&mut told);
    told
}

struct World {
    intake: Intake,
    links: LinkShard,
    sightings: Vec<Sighting>,
}

impl World {
    #[allow(clippy::expect_used, reason = "for tests only")]
    fn new(policy: &Arc<LinkPolicy>, epoch: u64) -> Self {
        let no_rules = Policy::new(1, vec![], 0, vec![], vec![]).expect("a sound policy");
        Self {
            intake: Intake::new(&secret(), &Arc::new(no_rules), PARTITIONS),
            links: LinkShard::new(secret(), Arc::clone(policy), epoch),
            sightings: vec![],
        }
    }

    fn deliver(&mut self, deliveries: &Deliveries, turns: std::ops::Range<usize>, told: &mut Vec<Alert>) {
        for turn in turns {
            let partition = deliveries.turns[turn];
            let position = deliveries.turns[..turn].iter().filter(|p| **p == partition).count();
            self.take(partition, &deliveries.partitions[partition][position], told);
        }
    }

    fn take(&mut self, partition: usize, entry: &Entry, told: &mut Vec<Alert>) {
        let partition = u16::try_from(partition).unwrap_or(0);
        match entry {
            Entry::Report(stamp, accepted) => {
                let at = self.intake.record(partition, *stamp, accepted, &mut self.sightings);
                self.links.take(at, accepted);
            }
            Entry::Mark(stamp) => {
                if let Some(watermark) = self.intake.mark(partition, *stamp) {
                    self.links.advance(watermark, told);
                }
            }
        }
    }
}

/// What stands in an alerts log of campaigns, in the oracle's form and order. Campaigns that others carry on are left out: to which they
/// point is looked at apart.
#[must_use]
pub fn campaigns_told(told: &[Alert]) -> Vec<Value> {
    let mut found: Vec<Value> = live(told).iter().map(form).collect();
    found.sort_by_key(ToString::to_string);
    found
}

fn form(alert: &Alert) -> Value {
    let codes = |set: &chappe_model::CountrySet| set.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>();
    let audience = match &alert.audience {
        Audience::Eu => json!("eu"),
        Audience::Countries(countries) => json!(codes(countries)),
        Audience::Recipients | Audience::Reporter(_) => json!("of no campaign"),
    };
    let realm = if alert.compartment.realm == Realm::Live {
        "live"
    } else {
        "exercise"
    };
    let mut value = json!({
        "realm": realm, "anchor": [alert.anchor.0.as_millis(), alert.anchor.1.to_string()], "audience": audience, "state": alert.state.as_str(),
    });
    if alert.state == AlertState::Retracted {
        return value;
    }
    let campaign = alert.campaign.clone().unwrap_or_default();
    let shared = |shared: &chappe_model::SharedValue| {
        json!([
            &*shared.value,
            shared.document_frequency,
            shared.prior_milli,
            shared.rarity_milli,
            shared.decay_milli,
            shared.weight_milli
        ])
    };
    let links = campaign.links.iter().map(|link| {
        let (earlier, later) = (link.earlier.0.to_string(), link.later.0.to_string());
        json!([
            earlier,
            later,
            link.time.as_millis(),
            link.shared.iter().map(shared).collect::<Vec<_>>()
        ])
    });
    let listed = alert
        .evidence
        .iter()
        .map(|e| json!([Timestamp::as_millis(e.time), e.incident.to_string()]));
    let mut sectors: Vec<_> = alert.sectors.iter().map(|s| s.as_str()).collect();
    sectors.sort_unstable();
    let mut types: Vec<_> = alert.incident_types.iter().map(|t| t.as_str()).collect();
    types.sort_unstable();
    let more = json!({
        "last_fire": alert.last_fire.as_millis(), "fires": alert.fires, "severity": alert.severity.as_str(), "tlp": alert.tlp.as_str(),
        "pap": alert.pap.as_str(), "countries": codes(&alert.countries), "sectors": sectors, "types": types, "reports": alert.counts.reports,
        "members": alert.counts.members, "digest": chappe_model::hex(&alert.digest), "listed": listed.collect::<Vec<_>>(),
        "observed": alert.key.iter().map(|k| k.value.to_string()).collect::<Vec<_>>(),
        "values": alert.values.iter().map(|v| v.to_string()).collect::<Vec<_>>(), "links": links.collect::<Vec<_>>(),
        "refused": campaign.refused.iter().map(|r| r.other.to_string()).collect::<Vec<_>>(),
    });
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}
