//! What was issued, and until when it counts.

use std::net::IpAddr;
use std::path::Path;

use chappe_identity::{Serial, SpiffeId};
use chappe_model::MemberId;
use chappe_tls::{read_leaf, times_of_member};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{Authority, AuthorityError};

/// A certificate of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its holder.
    pub id: SpiffeId,
    /// Its serial number.
    pub serial: Serial,
    /// The last second in which it is valid, since 1970.
    pub not_after: i64,
    /// Whether the operator has revoked it.
    pub is_revoked: bool,
}

/// What there is of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMember {
    /// Whether its authority is here.
    pub is_ours: bool,
    /// Whether it is revoked as a whole.
    pub is_revoked: bool,
    /// The last second in which each of its roots is valid, since 1970.
    pub roots_until: Vec<i64>,
    /// The last second in which each of its revocation lists is in force, since 1970.
    pub lists_until: Vec<i64>,
    /// The certificates that were issued here, by holder and expiry.
    pub issued: Vec<Listed>,
}

impl Authority {
    /// What there is of a member; none if it has no authority.
    ///
    /// # Errors
    /// When a file cannot be read or is wrong.
    pub fn listed(&self, member: &MemberId) -> Result<Option<ListedMember>, AuthorityError> {
        if !self.knows(member) {
            return Ok(None);
        }
        let times = times_of_member(&self.member(member))?;
        let (is_revoked, serials) = self.revoked(member)?;
        let mut issued = Vec::new();
        let kept = std::fs::read_dir(self.issued(member)).into_iter().flatten().flatten();
        for path in kept.map(|entry| entry.path()) {
            if path.extension().is_none_or(|ending| ending != "pem") {
                continue;
            }
            let malformed = |message: String| AuthorityError::Malformed {
                path: path.clone(),
                message,
            };
            let der = CertificateDer::from_pem_file(&path).map_err(|error| malformed(error.to_string()))?;
            let leaf = read_leaf(&der).map_err(|refusal| malformed(refusal.to_string()))?;
            issued.push(Listed {
                is_revoked: is_revoked || serials.contains(&leaf.serial),
                id: leaf.id,
                serial: leaf.serial,
                not_after: leaf.not_after,
            });
        }
        issued.sort_by_key(|listed| (listed.id.to_string(), listed.not_after));
        Ok(Some(ListedMember {
            is_ours: self.signs_for(member),
            is_revoked,
            roots_until: times.roots_until,
            lists_until: times.lists_until,
            issued,
        }))
    }
}

/// The names and addresses that a server's certificate is for.
pub(crate) fn hosts(path: &Path) -> Result<Vec<String>, AuthorityError> {
    let malformed = |message: &str| AuthorityError::Malformed {
        path: path.to_owned(),
        message: message.to_owned(),
    };
    let der = CertificateDer::from_pem_file(path).map_err(|error| malformed(&error.to_string()))?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| malformed("no certificate that can be read"))?;
    let names = certificate.subject_alternative_name();
    let names = names.map_err(|_| malformed("its names cannot be read"))?;
    let names = names.ok_or_else(|| malformed("it has no names"))?;
    let hosts = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    });
    Ok(hosts.collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok();
    v4.or_else(|| <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok())
}
