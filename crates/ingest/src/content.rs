//! The content of a submission as bytes, for its digest, and what is replaced before it is stored.

use chappe_model::{Digest, Incident, IndicatorError, Particulars, Secret, Timestamp};

/// In front of the content of a submission. A change of the layout below takes another one.
const SUBMITTED: u8 = 1;
/// In front of the content of a retraction.
const RETRACTED: u8 = 2;

/// Names the content of a submission: everything that was said, canonical, whether it was marked, report key and revision included.
/// Nothing that depends on a clock or a policy.
pub(crate) fn submitted(secret: &Secret, incident: &Incident, marked: bool) -> Digest {
    let mut bytes = Bytes(Vec::with_capacity(512));
    bytes.0.push(SUBMITTED);
    bytes.text(incident.report_key.as_str());
    bytes.0.extend(incident.revision.to_le_bytes());
    bytes.text(incident.incident_type.as_str());
    bytes.text(incident.severity.as_str());
    bytes.0.push(u8::from(marked));
    if marked {
        bytes.text(incident.marking.tlp().as_str());
        bytes.text(incident.marking.pap().as_str());
        bytes.text(&incident.marking.usage().to_string());
        bytes.list(incident.marking.recipients().iter().map(|member| member.as_str()));
    }
    bytes.moment(incident.occurred_from);
    bytes.moment(incident.occurred_to);
    bytes.moment(incident.detected_at);
    bytes.list(incident.countries.iter().map(|country| country.as_str()));
    bytes.list(incident.sectors.iter().map(|sector| sector.as_str()));
    bytes.list(
        incident
            .indicators
            .iter()
            .flat_map(|indicator| [indicator.kind().as_str(), indicator.value()]),
    );
    bytes.text(&incident.title);
    bytes.text(&incident.summary);
    bytes
        .0
        .extend([u8::from(incident.exercise), u8::from(incident.backfill)]);
    if !incident.particulars.is_empty() {
        bytes.particulars(&incident.particulars);
    }
    secret.content_digest(&bytes.0)
}

/// Names the content of a retraction: report key, revision and reason.
pub(crate) fn retracted(secret: &Secret, report_key: &str, revision: u32, reason: &str) -> Digest {
    let mut bytes = Bytes(vec![RETRACTED]);
    bytes.text(report_key);
    bytes.0.extend(revision.to_le_bytes());
    bytes.text(reason);
    secret.content_digest(&bytes.0)
}

/// Replaces values of personal kinds by their keyed pseudonyms.
pub(crate) fn pseudonymise(secret: &Secret, incident: &mut Incident) -> Result<(), IndicatorError> {
    if !incident
        .indicators
        .iter()
        .any(|indicator| indicator.kind().is_personal())
    {
        return Ok(());
    }
    incident.indicators = std::mem::take(&mut incident.indicators)
        .into_iter()
        .map(|indicator| indicator.pseudonymised(secret))
        .collect::<Result<_, _>>()?;
    Ok(())
}

/// Length-prefixed, so that no two contents share their bytes.
struct Bytes(Vec<u8>);

impl Bytes {
    fn text(&mut self, text: &str) {
        self.0.extend((text.len() as u64).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    fn list<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let start = self.0.len();
        self.0.extend([0; 8]);
        let mut count = 0_u64;
        for text in texts {
            self.text(text);
            count += 1;
        }
        self.0[start..start + 8].copy_from_slice(&count.to_le_bytes());
    }

    /// Behind all that every report has, so that what reports said before there were any is named as before.
    fn particulars(&mut self, particulars: &Particulars) {
        self.list(particulars.subsectors.iter().map(|subsector| subsector.as_str()));
        self.text(
            &particulars
                .confidence
                .map(|grade| grade.to_string())
                .unwrap_or_default(),
        );
        let Some(said) = particulars.notification.as_deref() else {
            return;
        };
        self.text(said.stage.as_str());
        self.moment(Some(said.aware_at));
        self.moment(said.handled_at);
        for answer in [said.suspected_malicious, said.cross_border] {
            self.0.push(answer.map_or(2, u8::from));
        }
        let words = [
            said.root_cause.map(|word| word.as_str()),
            said.threat.map(|word| word.as_str()),
            said.impact.map(|word| word.as_str()),
            said.outlook.map(|word| word.as_str()),
        ];
        self.list(words.into_iter().map(Option::unwrap_or_default));
        self.text(&said.mitigation);
        self.0.push(u8::from(said.users_affected.is_some()));
        self.0.extend(said.users_affected.unwrap_or_default().to_le_bytes());
    }

    fn moment(&mut self, moment: Option<Timestamp>) {
        self.0.push(u8::from(moment.is_some()));
        self.0.extend(moment.map_or(0, Timestamp::as_millis).to_le_bytes());
    }
}
