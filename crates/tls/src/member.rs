//! What one member's certificates are judged by.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chappe_identity::Serial;
use chappe_model::MemberId;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, RootCertStore};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use crate::Refusal;
use crate::files::{self, FileError};
use crate::leaf;
use crate::options::{CRL_ENDING, CRL_FILES, REVOKED_BYTES, REVOKED_FILE, ROOTS_FILE};

/// A member's authorities, with what they and the operator have revoked.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    pub(crate) authorities: Arc<Authorities>,
    pub(crate) revoked: Arc<Revoked>,
}

/// What a member's authorities say: roots and revocation lists.
#[derive(Debug)]
pub(crate) struct Authorities {
    /// One for each root: a root that has expired counts for nothing, which a store of roots does not ask. None without a revocation list.
    anchors: Vec<Anchor>,
    /// The public keys of the roots, in DER.
    pub(crate) keys: Vec<Vec<u8>>,
    /// The revocation lists' files and the time in which each is in force.
    pub(crate) lists: Vec<List>,
}

/// A root, with all revocation lists.
#[derive(Debug)]
struct Anchor {
    /// In seconds since 1970.
    since: i64,
    /// Likewise: the last second.
    until: i64,
    verifier: Arc<dyn ClientCertVerifier>,
}

/// When a revocation list was made and until when it is in force, in seconds since 1970.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) path: PathBuf,
    pub(crate) since: i64,
    pub(crate) until: i64,
}

/// What the operator does not accept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Revoked {
    pub(crate) whole: bool,
    pub(crate) serials: BTreeSet<Serial>,
}

impl Authorities {
    /// Reads a member's folder.
    ///
    /// # Errors
    /// When a file is absent or wrong.
    pub(crate) fn read(folder: &Path, provider: &Arc<CryptoProvider>) -> Result<Self, FileError> {
        let path = folder.join(ROOTS_FILE);
        let (mut roots, mut keys) = (Vec::new(), Vec::new());
        for root in files::certificates(&path)? {
            let wrong = |message: String| FileError::new(&path, message);
            let (key, since, until) = said_of_root(&root).map_err(wrong)?;
            let mut store = RootCertStore::empty();
            store
                .add(root)
                .map_err(|error| wrong(format!("a root is not taken: {error}")))?;
            keys.push(key);
            roots.push((since, until, store));
        }
        let (lists, ders) = lists(folder)?;
        let mut anchors = Vec::new();
        for (since, until, store) in roots.into_iter().filter(|_| !ders.is_empty()) {
            let verifier = verifier(store, ders.clone(), provider).map_err(|error| FileError::new(folder, error))?;
            anchors.push(Anchor { since, until, verifier });
        }
        Ok(Self { anchors, keys, lists })
    }

    /// Until when the root that it leads to is in force, in seconds since 1970.
    ///
    /// # Errors
    /// When the chain does not lead to a root that is in force, is out of time, is revoked, or no list in force says whether it is.
    pub(crate) fn verify(
        &self,
        member: &MemberId,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<i64, Refusal> {
        if self.lists.is_empty() {
            return Err(Refusal::NoRevocationList(member.clone()));
        }
        let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let in_force = |anchor: &&Anchor| (anchor.since..=anchor.until).contains(&now_s);
        let mut refused = None;
        for anchor in self.anchors.iter().filter(in_force) {
            match anchor.verifier.verify_client_cert(leaf, above, now) {
                Ok(_) => return Ok(anchor.until),
                // That it is another root's says least of all.
                Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) if refused.is_some() => {}
                Err(error) => refused = Some(refusal(error)),
            }
        }
        Err(refused.unwrap_or(Refusal::Chain(CertificateError::Expired)))
    }

    /// Until when all lists are in force, in seconds since 1970.
    pub(crate) fn lists_until(&self) -> i64 {
        self.lists.iter().map(|list| list.until).min().unwrap_or(i64::MAX)
    }
}

fn refusal(error: rustls::Error) -> Refusal {
    match error {
        rustls::Error::InvalidCertificate(error) => Refusal::Chain(error),
        rustls::Error::InvalidCertRevocationList(_) => Refusal::Chain(CertificateError::UnknownRevocationStatus),
        _ => Refusal::Malformed("its chain cannot be read"),
    }
}

fn verifier(
    roots: RootCertStore,
    lists: Vec<CertificateRevocationListDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    // The whole chain is asked about, and what no list knows of is refused: both are the builder's defaults.
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .with_crls(lists)
        .enforce_revocation_expiration()
        .build();
    built.map_err(|error| format!("roots and revocation lists do not hold together: {error}"))
}

/// A root's public key in DER, and when it is in force: the first and the last second since 1970.
fn said_of_root(root: &CertificateDer<'_>) -> Result<(Vec<u8>, i64, i64), String> {
    let certificate = leaf::parse(root).map_err(|refusal| format!("a root cannot be read: {refusal}"))?;
    if !certificate.is_ca() {
        return Err("a certificate of it is no authority's: it lacks the CA flag".into());
    }
    let constraints = certificate.name_constraints();
    if !matches!(constraints, Ok(None)) {
        let message = "a root of it has name constraints, which are refused for URIs; take them off: which member a root speaks for is \
                       said by the folder that it stands in";
        return Err(message.into());
    }
    let validity = certificate.validity();
    let (since, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    Ok((certificate.public_key().raw.to_vec(), since, until))
}

type Lists = (Vec<List>, Vec<CertificateRevocationListDer<'static>>);

fn lists(folder: &Path) -> Result<Lists, FileError> {
    let paths = list_paths(folder);
    if paths.len() > CRL_FILES {
        let message = format!("{} files of revocation lists: at most {CRL_FILES}", paths.len());
        return Err(FileError::new(folder, message));
    }
    let mut found = Vec::new();
    for path in paths {
        for der in files::revocation_lists(&path)? {
            let parsed = CertificateRevocationList::from_der(der.as_ref());
            let (_, list) = parsed.map_err(|_| FileError::new(&path, "a revocation list of it cannot be read"))?;
            let until = list.next_update().ok_or_else(|| {
                let message = "a revocation list of it does not say until when it is in force (nextUpdate)";
                FileError::new(&path, message)
            })?;
            let list = List {
                path: path.clone(),
                since: list.last_update().timestamp(),
                until: until.timestamp(),
            };
            found.push((list, der));
        }
    }
    // Of several lists of one authority the first is asked and no other: it must be the newest, or what was revoked since would not be.
    found.sort_by_key(|(list, _)| Reverse(list.since));
    Ok(found.into_iter().unzip())
}

/// The files of revocation lists in a member's folder, in order.
pub(crate) fn list_paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths = files::entries(folder);
    paths.retain(|path| path.extension().is_some_and(|ending| ending == CRL_ENDING));
    paths
}

impl Revoked {
    /// Reads a member's folder; nothing is revoked where the file is absent.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it is neither `*` nor a serial number.
    pub(crate) fn read(folder: &Path) -> Result<Self, FileError> {
        let path = folder.join(REVOKED_FILE);
        let bytes = match files::read(&path, REVOKED_BYTES) {
            Err(error) if error.is_absent => return Ok(Self::default()),
            read => read?,
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut revoked = Self::default();
        for (at, line) in text.lines().enumerate() {
            let word = line.split('#').next().unwrap_or_default().trim();
            match word {
                "" => {}
                "*" => revoked.whole = true,
                digits => {
                    let serial = Serial::parse(digits).ok_or_else(|| {
                        let message = format!("line {}: neither '*' nor a serial number in hexadecimal digits", at + 1);
                        FileError::new(&path, message)
                    })?;
                    revoked.serials.insert(serial);
                }
            }
        }
        Ok(revoked)
    }

    /// Everything of the member: for a file that cannot be read.
    pub(crate) fn everything() -> Self {
        Self {
            whole: true,
            serials: BTreeSet::new(),
        }
    }
}

/// Until when the roots and revocation lists of a member count, in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The last second in which each root is valid.
    pub roots_until: Vec<i64>,
    /// The last second in which each revocation list is in force.
    pub lists_until: Vec<i64>,
}

/// Looks a member's folder over, as the server would read it.
///
/// # Errors
/// What of it the server would not take, or not go by.
pub fn check_member(folder: &Path) -> Result<(), FileError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let authorities = Authorities::read(folder, &provider)?;
    Revoked::read(folder)?;
    if authorities.lists.is_empty() {
        let message = "no revocation list: without one nobody is accepted, and an authority that has revoked nothing signs an empty one";
        return Err(FileError::new(folder, message));
    }
    Ok(())
}

/// Until when what stands in a member's folder counts.
///
/// # Errors
/// When a file of it cannot be read.
pub fn times_of_member(folder: &Path) -> Result<Times, FileError> {
    let path = folder.join(ROOTS_FILE);
    let roots = files::certificates(&path)?;
    let roots_until = roots.iter().map(|root| leaf::not_after(root)).collect::<Result<_, _>>();
    Ok(Times {
        roots_until: roots_until.map_err(|refusal| FileError::new(&path, refusal.to_string()))?,
        lists_until: lists(folder)?.0.iter().map(|list| list.until).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_s_list_is_lines() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Revoked::read(folder.path()).unwrap(), Revoked::default());
        let path = folder.path().join(REVOKED_FILE);
        std::fs::write(&path, "# a laptop\n0A:1b # stolen\n\n").unwrap();
        let revoked = Revoked::read(folder.path()).unwrap();
        assert!(!revoked.whole && revoked.serials.contains(&Serial::parse("a1b").unwrap()));
        std::fs::write(&path, "*\n").unwrap();
        assert!(Revoked::read(folder.path()).unwrap().whole);
        std::fs::write(&path, "1\nall\n").unwrap();
        let error = Revoked::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("revoked: line 2: neither"), "{error}");
    }
}
