use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Country;
use crate::limits::MEMBER_ID_BYTES;

/// Names a member of the installation: `csirt-at`, `europol`. Lower-case letters, digits and hyphens, at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberId(Arc<str>);

/// Why a text is no member id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no member id: 1 to {MEMBER_ID_BYTES} of a-z, 0-9 and '-', starting with a letter")]
pub struct MemberIdError(String);

impl MemberId {
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<Self, MemberIdError> {
        let sound = text.len() <= MEMBER_ID_BYTES
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if sound {
            Ok(Self(text.into()))
        } else {
            Err(MemberIdError(
                text.chars()
                    .take(MEMBER_ID_BYTES)
                    .flat_map(char::escape_default)
                    .collect(),
            ))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for MemberId {
    type Error = MemberIdError;
    fn try_from(text: String) -> Result<Self, MemberIdError> {
        Self::parse(&text)
    }
}

impl From<MemberId> for String {
    fn from(id: MemberId) -> Self {
        id.as_str().to_owned()
    }
}

/// What a member may do besides submitting and watching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A national CSIRT, a police force, a body of the Union or a partner.
    Member,
    /// The hub: told of every alert that is not confined to named recipients.
    Hub,
    /// The hub's duty officer: also told of unmarked, match-only and held urgent reports.
    DutyOfficer,
}

impl Role {
    /// The hub itself or its duty officer.
    #[must_use]
    pub const fn is_of_the_hub(self) -> bool {
        matches!(self, Self::Hub | Self::DutyOfficer)
    }
}

/// Who is asking: filled from a token today, from a certificate later. Never from anything a request says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The member.
    pub member: MemberId,
    /// Its own country; none for a body of the Union.
    pub home: Option<Country>,
    /// Its role.
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_plain_ids_only() {
        assert!(MemberId::parse("csirt-at").is_ok());
        for bad in ["", "CSIRT-AT", "9lives", "a b", "é", &"a".repeat(65)] {
            assert!(MemberId::parse(bad).is_err(), "{bad}");
        }
    }
}
