use chappe_model::{
    Campaign, IncidentId, JoinRefusal, Link, MemberId, RefusedJoin, Secret, SharedValue, Timestamp, hex,
};

use crate::incident::RecordError;
use crate::{time, v1};

/// One link of a campaign, as `viewer` may know it: its reports under handles of the viewer's own.
#[must_use]
pub fn link_to_wire(link: &Link, viewer: &MemberId, secret: &Secret) -> v1::CampaignLink {
    let handle = |incident| hex(&secret.report_handle(viewer, incident));
    v1::CampaignLink {
        earlier: handle(link.earlier.0),
        later: handle(link.later.0),
        linked_at: Some(time::to_wire(link.time)),
        shared: link.shared.iter().map(shared_to_wire).collect(),
        weight_milli: link.weight_milli,
    }
}

pub(super) fn to_record(campaign: &Campaign) -> v1::CampaignRecord {
    v1::CampaignRecord {
        links: campaign.links.iter().map(link_to_record).collect(),
        joined_by: campaign.joined_by,
        threshold_milli: campaign.threshold_milli,
        refused: campaign
            .refused
            .iter()
            .map(|refused| v1::RefusedJoinRecord {
                other: refused.other.as_bytes().to_vec().into(),
                why: refused.why.as_str().to_owned(),
            })
            .collect(),
        warning_lists: campaign.warning_lists.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn from_record(record: &v1::CampaignRecord) -> Result<Campaign, RecordError> {
    Ok(Campaign {
        links: record.links.iter().map(link_from_record).collect::<Result<_, _>>()?,
        joined_by: record.joined_by,
        threshold_milli: record.threshold_milli,
        refused: record
            .refused
            .iter()
            .map(refused_from_record)
            .collect::<Result<_, _>>()?,
        warning_lists: record.warning_lists.iter().map(|name| name.as_str().into()).collect(),
    })
}

fn link_to_record(link: &Link) -> v1::LinkRecord {
    v1::LinkRecord {
        earlier: link.earlier.0.as_bytes().to_vec().into(),
        earlier_reporter: link.earlier.1.to_string(),
        later: link.later.0.as_bytes().to_vec().into(),
        later_reporter: link.later.1.to_string(),
        time_ms: link.time.as_millis(),
        shared: link.shared.iter().map(shared_to_wire).collect(),
        weight_milli: link.weight_milli,
    }
}

fn link_from_record(record: &v1::LinkRecord) -> Result<Link, RecordError> {
    let end = |id: &[u8], reporter: &str| -> Result<(IncidentId, MemberId), RecordError> {
        let reporter = MemberId::parse(reporter).map_err(|_| RecordError::Field("campaign.links.reporter"))?;
        Ok((incident(id)?, reporter))
    };
    Ok(Link {
        earlier: end(&record.earlier, &record.earlier_reporter)?,
        later: end(&record.later, &record.later_reporter)?,
        time: Timestamp::from_millis(record.time_ms),
        shared: record.shared.iter().map(shared_from_wire).collect(),
        weight_milli: record.weight_milli,
    })
}

fn refused_from_record(record: &v1::RefusedJoinRecord) -> Result<RefusedJoin, RecordError> {
    let why = [JoinRefusal::Uncorroborated, JoinRefusal::Size]
        .into_iter()
        .find(|why| why.as_str() == record.why);
    Ok(RefusedJoin {
        other: incident(&record.other)?,
        why: why.ok_or(RecordError::Field("campaign.refused.why"))?,
    })
}

fn incident(bytes: &[u8]) -> Result<IncidentId, RecordError> {
    let bytes = bytes.try_into().map_err(|_| RecordError::Field("campaign.incident"))?;
    Ok(IncidentId::from_bytes(bytes))
}

fn shared_to_wire(shared: &SharedValue) -> v1::SharedValue {
    v1::SharedValue {
        value: shared.value.to_string(),
        document_frequency: shared.document_frequency,
        prior_milli: shared.prior_milli,
        rarity_milli: shared.rarity_milli,
        decay_milli: shared.decay_milli,
        weight_milli: shared.weight_milli,
    }
}

fn shared_from_wire(shared: &v1::SharedValue) -> SharedValue {
    SharedValue {
        value: shared.value.as_str().into(),
        document_frequency: shared.document_frequency,
        prior_milli: shared.prior_milli,
        rarity_milli: shared.rarity_milli,
        decay_milli: shared.decay_milli,
        weight_milli: shared.weight_milli,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_comes_back_equal_and_a_viewer_sees_handles_only() {
        let end = |n: u8| (IncidentId::from_bytes([n; 16]), MemberId::parse("csirt-at").unwrap());
        let link = Link {
            earlier: end(1),
            later: end(2),
            time: Timestamp::from_millis(5),
            shared: vec![SharedValue {
                value: "domain:bad.example".into(),
                document_frequency: 2,
                prior_milli: 650,
                rarity_milli: 875,
                decay_milli: 1_000,
                weight_milli: 568,
            }],
            weight_milli: 568,
        };
        let campaign = Campaign {
            links: vec![link.clone()],
            joined_by: 1,
            threshold_milli: 500,
            refused: vec![RefusedJoin {
                other: end(3).0,
                why: JoinRefusal::Size,
            }],
            warning_lists: vec!["Public DNS 7".into()],
        };
        assert_eq!(from_record(&to_record(&campaign)), Ok(campaign));
        let shown = link_to_wire(&link, &end(9).1, &Secret::new([7; 32]));
        assert!(!format!("{shown:?}").contains("csirt-at") && !shown.earlier.contains(&end(1).0.to_string()));
    }
}
