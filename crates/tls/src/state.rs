//! What is in force: the server's certificate and every member's trust, read together, never changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use chappe_identity::Certified;
use chappe_model::MemberId;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::sign::CertifiedKey;

use crate::Refusal;
use crate::files::{self, FileError};
use crate::leaf::{self, read_leaf};
use crate::member::{Authorities, Revoked, Trust};
use crate::options::{CHAIN, Options};

/// What certificates are judged by.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) server: Arc<CertifiedKey>,
    /// The last second in which the server's certificate is valid, since 1970.
    pub(crate) server_until: i64,
    pub(crate) members: BTreeMap<MemberId, Trust>,
    /// Members of which a root stands with another member too.
    shared: Vec<MemberId>,
}

/// A certificate that was accepted.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) certified: Certified,
    /// The last second in which nothing that the judgement rests on has expired, since 1970.
    pub(crate) until: i64,
}

impl State {
    /// Reads the server's certificate and the members' folders. Of a member whose files are wrong the authorities stay that `before` has; what is wrong
    /// is told with the rest.
    ///
    /// # Errors
    /// When the server's certificate or key cannot be read or do not belong together.
    pub(crate) fn read(
        options: &Options,
        provider: &Arc<CryptoProvider>,
        before: Option<&Self>,
    ) -> Result<(Self, Vec<FileError>), FileError> {
        let server = server(options, provider)?;
        Ok(Self::with(server, options, provider, before))
    }

    /// As [`State::read`], of the members alone: the server's certificate stays as it is.
    pub(crate) fn read_members(
        options: &Options,
        provider: &Arc<CryptoProvider>,
        before: &Self,
    ) -> (Self, Vec<FileError>) {
        let server = (Arc::clone(&before.server), before.server_until);
        Self::with(server, options, provider, Some(before))
    }

    fn with(
        (server, server_until): (Arc<CertifiedKey>, i64),
        options: &Options,
        provider: &Arc<CryptoProvider>,
        before: Option<&Self>,
    ) -> (Self, Vec<FileError>) {
        let (mut members, mut wrong) = (BTreeMap::new(), Vec::new());
        for member in &options.known {
            let folder = options.members.join(member.as_str());
            let revoked = Revoked::read(&folder).unwrap_or_else(|error| {
                wrong.push(error);
                Revoked::everything()
            });
            let authorities = match Authorities::read(&folder, provider) {
                Ok(read) => Some(Arc::new(read)),
                // No folder, no roots: nobody speaks for the member by certificate.
                Err(error) if error.is_absent => None,
                Err(error) => {
                    wrong.push(error);
                    let earlier = before.and_then(|before| before.members.get(member));
                    earlier.map(|trust| Arc::clone(&trust.authorities))
                }
            };
            if let Some(authorities) = authorities {
                let trust = Trust {
                    authorities,
                    revoked: Arc::new(revoked),
                };
                members.insert(member.clone(), trust);
            }
        }
        let shared = shared(&members);
        for member in &shared {
            let message = "a root of it stands with another member too, and could speak for both: both are refused";
            wrong.push(FileError::new(&options.members.join(member.as_str()), message));
        }
        let state = Self {
            server,
            server_until,
            members,
            shared,
        };
        (state, wrong)
    }

    /// Whether a client's certificates are accepted, and as whose.
    pub(crate) fn judge(
        &self,
        options: &Options,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Judged, Refusal> {
        if above.len() >= CHAIN {
            return Err(Refusal::LongChain);
        }
        let said = read_leaf(leaf)?;
        if said.id.trust_domain != options.trust_domain {
            return Err(Refusal::OtherTrustDomain);
        }
        let member = &said.id.member;
        let trust = self.members.get(member).ok_or(Refusal::UnknownMember)?;
        if self.shared.contains(member) {
            return Err(Refusal::SharedRoot(member.clone()));
        }
        let root_until = trust.authorities.verify(member, leaf, above, now)?;
        // Behind the signatures, so that nobody learns of a member what it cannot prove to be.
        if trust.revoked.whole || trust.revoked.serials.contains(&said.serial) {
            return Err(Refusal::ByOperator);
        }
        let mut until = said.not_after.min(root_until).min(trust.authorities.lists_until());
        for certificate in above {
            if trust
                .revoked
                .serials
                .contains(&leaf::serial(&leaf::parse(certificate)?)?)
            {
                return Err(Refusal::ByOperator);
            }
            until = until.min(leaf::not_after(certificate)?);
        }
        Ok(Judged {
            certified: Certified {
                id: said.id,
                serial: said.serial,
            },
            until,
        })
    }
}

fn server(options: &Options, provider: &Arc<CryptoProvider>) -> Result<(Arc<CertifiedKey>, i64), FileError> {
    let chain = files::certificates(&options.certificate)?;
    let key = files::key(&options.key)?;
    let of_certificate = |message: String| FileError::new(&options.certificate, message);
    let until = chain.first().map(leaf::not_after).transpose();
    let until = until.map_err(|refusal| of_certificate(format!("the first certificate cannot be read: {refusal}")))?;
    let server = CertifiedKey::from_der(chain, key, provider);
    let server = server.map_err(|error| {
        let key = options.key.display();
        of_certificate(format!("it and the private key in {key} do not go together: {error}"))
    })?;
    Ok((Arc::new(server), until.unwrap_or_default()))
}

/// Members that have a root in common with another one.
fn shared(members: &BTreeMap<MemberId, Trust>) -> Vec<MemberId> {
    let mut holders: BTreeMap<&[u8], Vec<&MemberId>> = BTreeMap::new();
    for (member, trust) in members {
        for key in &trust.authorities.keys {
            let of_key = holders.entry(key).or_default();
            if of_key.last() != Some(&member) {
                of_key.push(member);
            }
        }
    }
    let twice = holders.into_values().filter(|holders| holders.len() > 1);
    twice.flatten().cloned().collect()
}
