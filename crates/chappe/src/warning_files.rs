//! Files of warning lists: found by a pattern or in a folder, read within bounds.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use chappe_correlate::{WarningFile, WarningList, WarningListError};

use crate::rule_files::{Unread, matching};

/// Most files in all: every campaign alert names every list.
const FILES: usize = 256;
/// Longest file, in bytes: the longest lists of misp-warninglists have a million names in half of it.
const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// All files together, in bytes.
const ALL_BYTES: u64 = 256 * 1024 * 1024;
/// Folders within a folder of lists.
const FOLDER_DEPTH: usize = 4;
/// Files and folders in a folder of lists, at any depth.
const FOLDER_ENTRIES: usize = 16_384;

/// The warning lists that the configuration names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarningLists {
    /// The lists, each once.
    pub lists: Vec<WarningList>,
    /// Files that were left aside because they could match no indicator, each with the reason.
    pub skipped: Vec<String>,
    files: Vec<PathBuf>,
    bytes: u64,
}

impl WarningLists {
    /// Adds the lists of the files that a pattern names, see [`matching`]. A folder stands for every `*.json` beneath; what is hidden by a
    /// dot is not looked at.
    ///
    /// # Errors
    /// For the first file that cannot be found or read, or is no list that can be in force.
    pub(crate) fn read(&mut self, folder: &Path, pattern: &str) -> Result<(), Unread> {
        let mut paths = matching(folder, pattern)?;
        if let [only] = &paths[..]
            && only.is_dir()
        {
            paths = beneath(only)?;
        }
        for path in paths {
            if !self.files.contains(&path) {
                self.add(&path)?;
                self.files.push(path);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path) -> Result<(), Unread> {
        if self.files.len() == FILES {
            return Err(Unread::new(path, format!("one warning list too many: at most {FILES}")));
        }
        let bytes = bytes(path, ALL_BYTES - self.bytes)?;
        self.bytes += bytes.len() as u64;
        let file: WarningFile = serde_json::from_slice(&bytes)
            .map_err(|error| Unread::new(path, format!("no warning list in MISP's format: {error}")))?;
        match WarningList::new(file) {
            Ok(list) if self.lists.contains(&list) => {}
            Ok(list) => self.lists.push(list),
            Err(error @ WarningListError::NoKind(_)) => self.skipped.push(format!("{}: {error}", path.display())),
            Err(error) => return Err(Unread::new(path, error.to_string())),
        }
        Ok(())
    }
}

/// What a file holds, if that is at most `left` bytes.
fn bytes(path: &Path, left: u64) -> Result<Vec<u8>, Unread> {
    let most = left.min(FILE_BYTES);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|error| Unread::new(path, error.to_string()))?;
    if bytes.len() as u64 <= most {
        return Ok(bytes);
    }
    let reason = if left < FILE_BYTES {
        format!("warning lists may have {ALL_BYTES} bytes in all, and this file goes beyond: name fewer")
    } else {
        format!("longer than {FILE_BYTES} bytes: part the list")
    };
    Err(Unread::new(path, reason))
}

/// Every `*.json` in a folder and the folders in it, in the order of their names.
fn beneath(top: &Path) -> Result<Vec<PathBuf>, Unread> {
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut folders = vec![(top.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unread = |error: std::io::Error| Unread::new(&folder, error.to_string());
        for entry in fs::read_dir(&folder).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            seen += 1;
            if seen > FOLDER_ENTRIES {
                let reason =
                    format!("more than {FOLDER_ENTRIES} files and folders: name a folder that holds lists only");
                return Err(Unread::new(top, reason));
            }
            let is_hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if is_hidden {
                continue;
            }
            if !path.is_dir() {
                found.extend(path.extension().is_some_and(|end| end == "json").then_some(path));
            } else if depth == FOLDER_DEPTH {
                let reason = format!(
                    "more than {FOLDER_DEPTH} folders deep in {}: name it by itself",
                    top.display()
                );
                return Err(Unread::new(&path, reason));
            } else {
                folders.push((path, depth + 1));
            }
        }
    }
    if found.is_empty() {
        return Err(Unread::new(top, "the folder holds no *.json"));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"description": "x", "list": ["a.example"], "matching_attributes": ["domain"], "name": "N", "type": "string", "version": 3}"#;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn names(lists: &WarningLists) -> Vec<&str> {
        lists.lists.iter().map(|list| &*list.name).collect()
    }

    #[test]
    fn a_folder_is_read_to_its_depth_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        write(top, "lists/b/list.json", &LIST.replace('N', "B"));
        write(top, "lists/a.json", &LIST.replace('N', "A"));
        write(top, "lists/w/x/y/z/list.json", &LIST.replace('N', "Z"));
        write(top, "lists/b/again.json", &LIST.replace('N', "B"));
        write(
            top,
            "lists/phones/list.json",
            &LIST.replace("domain", "phone-number").replace('N', "P"),
        );
        write(top, "lists/.git/list.json", "not looked at");
        write(top, "lists/README.md", "not looked at");
        write(top, "more.json", &LIST.replace('N', "M"));
        let mut lists = WarningLists::default();
        for pattern in ["more.json", "lists/", "lists/*.json", "lists/b"] {
            lists.read(top, pattern).unwrap();
        }
        assert_eq!(names(&lists), ["M 3", "A 3", "B 3", "Z 3"]);
        assert_eq!(lists.files.len(), 6);
        let [skipped] = &lists.skipped[..] else {
            panic!("{:?}", lists.skipped)
        };
        assert!(
            skipped.ends_with("lists/phones/list.json: warning list 'P' is for attributes that no indicator is of"),
            "{skipped}"
        );
        write(top, "lists/w/x/y/z/0/list.json", LIST);
        let deep = WarningLists::default().read(top, "lists").unwrap_err().to_string();
        assert!(deep.contains("lists/w/x/y/z/0: more than 4 folders deep in "), "{deep}");
    }

    #[test]
    fn what_cannot_be_in_force_is_refused_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        let refused = |pattern: &str| WarningLists::default().read(top, pattern).unwrap_err().to_string();
        fs::create_dir(top.join("empty")).unwrap();
        assert!(refused("empty/").ends_with("empty/: the folder holds no *.json"));
        assert!(refused("gone.json").contains("gone.json: No such file"));
        for (name, text, reason) in [
            (
                "json.json",
                "{",
                "no warning list in MISP's format: EOF while parsing an object at line 1 column 1",
            ),
            (
                "field.json",
                "{\"name\": \"N\"}",
                "no warning list in MISP's format: missing field `version` at line 1 column 13",
            ),
            (
                "entry.json",
                &LIST.replace("[\"a.example\"]", "[7]"),
                "no warning list in MISP's format: invalid type: integer `7`, expected a string at line 1 column 31",
            ),
            (
                "type.json",
                &LIST.replace("string", "glob"),
                "warning list 'N' is of type 'glob': string, substring, hostname, cidr and regex are matched",
            ),
            (
                "regex.json",
                &LIST
                    .replace("string", "regex")
                    .replace("a.example", "/a/i\", \"/(?=a)b/"),
                "warning list 'N', entry 2: look-around, including look-ahead and look-behind, is not supported",
            ),
        ] {
            write(top, name, text);
            assert_eq!(refused(name), format!("{}: {reason}", top.join(name).display()));
        }
    }

    #[test]
    fn files_and_bytes_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        for n in 0..=FILES {
            write(top, &format!("many/{n:03}.json"), LIST);
        }
        let refused = |pattern: &str| WarningLists::default().read(top, pattern).unwrap_err().to_string();
        assert!(refused("many").ends_with("many/256.json: one warning list too many: at most 256"));
        let long = File::create(top.join("long.json")).unwrap();
        long.set_len(FILE_BYTES + 1).unwrap();
        assert!(refused("long.json").ends_with("long.json: longer than 67108864 bytes: part the list"));
        let mut nearly = WarningLists {
            bytes: ALL_BYTES - 10,
            ..WarningLists::default()
        };
        let beyond = nearly.read(top, "many/000.json").unwrap_err().to_string();
        assert!(
            beyond.ends_with("warning lists may have 268435456 bytes in all, and this file goes beyond: name fewer"),
            "{beyond}"
        );
    }
}
