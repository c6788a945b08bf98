//! Certificates that are right but for what they say of their holder.

use rcgen::{CustomExtension, DnType, SanType};

use super::super::pki::{AUSTRIA, BELGIUM, Holder, uri};
use super::super::world::World;
use super::Wrong;

/// Subject alternative names, RFC 5280, 4.2.1.6.
const NAMES: &[u64] = &[2, 5, 29, 17];

/// DER of names that are one URI of these bytes.
fn one_uri(bytes: &[u8]) -> Vec<u8> {
    let name = [&[0x86, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    [&[0x30, u8::try_from(name.len()).unwrap()], name.as_slice()].concat()
}

fn raw_names(world: &World, contents: &[Vec<u8>]) -> Holder {
    world.austria.holder(|params| {
        params.subject_alt_names = vec![];
        let raw = contents
            .iter()
            .map(|der| CustomExtension::from_oid_content(NAMES, der.clone()));
        params.custom_extensions = raw.collect();
    })
}

pub(super) const TABLE: &[Wrong] = &[
    (
        "no name but the common name",
        |w| {
            w.austria.holder(|p| {
                p.subject_alt_names = vec![];
                p.distinguished_name.push(DnType::CommonName, AUSTRIA);
            })
        },
        "has no URI",
    ),
    (
        "a DNS name only",
        |w| {
            w.austria.holder(|p| {
                p.subject_alt_names = vec![SanType::DnsName("csirt-at".try_into().unwrap())];
            })
        },
        "has no URI",
    ),
    (
        "a mail address only",
        |w| {
            w.austria.holder(|p| {
                p.subject_alt_names = vec![SanType::Rfc822Name("csirt-at@chappe.test".try_into().unwrap())];
            })
        },
        "has no URI",
    ),
    (
        "two names, both its own",
        |w| {
            w.austria.holder(|p| {
                p.subject_alt_names = vec![uri(AUSTRIA), uri("spiffe://chappe.test/member/csirt-at")];
            })
        },
        "has 2 URIs",
    ),
    (
        "the same name twice",
        |w| {
            w.austria
                .holder(|p| p.subject_alt_names = vec![uri(AUSTRIA), uri(AUSTRIA)])
        },
        "has 2 URIs",
    ),
    (
        "two names, one of another member",
        |w| {
            w.austria.holder(|p| {
                p.subject_alt_names = vec![uri(AUSTRIA), uri(BELGIUM)];
            })
        },
        "has 2 URIs",
    ),
    (
        "a web address beside its name",
        |w| {
            w.austria.holder(|p| {
                p.subject_alt_names = vec![uri("https://chappe.test/"), uri(AUSTRIA)];
            })
        },
        "has 2 URIs",
    ),
    (
        "names that stand twice",
        |w| raw_names(w, &[one_uri(AUSTRIA.as_bytes()), one_uri(BELGIUM.as_bytes())]),
        "subject alternative name",
    ),
    (
        "names that are cut off",
        |w| raw_names(w, &[one_uri(AUSTRIA.as_bytes())[..20].to_vec()]),
        "subject alternative name",
    ),
    (
        "a name that is no ASCII",
        |w| raw_names(w, &[one_uri("spiffe://chappe.test/member/csirt-\u{430}t".as_bytes())]),
        "SPIFFE ID is wrong",
    ),
    (
        "a name with a NUL in it",
        |w| raw_names(w, &[one_uri(b"spiffe://chappe.test/member/csirt-at\0.evil")]),
        "has a segment",
    ),
    (
        "another scheme",
        |w| w.austria.named("https://chappe.test/member/csirt-at"),
        "does not begin with",
    ),
    (
        "the scheme in capitals",
        |w| w.austria.named("SPIFFE://chappe.test/member/csirt-at"),
        "does not begin with",
    ),
    (
        "another trust domain",
        |w| w.austria.named("spiffe://other.test/member/csirt-at"),
        "another trust domain",
    ),
    (
        "a trust domain below ours",
        |w| w.austria.named("spiffe://x.chappe.test/member/csirt-at"),
        "another trust domain",
    ),
    (
        "a trust domain that begins like ours",
        |w| w.austria.named("spiffe://chappe.test.evil/member/csirt-at"),
        "another trust domain",
    ),
    (
        "a trust domain in capitals",
        |w| w.austria.named("spiffe://CHAPPE.test/member/csirt-at"),
        "its trust domain is not",
    ),
    (
        "a port",
        |w| w.austria.named("spiffe://chappe.test:7600/member/csirt-at"),
        "its trust domain is not",
    ),
    (
        "a user",
        |w| w.austria.named("spiffe://csirt-at@chappe.test/member/csirt-at"),
        "its trust domain is not",
    ),
    (
        "no trust domain",
        |w| w.austria.named("spiffe:///member/csirt-at"),
        "its trust domain is not",
    ),
    (
        "a query",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-at?member=csirt-be"),
        "has a segment",
    ),
    (
        "a fragment",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-at#x"),
        "has a segment",
    ),
    (
        "an escape",
        |w| w.austria.named("spiffe://chappe.test/member/csirt%2Dat"),
        "has a segment",
    ),
    (
        "a slash at the end",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-at/"),
        "has a segment",
    ),
    (
        "an empty segment",
        |w| w.austria.named("spiffe://chappe.test//member/csirt-at"),
        "has a segment",
    ),
    (
        "a way up",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-be/../csirt-at"),
        "has a segment",
    ),
    (
        "no path",
        |w| w.austria.named("spiffe://chappe.test"),
        "its path is not",
    ),
    (
        "no member",
        |w| w.austria.named("spiffe://chappe.test/member"),
        "its path is not",
    ),
    (
        "neither person nor service",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-at/robot/x"),
        "its path is not",
    ),
    (
        "a person without a name",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-at/person"),
        "its path is not",
    ),
    (
        "a path below a person",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-at/person/a/b"),
        "its path is not",
    ),
    (
        "a member in capitals",
        |w| w.austria.named("spiffe://chappe.test/member/CSIRT-AT"),
        "is no member id",
    ),
    (
        "a member that begins like it",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-a"),
        "without authorities",
    ),
    (
        "a member that nobody knows",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-xx"),
        "without authorities",
    ),
    (
        "a member without authorities",
        |w| w.austria.named("spiffe://chappe.test/member/csirt-cz"),
        "without authorities",
    ),
    (
        "a name that is too long",
        |w| w.austria.named(&format!("{AUSTRIA}{}", "r".repeat(2_048))),
        "bytes: at most 2048",
    ),
    (
        "another member's name",
        |w| w.austria.named(BELGIUM),
        "does not lead to an authority",
    ),
];
