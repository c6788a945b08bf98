//! Members whose authority is their own: it signs, we keep its roots and revocation lists.

use std::fs;
use std::path::{Path, PathBuf};

use chappe_model::MemberId;
use chappe_tls::{CERTIFICATES_BYTES, CRL_BYTES, ROOTS_FILE, check_member};

use crate::files::{self, PUBLIC};
use crate::{Authority, AuthorityError};

/// How the files of taken lists begin.
const LIST_PREFIX: &str = "authority-";

impl Authority {
    /// Takes the roots of a member's own authority, all its revocation lists, or both, in the place of those that are there. They are looked over first,
    /// together with what stays.
    ///
    /// # Errors
    /// When the member's authority is here, when the files are not such that the server would take them, or the disk fails.
    pub fn install(&self, member: &MemberId, roots: Option<&Path>, lists: &[PathBuf]) -> Result<(), AuthorityError> {
        if self.signs_for(member) {
            let path = self.member(member).join(ROOTS_FILE);
            return Err(AuthorityError::Present(path));
        }
        if roots.is_none() && !self.knows(member) {
            return Err(AuthorityError::NoMember(member.clone()));
        }
        let folder = self.member(member);
        let mut new: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        if let Some(roots) = roots {
            new.push((ROOTS_FILE.into(), read(roots, CERTIFICATES_BYTES)?));
        }
        for (at, list) in lists.iter().enumerate() {
            new.push((format!("{LIST_PREFIX}{at}.crl").into(), read(list, CRL_BYTES)?));
        }
        let gone = if lists.is_empty() {
            vec![]
        } else {
            earlier_lists(&folder)
        };
        self.look_over(&folder, &new, &gone)?;
        for (name, bytes) in &new {
            files::replace(&folder.join(name), PUBLIC, bytes)?;
        }
        for path in gone {
            if !new.iter().any(|(name, _)| path.ends_with(name)) {
                fs::remove_file(&path).map_err(|source| AuthorityError::Io { path, source })?;
            }
        }
        Ok(())
    }

    /// Reads the folder as it would be, in a folder beside it.
    fn look_over(&self, folder: &Path, new: &[(PathBuf, Vec<u8>)], gone: &[PathBuf]) -> Result<(), AuthorityError> {
        let draft = self.folder().join(format!("draft-{}", std::process::id()));
        let copy = || -> Result<(), AuthorityError> {
            let there = fs::read_dir(folder).into_iter().flatten().flatten();
            for path in there
                .map(|entry| entry.path())
                .filter(|path| path.is_file() && !gone.contains(path))
            {
                let name = path.file_name().unwrap_or_default();
                files::replace(&draft.join(name), PUBLIC, &read(&path, CRL_BYTES)?)?;
            }
            for (name, bytes) in new {
                files::replace(&draft.join(name), PUBLIC, bytes)?;
            }
            Ok(check_member(&draft)?)
        };
        let looked_over = copy();
        // Nothing of it is needed, whatever it was.
        let _ = fs::remove_dir_all(&draft);
        looked_over
    }
}

/// The lists that were taken before.
fn earlier_lists(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let lists = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(LIST_PREFIX));
    lists.map(|entry| entry.path()).collect()
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, AuthorityError> {
    let at = |source| AuthorityError::Io {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(at)?.len() > most {
        return Err(AuthorityError::Malformed {
            path: path.to_owned(),
            message: format!("over {most} bytes: at most so many are read"),
        });
    }
    fs::read(path).map_err(at)
}
