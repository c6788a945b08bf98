//! Alerts as IDEA0 messages, one a line.

use chappe_model::{IndicatorKind, Rsit};
use serde_json::{Map, Value, json};

use super::alert::{Told, rfc3339};
use crate::namespace;

/// Who detected it.
pub(crate) const NODE: &str = "eu.chappe";

/// One message a line for each alert. A revision is a message of its own, since messages never change; it names the one that it replaces.
#[must_use]
pub fn write_idea(alerts: &[Told]) -> String {
    let mut alerts: Vec<&Told> = alerts.iter().collect();
    alerts.sort_by_key(|alert| alert.id);
    alerts
        .into_iter()
        .map(|alert| format!("{}\n", message(alert)))
        .collect()
}

fn id(alert: &Told, revision: u32) -> String {
    namespace::uuid(
        &namespace::OWN,
        &format!("idea {} {revision}", alert.id.resource_name()),
    )
}

fn message(alert: &Told) -> Value {
    let mut message = json!({
        "Format": "IDEA0",
        "ID": id(alert, alert.revision),
        "AltNames": [format!("{}/revisions/{}", alert.id.resource_name(), alert.revision)],
        "CreateTime": rfc3339(alert.revised_at_ms),
        "DetectTime": rfc3339(alert.revised_at_ms),
        "EventTime": rfc3339(alert.first_seen_ms),
        "CeaseTime": rfc3339(alert.last_seen_ms.max(alert.first_seen_ms)),
        "Category": categories(alert),
        "Description": alert.title(),
        "Note": note(alert),
        "Node": [{ "Name": NODE, "Type": ["Correlation"], "SW": ["Chappe"] }],
    });
    if alert.revision > 1 {
        message["PredID"] = json!([id(alert, alert.revision - 1)]);
    }
    let mut source: Map<String, Value> = Map::new();
    let (mut hashes, mut references) = (Vec::new(), Vec::new());
    for indicator in alert.indicators() {
        let name = match indicator.kind() {
            IndicatorKind::Ip | IndicatorKind::Cidr if indicator.value().contains(':') => "IP6",
            IndicatorKind::Ip | IndicatorKind::Cidr => "IP4",
            IndicatorKind::Asn => "ASN",
            IndicatorKind::Domain => "Hostname",
            IndicatorKind::Url => "URL",
            IndicatorKind::Email => "Email",
            IndicatorKind::Cve => {
                references.push(format!("cve:{}", indicator.value()));
                continue;
            }
            hash if hash.is_file_hash() => {
                hashes.push(format!("{}:{}", hash.as_str(), indicator.value()));
                continue;
            }
            _ => continue, // no member is for it: the note says it
        };
        let values = source.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            let number = indicator.value().strip_prefix("AS").filter(|_| name == "ASN");
            let number = number.and_then(|number| number.parse::<u32>().ok());
            values.push(number.map_or_else(|| indicator.value().into(), Value::from));
        }
    }
    if !source.is_empty() {
        if alert.incident_types.contains(&Rsit::C2Server) {
            source.insert("Type".to_owned(), json!(["CC"]));
        }
        message["Source"] = json!([source]);
    }
    if !hashes.is_empty() {
        message["Attach"] = json!([{ "Handle": "files", "Hash": hashes }]);
    }
    if !references.is_empty() {
        message["Ref"] = json!(references);
    }
    message
}

/// IDEA has no field for handling, sectors, countries or severity, nor for what computers and accounts bear: a person at least is told.
fn note(alert: &Told) -> String {
    let unplaced = alert
        .indicators()
        .into_iter()
        .filter(|indicator| !has_a_member(indicator.kind()));
    let unplaced: String = unplaced.map(|indicator| format!("; {}", indicator.text())).collect();
    let listed = |words: Vec<&str>| {
        if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(" ")
        }
    };
    format!(
        "{} {}, {}; {} {}; severity {}; countries: {}; sectors: {}; {} reports of {} members; rule {} version {}: {}{unplaced}",
        alert.tlp,
        alert.pap,
        alert.usage,
        alert.kind.as_str(),
        alert.state.as_str(),
        alert.severity,
        listed(alert.countries.iter().map(|country| country.as_str()).collect()),
        listed(alert.sectors.iter().map(|sector| sector.as_str()).collect()),
        alert.reports,
        alert.members,
        alert.rule,
        alert.rule_version,
        alert.condition
    )
}

/// Whether a message has a member for values of a kind.
fn has_a_member(kind: IndicatorKind) -> bool {
    use IndicatorKind::{Asn, Cidr, Cve, Domain, Email, Ip, Url};
    kind.is_file_hash() || matches!(kind, Ip | Cidr | Asn | Domain | Url | Email | Cve)
}

fn categories(alert: &Told) -> Vec<&'static str> {
    let mut categories: Vec<&str> = Vec::new();
    for category in alert.incident_types.iter().map(|rsit| category(*rsit)) {
        if !categories.contains(&category) {
            categories.push(category);
        }
    }
    if categories.is_empty() {
        categories.push("Other");
    }
    if alert.exercise && !categories.contains(&"Test") {
        categories.push("Test");
    }
    categories
}

/// The category of a type: of the same class of eCSIRT.net where there is one, else the nearest.
fn category(rsit: Rsit) -> &'static str {
    match rsit {
        Rsit::Spam => "Abusive.Spam",
        Rsit::HarmfulSpeech => "Abusive.Harassment",
        Rsit::Violence => "Abusive.Violence",
        Rsit::InfectedSystem | Rsit::MalwareDistribution | Rsit::MalwareConfiguration => "Malware",
        Rsit::C2Server => "Intrusion.Botnet",
        Rsit::Scanner => "Recon.Scanning",
        Rsit::Sniffing => "Recon.Sniffing",
        Rsit::SocialEngineering => "Recon.SocialEngineering",
        Rsit::IdsAlert => "Attempt.Exploit",
        Rsit::BruteForce => "Attempt.Login",
        Rsit::Exploit => "Attempt.NewSignature",
        Rsit::PrivilegedAccountCompromise => "Intrusion.AdminCompromise",
        Rsit::UnprivilegedAccountCompromise => "Intrusion.UserCompromise",
        Rsit::ApplicationCompromise => "Intrusion.AppCompromise",
        Rsit::SystemCompromise | Rsit::Burglary => "Intrusion",
        Rsit::Dos => "Availability.DoS",
        Rsit::Ddos => "Availability.DDoS",
        Rsit::Sabotage => "Availability.Sabotage",
        Rsit::Misconfiguration | Rsit::Outage => "Availability.Outage",
        Rsit::UnauthorisedInformationAccess => "Information.UnauthorizedAccess",
        Rsit::UnauthorisedInformationModification => "Information.UnauthorizedModification",
        Rsit::DataLoss | Rsit::DataLeak => "Information",
        Rsit::UnauthorisedUseOfResources => "Fraud.UnauthorizedUsage",
        Rsit::Copyright => "Fraud.Copyright",
        Rsit::Masquerade => "Fraud.Masquerade",
        Rsit::Phishing => "Fraud.Phishing",
        Rsit::PotentiallyUnwantedAccessible | Rsit::DdosAmplifier => "Vulnerable.Open",
        Rsit::WeakCrypto | Rsit::InformationDisclosure | Rsit::VulnerableSystem => "Vulnerable.Config",
        Rsit::Other | Rsit::Undetermined => "Other",
        Rsit::Test => "Test",
    }
}
