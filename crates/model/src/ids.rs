//! Ids and hashes, all keyed under the installation's secret, so that none of them can be guessed or reversed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Compartment, MemberId, Realm, ReportKey, Timestamp};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $collection:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 16]);

        impl $name {
            /// From its bytes in the log.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its bytes, for the log.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Its resource name.
            #[must_use]
            pub fn resource_name(&self) -> String {
                [concat!($collection, "/"), &hex(&self.0)].concat()
            }

            /// Reads a resource name.
            ///
            /// # Errors
            /// When the text has another form.
            pub fn parse_resource_name(name: &str) -> Result<Self, NameError> {
                let hex = name.strip_prefix(concat!($collection, "/")).and_then(bytes_of_hex);
                hex.map(Self).ok_or(NameError { form: concat!($collection, "/{32 hexadecimal digits}") })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// An incident: (reporter, report key).
    IncidentId,
    "incidents"
);
id!(
    /// An alert: (rule id, compartment, key, anchor).
    AlertId,
    "alerts"
);

/// A name that does not have the form of its collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form {form}")]
pub struct NameError {
    form: &'static str,
}

/// A set of reports, summed up: adding one and taking one out cost the same, however large the set. Ids are keyed pseudo-random bits, so
/// that nobody can choose reports whose sums meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetSum {
    reports: u64,
    ids: u128,
}

impl SetSum {
    /// A set of one.
    #[must_use]
    pub fn of(incident: IncidentId) -> Self {
        let mut sum = Self::default();
        sum.add(incident);
        sum
    }

    /// Adds a report that is not in the set.
    pub fn add(&mut self, incident: IncidentId) {
        self.reports += 1;
        self.ids = self.ids.wrapping_add(u128::from_le_bytes(*incident.as_bytes()));
    }

    /// What is in this set and not in `part`, which is a part of it.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self {
            reports: self.reports.saturating_sub(part.reports),
            ids: self.ids.wrapping_sub(part.ids),
        }
    }

    /// How many reports.
    #[must_use]
    pub fn reports(self) -> u64 {
        self.reports
    }
}

/// 16 bytes that name a content or a set.
pub type Digest = [u8; 16];

/// The correlation key of (rule, realm, group-by values) as 128 keyed bits. All compartments of a realm share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyHash(pub u128);

impl KeyHash {
    /// The lot of this key, of `lots`: keys are divided among owners by it. None counts as one.
    #[must_use]
    pub fn lot(self, lots: u16) -> u16 {
        let high = u64::try_from(self.0 >> 64).unwrap_or(0);
        u16::try_from(high % u64::from(lots.max(1))).unwrap_or(0)
    }
}

/// The installation's secret: 32 random bytes, backed up. Every id rests on it.
#[derive(Clone)]
pub struct Secret {
    incident: [u8; 32],
    alert: [u8; 32],
    key: [u8; 32],
    content: [u8; 32],
    receipt: [u8; 32],
    handle: [u8; 32],
    set: [u8; 32],
    pseudonym: [u8; 32],
    token: [u8; 32],
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Derives one key for each purpose, so that no two kinds of id can be compared.
    #[must_use]
    pub fn new(master: [u8; 32]) -> Self {
        let derive = |purpose: &str| blake3::derive_key(purpose, &master);
        Self {
            incident: derive("chappe 2026 incident id"),
            alert: derive("chappe 2026 alert id"),
            key: derive("chappe 2026 correlation key"),
            content: derive("chappe 2026 content digest"),
            receipt: derive("chappe 2026 receipt"),
            handle: derive("chappe 2026 report handle"),
            set: derive("chappe 2026 contributing set"),
            pseudonym: derive("chappe 2026 pseudonym"),
            token: derive("chappe 2026 page token"),
        }
    }

    /// The id of a report.
    #[must_use]
    pub fn incident_id(&self, reporter: &MemberId, report_key: &ReportKey) -> IncidentId {
        IncidentId(mac(
            &self.incident,
            &[reporter.as_str().as_bytes(), report_key.as_str().as_bytes()],
        ))
    }

    /// The id of an alert: of the rule's id, not its version; of the compartment, the key and the anchor.
    #[must_use]
    pub fn alert_id(
        &self,
        rule: &str,
        compartment: &Compartment,
        key: KeyHash,
        anchor: (Timestamp, IncidentId),
    ) -> AlertId {
        let mut mac = Mac::new(&self.alert);
        mac.absorb(rule.as_bytes());
        mac.absorb(realm(compartment.realm));
        for recipient in compartment.recipients.iter().flat_map(|list| list.iter()) {
            mac.absorb(recipient.as_str().as_bytes());
        }
        mac.absorb(&key.0.to_le_bytes());
        mac.absorb(&anchor.0.as_millis().to_le_bytes());
        mac.absorb(anchor.1.as_bytes());
        AlertId(mac.finish())
    }

    /// The hash of a correlation key.
    #[must_use]
    pub fn key_hash(&self, rule: &str, in_realm: Realm, values: &[&str]) -> KeyHash {
        let mut mac = Mac::new(&self.key);
        mac.absorb(rule.as_bytes());
        mac.absorb(realm(in_realm));
        for value in values {
            mac.absorb(value.as_bytes());
        }
        KeyHash(u128::from_le_bytes(mac.finish()))
    }

    /// 64 keyed bits of a value that is only ever compared.
    #[must_use]
    pub fn value_hash(&self, value: &str) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = mac(&self.key, &[b"value", value.as_bytes()]);
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Names a content as submitted.
    #[must_use]
    pub fn content_digest(&self, content: &[u8]) -> Digest {
        mac(&self.content, &[content])
    }

    /// The receipt of (incident id, revision, content digest).
    #[must_use]
    pub fn receipt(&self, incident: IncidentId, revision: u32, content: &Digest) -> Digest {
        mac(&self.receipt, &[incident.as_bytes(), &revision.to_le_bytes(), content])
    }

    /// The handle under which `viewer` knows a report.
    #[must_use]
    pub fn report_handle(&self, viewer: &MemberId, incident: IncidentId) -> Digest {
        mac(&self.handle, &[viewer.as_str().as_bytes(), incident.as_bytes()])
    }

    /// Names a set of reports, in whatever order they are given.
    pub fn set_digest(&self, incidents: impl IntoIterator<Item = IncidentId>) -> Digest {
        let mut sum = SetSum::default();
        incidents.into_iter().for_each(|incident| sum.add(incident));
        self.digest_of(sum)
    }

    /// Names the set that was summed up. The sum itself stays inside: its parts could be told apart by who knows some of them.
    #[must_use]
    pub fn digest_of(&self, sum: SetSum) -> Digest {
        mac(&self.set, &[&sum.reports.to_le_bytes(), &sum.ids.to_le_bytes()])
    }

    /// The pseudonym of a personal value.
    #[must_use]
    pub fn pseudonym(&self, purpose: &str, value: &str) -> Digest {
        mac(&self.pseudonym, &[purpose.as_bytes(), value.as_bytes()])
    }

    /// Seals a page token or cursor, so that only what was given out is taken back.
    #[must_use]
    pub fn seal(&self, purpose: &str, content: &[u8]) -> Digest {
        mac(&self.token, &[purpose.as_bytes(), content])
    }

    /// The partition of an incident: all its revisions share it.
    #[must_use]
    pub fn partition(incident: IncidentId, partitions: u16) -> u16 {
        let spread = u16::from_le_bytes([incident.0[0], incident.0[1]]);
        spread % partitions.max(1)
    }
}

fn realm(realm: Realm) -> &'static [u8] {
    match realm {
        Realm::Live => b"live",
        Realm::Exercise => b"exercise",
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Mac::new(key);
    parts.iter().for_each(|part| mac.absorb(part));
    mac.finish()
}

/// Bytes that are gathered before they are hashed. Nearly every input is shorter, and one call for all of it costs less than one for each part.
const GATHERED_BYTES: usize = 256;

/// A keyed function of parts, of which the first 16 bytes are taken.
struct Mac<'k> {
    key: &'k [u8; 32],
    gathered: [u8; GATHERED_BYTES],
    used: usize,
    /// Once more than is gathered was absorbed.
    hasher: Option<Box<blake3::Hasher>>,
}

impl<'k> Mac<'k> {
    fn new(key: &'k [u8; 32]) -> Self {
        Self {
            key,
            gathered: [0; GATHERED_BYTES],
            used: 0,
            hasher: None,
        }
    }

    /// Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
    fn absorb(&mut self, part: &[u8]) {
        self.take(&(part.len() as u64).to_le_bytes());
        self.take(part);
    }

    fn take(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
            return;
        }
        let end = self.used + bytes.len();
        if let Some(room) = self.gathered.get_mut(self.used..end) {
            room.copy_from_slice(bytes);
            self.used = end;
            return;
        }
        let mut hasher = Box::new(blake3::Hasher::new_keyed(self.key));
        hasher.update(&self.gathered[..self.used]).update(bytes);
        self.hasher = Some(hasher);
    }

    fn finish(self) -> [u8; 16] {
        let whole = match self.hasher {
            Some(hasher) => hasher.finalize(),
            None => blake3::keyed_hash(self.key, &self.gathered[..self.used]),
        };
        let mut out = [0; 16];
        out.copy_from_slice(&whole.as_bytes()[..16]);
        out
    }
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from(HEX_DIGITS[usize::from(nibble)]));
        }
    }
    out
}

/// Exactly 32 lower-case hexadecimal digits as 16 bytes.
#[must_use]
pub fn bytes_of_hex(text: &str) -> Option<[u8; 16]> {
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    let mut out = [0; 16];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new([7; 32])
    }

    #[test]
    fn ids_depend_on_every_part_and_on_the_secret() {
        let (a, b) = (MemberId::parse("a").unwrap(), MemberId::parse("ab").unwrap());
        let (x, y) = (ReportKey::parse("bc").unwrap(), ReportKey::parse("c").unwrap());
        let id = secret().incident_id(&a, &x);
        assert_eq!(id, secret().incident_id(&a, &x));
        assert_ne!(id, secret().incident_id(&b, &y));
        assert_ne!(id, Secret::new([8; 32]).incident_id(&a, &x));
    }

    #[test]
    fn a_mac_is_the_same_however_much_of_it_is_gathered() {
        let key = [9; 32];
        for length in [
            0, 1, 7, 200, 225, 226, 231, 232, 233, 241, 242, 255, 256, 257, 1_000, 5_000,
        ] {
            let long = vec![0x5a; length];
            let parts: [&[u8]; 3] = [b"rule", &long, b"end"];
            let mut plain = blake3::Hasher::new_keyed(&key);
            for part in parts {
                plain.update(&(part.len() as u64).to_le_bytes()).update(part);
            }
            let mut first = [0; 16];
            plain.finalize_xof().fill(&mut first);
            assert_eq!(mac(&key, &parts), first, "{length}");
        }
        // What is stored rests on it.
        let reporter = MemberId::parse("csirt-at").unwrap();
        let id = secret().incident_id(&reporter, &ReportKey::parse("CASE-1").unwrap());
        assert_eq!(id.to_string(), "460cd5d827b756a50494e5bdd037323b");
    }

    #[test]
    fn names_round_trip_and_nothing_else_parses() {
        let id = IncidentId::from_bytes([0xab; 16]);
        assert_eq!(IncidentId::parse_resource_name(&id.resource_name()), Ok(id));
        for bad in [
            "",
            "incidents/",
            "alerts/abababababababababababababababab",
            "incidents/ABababababababababababababababab",
            "incidents/é",
        ] {
            assert!(IncidentId::parse_resource_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_secret_does_not_show() {
        assert_eq!(format!("{:?}", secret()), "Secret(…)");
    }
}
