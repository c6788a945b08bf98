//! How the user calls this program: what printed commands begin with.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

/// The name of the installed program.
const NAME: &str = "chappe";

/// `chappe` where a shell finds this very program under that name; else its path as the user started it, such as `target/release/chappe`.
pub(crate) fn invocation() -> String {
    let Ok(program) = env::current_exe() else {
        return NAME.to_owned();
    };
    let search = env::var_os("PATH").unwrap_or_default();
    let started_as = env::args_os().next().unwrap_or_default();
    name(&program, &search, &started_as)
}

fn name(program: &Path, search: &OsStr, started_as: &OsStr) -> String {
    let found = env::split_paths(search)
        .map(|folder| folder.join(NAME))
        .find(|path| path.is_file());
    let same = found.is_some_and(|found| match (found.canonicalize(), program.canonicalize()) {
        (Ok(found), Ok(program)) => found == program,
        _ => false,
    });
    if same {
        return NAME.to_owned();
    }
    let started_as = Path::new(started_as);
    // A bare name would be looked up again, and lead elsewhere.
    let path = if started_as.components().count() > 1 {
        started_as
    } else {
        program
    };
    quoted(&path.to_string_lossy())
}

/// A path as one word of a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn program(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(NAME);
        fs::write(&path, folder.display().to_string()).unwrap();
        path
    }

    #[test]
    fn an_installed_program_has_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (own, link) = (program(&folder.path().join("own")), folder.path().join("bin"));
        fs::create_dir(&link).unwrap();
        std::os::unix::fs::symlink(&own, link.join(NAME)).unwrap();
        assert_eq!(
            name(&own, own.parent().unwrap().as_os_str(), OsStr::new("chappe")),
            "chappe"
        );
        let search = env::join_paths([Path::new("/nonexistent"), &link]).unwrap();
        assert_eq!(name(&own, &search, OsStr::new("./own/chappe")), "chappe");
    }

    #[test]
    fn another_is_called_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (
            program(&folder.path().join("own")),
            program(&folder.path().join("other")),
        );
        let as_cargo_does = OsStr::new("target/release/chappe");
        assert_eq!(name(&own, OsStr::new(""), as_cargo_does), "target/release/chappe");
        let both = env::join_paths([other.parent().unwrap(), own.parent().unwrap()]).unwrap();
        assert_eq!(
            name(&own, &both, as_cargo_does),
            "target/release/chappe",
            "the first that is found is run"
        );
        assert_eq!(name(&own, OsStr::new(""), OsStr::new("./chappe")), "./chappe");
        assert_eq!(
            name(&own, OsStr::new(""), OsStr::new("chappe")),
            own.display().to_string()
        );
        assert_eq!(
            name(&own, OsStr::new(""), OsStr::new("my builds/chappe")),
            "'my builds/chappe'"
        );
    }
}
