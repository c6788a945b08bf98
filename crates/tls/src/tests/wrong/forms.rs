//! Certificates that are right but for their form.

use rcgen::{BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

use super::super::pki::{AUSTRIA, Holder, Root, uri};
use super::Wrong;

pub(super) const TABLE: &[Wrong] = &[
    (
        "an authority as a holder",
        |w| {
            w.austria
                .holder(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))
        },
        "an authority's certificate",
    ),
    (
        "the root itself, named like a holder",
        |w| {
            let holder = w.austria.holder(|_| {});
            let root = Root::with("authority of Austria", |p| p.subject_alt_names = vec![uri(AUSTRIA)]);
            Holder {
                chain: vec![root.certificate.der().clone()],
                ..holder
            }
        },
        "an authority's certificate",
    ),
    (
        "signs certificates",
        |w| w.austria.holder(|p| p.key_usages.push(KeyUsagePurpose::KeyCertSign)),
        "keyCertSign",
    ),
    (
        "signs revocation lists",
        |w| w.austria.holder(|p| p.key_usages.push(KeyUsagePurpose::CrlSign)),
        "cRLSign",
    ),
    (
        "does not sign",
        |w| {
            w.austria
                .holder(|p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment])
        },
        "digitalSignature",
    ),
    (
        "no key usage",
        |w| w.austria.holder(|p| p.key_usages = vec![]),
        "it has none",
    ),
    (
        "for servers",
        |w| {
            w.austria
                .holder(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
        },
        "clientAuth",
    ),
    (
        "for signing code",
        |w| {
            w.austria
                .holder(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning])
        },
        "clientAuth",
    ),
    (
        "for anything",
        |w| {
            w.austria
                .holder(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any])
        },
        "clientAuth",
    ),
    (
        "for nothing in particular",
        |w| w.austria.holder(|p| p.extended_key_usages = vec![]),
        "clientAuth",
    ),
    (
        "an unknown critical extension",
        |w| {
            w.austria.holder(|p| {
                let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
                extension.set_criticality(true);
                p.custom_extensions = vec![extension];
            })
        },
        "its chain is not accepted",
    ),
    (
        "no certificate at all, but bytes",
        |w| w.austria.holder(|_| {}).bent(|der| *der = b"no certificate".to_vec()),
        "no X.509 certificate",
    ),
    (
        "bytes behind it",
        |w| w.austria.holder(|_| {}).bent(|der| der.push(0)),
        "further bytes",
    ),
    (
        "cut off",
        |w| w.austria.holder(|_| {}).bent(|der| der.truncate(200)),
        "no X.509 certificate",
    ),
    (
        "another signature",
        |w| {
            w.austria.holder(|_| {}).bent(|der| {
                let last = der.len() - 1;
                der[last] ^= 1;
            })
        },
        "signature",
    ),
    (
        "another person's name under the signature",
        |w| {
            w.austria.holder(|_| {}).bent(|der| {
                let at = der.windows(6).position(|bytes| bytes == b"muster").unwrap();
                der[at] = b'k';
            })
        },
        "signature",
    ),
];
