//! What an operator relies on of the files that are made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chappe_authority::{Authority, AuthorityError};
use chappe_identity::{TrustDomain, Voice};
use chappe_model::{MemberId, Timestamp};
use chappe_tls::check_member;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const DAY_MS: u64 = 86_400_000;

fn authority(folder: &Path) -> Authority {
    let authority = Authority::new(folder.join("tls"), TrustDomain::parse("chappe.test").unwrap());
    authority
        .begin_server(&["localhost".into(), "127.0.0.1".into(), "::1".into()], NOW)
        .unwrap();
    authority
}

fn member(id: &str) -> MemberId {
    MemberId::parse(id).unwrap()
}

/// The files below a folder that others than their owner may read.
fn open_files(folder: &Path) -> Vec<String> {
    let mut open = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            open.extend(open_files(&path));
        } else if fs::metadata(&path).unwrap().permissions().mode() & 0o077 != 0 {
            open.push(path.display().to_string());
        }
    }
    open
}

#[test]
fn keys_are_their_owner_s_alone() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    authority.begin_member(&member("csirt-at"), NOW).unwrap();
    authority
        .issue(&member("csirt-at"), &Voice::person("muster").unwrap(), 30, NOW)
        .unwrap();
    let open = open_files(folder.path());
    assert!(
        open.iter()
            .all(|path| path.ends_with(".pem") && !path.ends_with("key.pem") || path.ends_with(".crl")),
        "{open:?}"
    );
    assert!(!open.is_empty());
}

#[test]
fn what_is_issued_and_revoked_is_listed_so() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, austria) = (authority(folder.path()), member("csirt-at"));
    assert_eq!(authority.listed(&austria).unwrap(), None);
    assert!(matches!(
        authority.issue(&austria, &Voice::Member, 30, NOW),
        Err(AuthorityError::NoMember(_))
    ));
    authority.begin_member(&austria, NOW).unwrap();
    let laptop = authority
        .issue(&austria, &Voice::person("muster").unwrap(), 30, NOW)
        .unwrap();
    let server = authority
        .issue(&austria, &Voice::service("misp").unwrap(), 60, NOW)
        .unwrap();
    assert_ne!(laptop.serial, server.serial);
    authority.revoke(&austria, Some(&laptop.serial), NOW).unwrap();
    let listed = authority.listed(&austria).unwrap().unwrap();
    assert!(listed.is_ours && !listed.is_revoked);
    let revoked: Vec<_> = listed
        .issued
        .iter()
        .map(|one| (one.serial == laptop.serial, one.is_revoked))
        .collect();
    assert_eq!(revoked, [(true, true), (false, false)]);
    let first = listed.lists_until[0];
    authority.renew_list(&austria, NOW.plus(DAY_MS)).unwrap();
    assert_eq!(
        authority.listed(&austria).unwrap().unwrap().lists_until,
        [first + 86_400]
    );
    authority.revoke(&austria, None, NOW).unwrap();
    assert!(authority.listed(&austria).unwrap().unwrap().is_revoked);
    assert!(matches!(
        authority.issue(&austria, &Voice::Member, 30, NOW),
        Err(AuthorityError::Revoked { .. })
    ));
    assert!(matches!(
        authority.issue(&austria, &Voice::Member, 826, NOW),
        Err(AuthorityError::Days(826))
    ));
}

#[test]
fn nothing_is_overwritten_but_what_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    let (certificate, ca) = ("tls/server/certificate.pem", "tls/server/ca.pem");
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let (before, root) = (read(certificate), read(ca));
    assert!(matches!(
        authority.begin_server(&["x".into()], NOW),
        Err(AuthorityError::Present(_))
    ));
    assert_eq!(read(certificate), before);
    authority.renew_server(NOW.plus(DAY_MS)).unwrap();
    assert_ne!(read(certificate), before);
    assert_eq!(read(ca), root);
    authority.begin_member(&member("csirt-at"), NOW).unwrap();
    assert!(authority.begin_member(&member("csirt-at"), NOW).is_err());
}

#[test]
fn a_member_s_own_authority_is_looked_over_and_kept() {
    let theirs = tempfile::tempdir().unwrap();
    let other = authority(theirs.path());
    other.begin_member(&member("csirt-lt"), NOW).unwrap();
    let file = |name: &str| theirs.path().join("tls/members/csirt-lt").join(name);

    let folder = tempfile::tempdir().unwrap();
    let (authority, lithuania) = (authority(folder.path()), member("csirt-lt"));
    let without_list = authority
        .install(&lithuania, Some(&file("roots.pem")), &[])
        .unwrap_err();
    assert!(
        without_list.to_string().contains("no revocation list"),
        "{without_list}"
    );
    assert!(!authority.knows(&lithuania), "what is refused is not left there");
    let swapped = authority
        .install(&lithuania, Some(&file("root.crl")), &[file("roots.pem")])
        .unwrap_err();
    assert!(swapped.to_string().contains("no certificate"), "{swapped}");
    authority
        .install(&lithuania, Some(&file("roots.pem")), &[file("root.crl")])
        .unwrap();
    check_member(&folder.path().join("tls/members/csirt-lt")).unwrap();
    assert!(authority.knows(&lithuania) && !authority.signs_for(&lithuania));
    // Its next list alone.
    authority.install(&lithuania, None, &[file("root.crl")]).unwrap();
    let foreign = authority.issue(&lithuania, &Voice::Member, 30, NOW).unwrap_err();
    assert!(foreign.to_string().contains("is not here"), "{foreign}");
    // The operator refuses whoever signed.
    authority.revoke(&lithuania, None, NOW).unwrap();
    assert!(authority.listed(&lithuania).unwrap().unwrap().is_revoked);
}
