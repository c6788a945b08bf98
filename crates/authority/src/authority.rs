//! The authority's folder, and what it does.

use std::path::{Path, PathBuf};

use chappe_identity::{Serial, SpiffeId, TrustDomain, Voice};
use chappe_model::{MemberId, Timestamp};
use chappe_tls::{REVOKED_FILE, ROOTS_FILE};
use rcgen::{Issuer, KeyPair};

use crate::AuthorityError;
use crate::files::{self, PUBLIC, SECRET};
use crate::listing;
use crate::signing::{self, Pair};

/// Longest validity of a member's certificate, in days.
pub const LONGEST_DAYS: u32 = 825;

/// The list that is signed here.
const LIST_FILE: &str = "root.crl";

/// A certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Whose.
    pub id: SpiffeId,
    /// Its serial number.
    pub serial: Serial,
    /// The folder with certificate, key and what its holder believes: to be handed over.
    pub folder: PathBuf,
}

/// The authority of an installation, in a folder.
#[derive(Clone, Debug)]
pub struct Authority {
    folder: PathBuf,
    trust_domain: TrustDomain,
}

impl Authority {
    /// The one in `folder`, for an installation's trust domain. Nothing is read or written yet.
    #[must_use]
    pub fn new(folder: PathBuf, trust_domain: TrustDomain) -> Self {
        Self { folder, trust_domain }
    }

    /// Makes the server's root, and a certificate for these names and addresses.
    ///
    /// # Errors
    /// When they are there already, or the disk fails.
    pub fn begin_server(&self, hosts: &[String], now: Timestamp) -> Result<(), AuthorityError> {
        let root = signing::root("Chappe server authority", now)?;
        files::write_new(&self.server("ca.pem"), PUBLIC, root.certificate.as_bytes())?;
        files::write_new(&self.key("server"), SECRET, root.key.as_bytes())?;
        self.write_server(&root, hosts, now)
    }

    /// Makes a new certificate for the server, for the names and addresses of the one that is there; the server takes it within seconds.
    ///
    /// # Errors
    /// When the server's root is not here, or the disk fails.
    pub fn renew_server(&self, now: Timestamp) -> Result<(), AuthorityError> {
        let hosts = listing::hosts(&self.server("certificate.pem"))?;
        let root = Pair {
            certificate: files::read(&self.server("ca.pem"))?,
            key: files::read(&self.key("server"))?,
        };
        self.write_server(&root, &hosts, now)
    }

    fn write_server(&self, root: &Pair, hosts: &[String], now: Timestamp) -> Result<(), AuthorityError> {
        let issuer = signing::issuer(&root.certificate, &root.key)?;
        let pair = signing::server(&issuer, hosts, now)?;
        files::replace(&self.server("key.pem"), SECRET, pair.key.as_bytes())?;
        files::replace(&self.server("certificate.pem"), PUBLIC, pair.certificate.as_bytes())
    }

    /// Makes a member's root and an empty revocation list.
    ///
    /// # Errors
    /// When they are there already, or the disk fails.
    pub fn begin_member(&self, member: &MemberId, now: Timestamp) -> Result<(), AuthorityError> {
        let root = signing::root(&format!("Chappe development authority of {member}"), now)?;
        // Last what is looked for: half of it does not pass for a member.
        files::write_new(&self.key(member.as_str()), SECRET, root.key.as_bytes())?;
        let issuer = signing::issuer(&root.certificate, &root.key)?;
        let list = signing::list(&issuer, std::iter::empty(), now)?;
        files::write_new(&self.member(member).join(LIST_FILE), PUBLIC, list.as_bytes())?;
        files::write_new(
            &self.member(member).join(ROOTS_FILE),
            PUBLIC,
            root.certificate.as_bytes(),
        )
    }

    /// Whether a member has an authority, here or elsewhere.
    #[must_use]
    pub fn knows(&self, member: &MemberId) -> bool {
        self.member(member).join(ROOTS_FILE).exists()
    }

    /// Whether a member's authority is here.
    #[must_use]
    pub fn signs_for(&self, member: &MemberId) -> bool {
        self.key(member.as_str()).exists()
    }

    /// Issues a certificate. One of the same name that was issued before stays valid until it expires or is revoked; its files are replaced.
    ///
    /// # Errors
    /// When the member's authority is not here, the member is revoked, the validity is out of range, or the disk fails.
    pub fn issue(&self, member: &MemberId, voice: &Voice, days: u32, now: Timestamp) -> Result<Issued, AuthorityError> {
        if !(1..=LONGEST_DAYS).contains(&days) {
            return Err(AuthorityError::Days(days));
        }
        let (whole, _) = self.revoked(member)?;
        if whole {
            return Err(AuthorityError::Revoked {
                member: member.clone(),
                path: self.member(member).join(REVOKED_FILE),
            });
        }
        let id = SpiffeId {
            trust_domain: self.trust_domain.clone(),
            member: member.clone(),
            voice: voice.clone(),
        };
        let (pair, serial) = signing::holder(&self.issuer(member)?, &id, days, now)?;
        let kept = self.issued(member).join(format!("{serial}.pem"));
        files::write_new(&kept, PUBLIC, pair.certificate.as_bytes())?;
        let name = match voice {
            Voice::Member => "member".to_owned(),
            Voice::Service(name) => format!("service-{name}"),
            Voice::Person(name) => format!("person-{name}"),
        };
        let folder = self.folder.join("identities").join(member.as_str()).join(name);
        files::replace(&folder.join("key.pem"), SECRET, pair.key.as_bytes())?;
        files::replace(&folder.join("certificate.pem"), PUBLIC, pair.certificate.as_bytes())?;
        let ca = files::read(&self.server("ca.pem"))?;
        files::replace(&folder.join("ca.pem"), PUBLIC, ca.as_bytes())?;
        Ok(Issued { id, serial, folder })
    }

    /// Revokes one certificate of a member, or without a serial number all that it has and will have. What the operator revokes stands in a file of
    /// its own, whoever issued it; where the member's authority is here it signs a list that says the same.
    ///
    /// # Errors
    /// When the member has no authority, or the disk fails.
    pub fn revoke(&self, member: &MemberId, serial: Option<&Serial>, now: Timestamp) -> Result<(), AuthorityError> {
        if !self.knows(member) {
            return Err(AuthorityError::NoMember(member.clone()));
        }
        let path = self.member(member).join(REVOKED_FILE);
        let mut text = files::read_if_there(&path)?.unwrap_or_default();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let line = serial.map_or("*", Serial::as_str);
        let day = signing::moment(now).date();
        text.push_str(&format!("{line} # {day}\n"));
        files::replace(&path, PUBLIC, text.as_bytes())?;
        if self.signs_for(member) {
            self.renew_list(member, now)?;
        }
        Ok(())
    }

    /// Signs a member's revocation list anew, so that it is in force for longer.
    ///
    /// # Errors
    /// When the member's authority is not here, or the disk fails.
    pub fn renew_list(&self, member: &MemberId, now: Timestamp) -> Result<(), AuthorityError> {
        let (_, serials) = self.revoked(member)?;
        let list = signing::list(&self.issuer(member)?, serials.iter(), now)?;
        files::replace(&self.member(member).join(LIST_FILE), PUBLIC, list.as_bytes())
    }

    /// Whether the member is revoked as a whole, and the serial numbers that are.
    pub(crate) fn revoked(&self, member: &MemberId) -> Result<(bool, Vec<Serial>), AuthorityError> {
        let path = self.member(member).join(REVOKED_FILE);
        let text = files::read_if_there(&path)?.unwrap_or_default();
        let words = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        let (mut whole, mut serials) = (false, Vec::new());
        for (at, word) in words.enumerate() {
            match word {
                "" => {}
                "*" => whole = true,
                digits => serials.push(Serial::parse(digits).ok_or_else(|| AuthorityError::Malformed {
                    path: path.clone(),
                    message: format!("line {}: neither '*' nor a serial number in hexadecimal digits", at + 1),
                })?),
            }
        }
        Ok((whole, serials))
    }

    fn issuer(&self, member: &MemberId) -> Result<Issuer<'static, KeyPair>, AuthorityError> {
        let key = self.key(member.as_str());
        if !self.knows(member) {
            return Err(AuthorityError::NoMember(member.clone()));
        }
        if !key.exists() {
            let member = member.clone();
            return Err(AuthorityError::NotOurs { member, key });
        }
        let root = files::read(&self.member(member).join(ROOTS_FILE))?;
        signing::issuer(&root, &files::read(&key)?)
    }

    fn server(&self, file: &str) -> PathBuf {
        self.folder.join("server").join(file)
    }

    fn key(&self, of: &str) -> PathBuf {
        // No member is called so: an id has no dot.
        self.folder.join("authority").join(match of {
            "server" => "server.root.key".to_owned(),
            member => format!("{member}.key"),
        })
    }

    pub(crate) fn member(&self, member: &MemberId) -> PathBuf {
        self.folder.join("members").join(member.as_str())
    }

    pub(crate) fn issued(&self, member: &MemberId) -> PathBuf {
        self.folder.join("issued").join(member.as_str())
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
