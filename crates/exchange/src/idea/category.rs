//! IDEA's categories and RSIT's types: both come from the classes of eCSIRT.net.

use chappe_model::Rsit;

/// Categories whose meaning RSIT has too. Others are not guessed.
const TYPES: [(&str, Rsit); 34] = [
    ("abusive.spam", Rsit::Spam),
    ("abusive.harassment", Rsit::HarmfulSpeech),
    ("abusive.child", Rsit::Violence),
    ("abusive.sexual", Rsit::Violence),
    ("abusive.violence", Rsit::Violence),
    ("malware", Rsit::InfectedSystem),
    ("malware.virus", Rsit::InfectedSystem),
    ("malware.worm", Rsit::InfectedSystem),
    ("malware.trojan", Rsit::InfectedSystem),
    ("malware.spyware", Rsit::InfectedSystem),
    ("malware.dialer", Rsit::InfectedSystem),
    ("malware.rootkit", Rsit::InfectedSystem),
    ("recon.scanning", Rsit::Scanner),
    ("recon.sniffing", Rsit::Sniffing),
    ("recon.socialengineering", Rsit::SocialEngineering),
    ("attempt.exploit", Rsit::IdsAlert),
    ("attempt.login", Rsit::BruteForce),
    ("attempt.newsignature", Rsit::Exploit),
    ("intrusion.admincompromise", Rsit::PrivilegedAccountCompromise),
    ("intrusion.usercompromise", Rsit::UnprivilegedAccountCompromise),
    ("intrusion.appcompromise", Rsit::ApplicationCompromise),
    ("intrusion.botnet", Rsit::InfectedSystem),
    ("availability.dos", Rsit::Dos),
    ("availability.ddos", Rsit::Ddos),
    ("availability.sabotage", Rsit::Sabotage),
    ("availability.outage", Rsit::Outage),
    ("information.unauthorizedaccess", Rsit::UnauthorisedInformationAccess),
    (
        "information.unauthorizedmodification",
        Rsit::UnauthorisedInformationModification,
    ),
    ("fraud.unauthorizedusage", Rsit::UnauthorisedUseOfResources),
    ("fraud.copyright", Rsit::Copyright),
    ("fraud.masquerade", Rsit::Masquerade),
    ("fraud.phishing", Rsit::Phishing),
    ("other", Rsit::Other),
    ("test", Rsit::Test),
];

/// The type that a category in lower case stands for.
pub(super) fn incident_type(category: &str) -> Option<Rsit> {
    let known = TYPES.iter().find(|(known, _)| *known == category);
    known.map(|(_, rsit)| *rsit)
}
