//! Keys of the Windows registry. Windows knows no cases in them, and many names for one root.

use super::Why;

const NOT_A_KEY: Why = "not a registry key: give its root and what is below it, such as HKLM\\Software\\Example";

const USERS: &str = "HKEY_USERS";
const CURRENT_USER: &str = "HKEY_CURRENT_USER";
const LOCAL_MACHINE: &str = "HKEY_LOCAL_MACHINE";

/// Names of the roots.
const ROOTS: [(&str, &str); 10] = [
    ("HKLM", LOCAL_MACHINE),
    (LOCAL_MACHINE, LOCAL_MACHINE),
    ("HKCU", CURRENT_USER),
    (CURRENT_USER, CURRENT_USER),
    ("HKU", USERS),
    (USERS, USERS),
    ("HKCR", "HKEY_CLASSES_ROOT"),
    ("HKEY_CLASSES_ROOT", "HKEY_CLASSES_ROOT"),
    ("HKCC", "HKEY_CURRENT_CONFIG"),
    ("HKEY_CURRENT_CONFIG", "HKEY_CURRENT_CONFIG"),
];

/// What the kernel calls two of them.
const KERNEL: &str = "registry";
const KERNEL_ROOTS: [(&str, &str); 2] = [("machine", LOCAL_MACHINE), ("user", USERS)];

/// Users of a domain or computer, and of Entra ID.
const USER_SIDS: [&str; 2] = ["s-1-5-21-", "s-1-12-1-"];

pub(super) fn registry_key(text: &str) -> Result<String, Why> {
    // Two backslashes in a row are one that was escaped.
    let parts = text.split('\\').map(str::trim).filter(|part| !part.is_empty());
    let mut parts: Vec<String> = parts.map(str::to_lowercase).collect();
    if parts.first().is_some_and(|first| first == "computer") {
        parts.remove(0);
    }
    let mut root = root(&mut parts).ok_or(NOT_A_KEY)?;
    if root == USERS
        && let Some(classes) = parts.first().and_then(|first| user(first))
    {
        root = CURRENT_USER;
        match classes {
            true => drop(parts.splice(..1, ["software".to_owned(), "classes".to_owned()])),
            false => drop(parts.remove(0)),
        }
    }
    if root == LOCAL_MACHINE
        && let [system, set, ..] = parts.as_mut_slice()
        && system == "system"
        && is_control_set(set)
    {
        *set = "currentcontrolset".to_owned();
    }
    if parts.is_empty() {
        return Err(NOT_A_KEY);
    }
    Ok(format!("{root}\\{}", parts.join("\\")))
}

/// Takes the root off.
fn root(parts: &mut Vec<String>) -> Option<&'static str> {
    let first = parts.first()?.clone();
    let (roots, name): (&[(&str, &'static str)], _) = match first == KERNEL {
        true => {
            parts.remove(0);
            (&KERNEL_ROOTS, parts.first()?.clone())
        }
        // As PowerShell writes it: `HKLM:\`.
        false => (&ROOTS, first.trim_end_matches(':').to_owned()),
    };
    let found = roots.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
    let (_, root) = found?;
    parts.remove(0);
    Some(root)
}

/// Whether a key right below the users is that of one, and then whether it holds classes.
fn user(name: &str) -> Option<bool> {
    let (sid, classes) = match name.strip_suffix("_classes") {
        Some(sid) => (sid, true),
        None => (name, false),
    };
    let rest = USER_SIDS.iter().find_map(|users| sid.strip_prefix(users))?;
    let is_sid = rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    is_sid.then_some(classes)
}

fn is_control_set(name: &str) -> bool {
    name.strip_prefix("controlset")
        .is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()))
}
