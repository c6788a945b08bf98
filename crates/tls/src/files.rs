//! Reading files: bounded, in PEM or DER, and whether they have changed.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::options::{CERTIFICATES_BYTES, CERTIFICATES_IN_A_FILE, CRL_BYTES};

/// Bits of a file's mode by which others than its owner may read or write it.
const OTHERS: u32 = 0o077;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub message: String,
    /// It is not there.
    pub is_absent: bool,
}

impl FileError {
    pub(crate) fn new(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            message: message.into(),
            is_absent: false,
        }
    }
}

/// The whole of a file.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let unreadable = |error: std::io::Error| FileError {
        path: path.to_owned(),
        is_absent: error.kind() == std::io::ErrorKind::NotFound,
        message: error.to_string(),
    };
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path).map_err(unreadable)?.take(most + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(FileError::new(
            path,
            format!("over {most} bytes: at most so many are read"),
        ));
    }
    Ok(bytes)
}

/// The certificates of a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let bytes = read(path, CERTIFICATES_BYTES)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| FileError::new(path, format!("no PEM that can be read: {error}")))?;
    match found.len() {
        0 => {
            let message = "no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----";
            Err(FileError::new(path, message))
        }
        n if n > CERTIFICATES_IN_A_FILE => {
            let message = format!("{n} certificates: at most {CERTIFICATES_IN_A_FILE}");
            Err(FileError::new(path, message))
        }
        _ => Ok(found),
    }
}

/// The private key of a file that only its owner may read.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
    let bytes = read(path, CERTIFICATES_BYTES)?;
    let mode = fs::metadata(path)
        .map(|metadata| metadata.mode() & 0o777)
        .unwrap_or_default();
    if mode & OTHERS != 0 {
        let message = format!(
            "mode {mode:03o} lets others read the private key: chmod 600 {}",
            path.display()
        );
        return Err(FileError::new(path, message));
    }
    // Without the parser's own words, which might repeat what it read.
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        FileError::new(
            path,
            "no private key in PEM (PKCS #8, SEC 1 or PKCS #1, without a passphrase)",
        )
    })
}

/// The revocation lists of a file.
pub(crate) fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, FileError> {
    let bytes = read(path, CRL_BYTES)?;
    // A tag of DER is no printable character.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes.into()]);
    }
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| FileError::new(path, format!("no PEM that can be read: {error}")))?;
    if found.is_empty() {
        return Err(FileError::new(path, "no revocation list in PEM or DER"));
    }
    Ok(found)
}

/// What tells that a file was written or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    path: PathBuf,
    state: Option<[i128; 5]>,
}

/// The stamp of one file, or of a folder itself.
pub(crate) fn stamp(path: &Path) -> Stamp {
    let state = fs::metadata(path).ok().map(|m| {
        let moment = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        [
            m.dev().into(),
            m.ino().into(),
            m.len().into(),
            moment(m.mtime(), m.mtime_nsec()),
            moment(m.ctime(), m.ctime_nsec()),
        ]
    });
    Stamp {
        path: path.to_owned(),
        state,
    }
}

/// The entries of a folder, in order; none if it cannot be read.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}
