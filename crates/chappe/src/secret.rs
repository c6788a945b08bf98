//! The installation's secret: 32 random bytes in the data folder, made once, never replaced.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chappe_model::Secret;

/// Name of the file in the data folder. Back it up: every id rests on it.
pub const SECRET_FILE: &str = "secret.key";
/// Folder of the log in the data folder.
pub const LOG_FOLDER: &str = "log";
/// Length of the secret, in bytes.
const SECRET_BYTES: usize = 32;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// A log without its secret.
    #[error(
        "{} holds a log but no {SECRET_FILE}: ids made under another secret would not match those in the log. \
         Put the backup of {SECRET_FILE} back (mode 0600), or start an empty installation with another data folder",
        folder.display()
    )]
    Missing {
        /// The data folder.
        folder: PathBuf,
    },
    /// A file of another length.
    #[error("{}: {bytes} bytes where {SECRET_BYTES} belong: put the backup back", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// Others may read it.
    #[error("{}: mode {mode:03o} lets others read the secret: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The disk or the source of randomness failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The secret of a data folder, made if the folder is new.
///
/// # Errors
/// When the folder holds a log but no secret, when the file is damaged or readable by others, or when the disk fails.
pub(crate) fn load_or_create(data: &Path) -> Result<Secret, SecretError> {
    let path = data.join(SECRET_FILE);
    if !path.exists() {
        if holds_log(data) {
            return Err(SecretError::Missing {
                folder: data.to_owned(),
            });
        }
        let mut master = [0; SECRET_BYTES];
        let no_randomness = |error: getrandom::Error| SecretError::Io {
            path: path.clone(),
            source: error.into(),
        };
        getrandom::fill(&mut master).map_err(no_randomness)?;
        create(data, &master)?;
    }
    // Read back even when just made: of two processes that start at once, the first one's secret stands.
    load(&path)
}

/// The secret of a data folder as it is; none where there is neither a secret nor a log.
///
/// # Errors
/// As [`load_or_create`].
pub(crate) fn look(data: &Path) -> Result<Option<Secret>, SecretError> {
    let path = data.join(SECRET_FILE);
    if path.exists() {
        return load(&path).map(Some);
    }
    match holds_log(data) {
        true => Err(SecretError::Missing {
            folder: data.to_owned(),
        }),
        false => Ok(None),
    }
}

/// Writes a secret into a data folder that has none; one that is there stays.
///
/// # Errors
/// When the disk fails.
pub(crate) fn create(data: &Path, master: &[u8; SECRET_BYTES]) -> Result<(), SecretError> {
    let path = data.join(SECRET_FILE);
    let io = |source| SecretError::Io {
        path: path.clone(),
        source,
    };
    // The log in it holds every report in plain text: it is for its owner alone.
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(io)?;
    // No two processes have one draft: in containers they share a number.
    let draft = RandomState::new().build_hasher().finish();
    let draft = data.join(format!("{SECRET_FILE}.{draft:016x}"));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
    let mut file = file.map_err(io)?;
    let mut write = || -> io::Result<()> {
        file.write_all(master)?;
        file.sync_all()?;
        // A link never replaces what is there.
        match fs::hard_link(&draft, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => File::open(data)?.sync_all(),
        }
    };
    let written = write();
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(io)
}

/// Whether a data folder has a secret.
#[cfg(feature = "kafka")]
pub(crate) fn is_there(data: &Path) -> bool {
    data.join(SECRET_FILE).exists()
}

/// The secret in a file.
///
/// # Errors
/// When it is damaged, readable by others or not there.
pub(crate) fn load(path: &Path) -> Result<Secret, SecretError> {
    let io = |source| SecretError::Io {
        path: path.to_owned(),
        source,
    };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    let bytes = fs::read(path).map_err(io)?;
    let found = bytes.len();
    let master = <[u8; SECRET_BYTES]>::try_from(bytes);
    master.map(Secret::new).map_err(|_| SecretError::Damaged {
        path: path.to_owned(),
        bytes: found,
    })
}

fn holds_log(data: &Path) -> bool {
    fs::read_dir(data.join(LOG_FOLDER)).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chappe_model::{MemberId, ReportKey};

    fn id(secret: &Secret) -> String {
        secret
            .incident_id(&MemberId::parse("a").unwrap(), &ReportKey::parse("k").unwrap())
            .to_string()
    }

    #[test]
    fn it_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = id(&load_or_create(&data).unwrap());
        assert_eq!(id(&load_or_create(&data).unwrap()), first);
        create(&data, &[1; 32]).unwrap();
        assert_eq!(
            id(&load_or_create(&data).unwrap()),
            first,
            "a secret that is there stays"
        );
        let path = data.join(SECRET_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft is left");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load_or_create(&data).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_log_without_its_secret_and_a_damaged_one_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join(LOG_FOLDER);
        fs::create_dir(&log).unwrap();
        assert!(
            load_or_create(folder.path()).is_ok(),
            "an empty log folder holds no log"
        );
        fs::remove_file(folder.path().join(SECRET_FILE)).unwrap();
        fs::write(log.join("meta"), "x").unwrap();
        let error = load_or_create(folder.path()).unwrap_err();
        assert!(error.to_string().contains("Put the backup"), "{error}");
        create(folder.path(), &[1; 32]).unwrap();
        OpenOptions::new()
            .append(true)
            .open(folder.path().join(SECRET_FILE))
            .unwrap()
            .write_all(b"x")
            .unwrap();
        assert!(matches!(
            load_or_create(folder.path()),
            Err(SecretError::Damaged { bytes: 33, .. })
        ));
    }
}
