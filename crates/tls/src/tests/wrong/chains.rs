//! Certificates that are right, but for who signed them, when they count, and what is revoked.

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SerialNumber};
use time::Duration;

use super::super::pki::{AUSTRIA, Holder, Root, now, uri};
use super::Wrong;

pub(super) const TABLE: &[Wrong] = &[
    (
        "signed by another member's authority",
        |w| w.belgium.holder(|_| {}),
        "does not lead to an authority",
    ),
    (
        "signed by an authority of the same name",
        |_| Root::new("authority of Austria").holder(|_| {}),
        "signature",
    ),
    (
        "signed by nobody else",
        |_| {
            let own = Root::with("a holder", |p| {
                p.is_ca = IsCa::ExplicitNoCa;
                p.subject_alt_names = vec![uri(AUSTRIA)];
                p.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            });
            Holder {
                chain: vec![own.certificate.der().clone()],
                ..own.holder(|_| {})
            }
        },
        "does not lead to an authority",
    ),
    (
        "brings its root along",
        |_| {
            let own = Root::new("authority of nobody");
            own.holder(|_| {}).above(&[&own])
        },
        "does not lead to an authority",
    ),
    (
        "expired",
        |w| w.austria.holder(|p| p.not_after = now() - Duration::seconds(1)),
        "has expired",
    ),
    (
        "not valid yet",
        |w| w.austria.holder(|p| p.not_before = now() + Duration::hours(1)),
        "not valid yet",
    ),
    (
        "a root that has expired",
        |w| {
            let old = Root::with("an old authority", |p| p.not_after = now() - Duration::seconds(1));
            w.write("csirt-at", crate::ROOTS_FILE, &old.certificate.pem());
            w.write("csirt-at", "root.crl", &old.list(&[], now() + Duration::days(1)));
            old.holder(|_| {})
        },
        "has expired",
    ),
    (
        "an office above it that is missing",
        |w| w.austria.below("an office", |_| {}).holder(|_| {}),
        "does not lead to an authority",
    ),
    (
        "an office whose list is missing",
        |w| {
            let office = w.austria.below("an office", |_| {});
            office.holder(|_| {}).above(&[&office])
        },
        "no revocation list says",
    ),
    (
        "an office that has expired",
        |w| {
            let office = w
                .austria
                .below("an office", |p| p.not_after = now() - Duration::seconds(1));
            w.write("csirt-at", "office.crl", &office.list(&[], now() + Duration::days(1)));
            office.holder(|_| {}).above(&[&office])
        },
        "has expired",
    ),
    (
        "an office that is revoked",
        |w| {
            let office = w
                .austria
                .below("an office", |p| p.serial_number = Some(SerialNumber::from(9)));
            w.write("csirt-at", "root.crl", &w.austria.list(&[9], now() + Duration::days(1)));
            w.write("csirt-at", "office.crl", &office.list(&[], now() + Duration::days(1)));
            office.holder(|_| {}).above(&[&office])
        },
        "is revoked by its authority",
    ),
    (
        "an office that is no authority",
        |w| {
            let office = w.austria.below("an office", |p| p.is_ca = IsCa::ExplicitNoCa);
            office.holder(|_| {}).above(&[&office])
        },
        "its chain is not accepted",
    ),
    (
        "an office below an authority that may have none",
        |w| {
            let office = w
                .austria
                .below("an office", |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
            w.write("csirt-at", "office.crl", &office.list(&[], now() + Duration::days(1)));
            let below = office.below("an office below it", |_| {});
            w.write("csirt-at", "below.crl", &below.list(&[], now() + Duration::days(1)));
            below.holder(|_| {}).above(&[&below, &office])
        },
        "its chain is not accepted",
    ),
    (
        "a chain longer than any",
        |w| {
            let office = w.austria.below("an office", |_| {});
            office.holder(|_| {}).above(&[&office; 6])
        },
        "its chain is too long",
    ),
    (
        "revoked by its authority",
        |w| {
            w.write(
                "csirt-at",
                "root.crl",
                &w.austria.list(&[6, 7], now() + Duration::days(1)),
            );
            w.austria.holder(|_| {})
        },
        "is revoked by its authority",
    ),
    (
        "revoked by the newer of two lists, whose file comes first",
        |w| {
            let (yesterday, tomorrow) = (now() - Duration::days(1), now() + Duration::days(1));
            w.write("csirt-at", "a.crl", &w.austria.list_of(yesterday, &[7], tomorrow));
            w.austria.holder(|_| {})
        },
        "is revoked by its authority",
    ),
    (
        "revoked by the newer of two lists, whose file comes last",
        |w| {
            let (yesterday, tomorrow) = (now() - Duration::days(1), now() + Duration::days(1));
            w.write("csirt-at", "z.crl", &w.austria.list_of(yesterday, &[7], tomorrow));
            w.austria.holder(|_| {})
        },
        "is revoked by its authority",
    ),
    (
        "an office that the operator refuses",
        |w| {
            let office = w
                .austria
                .below("an office", |p| p.serial_number = Some(SerialNumber::from(9)));
            w.write("csirt-at", "office.crl", &office.list(&[], now() + Duration::days(1)));
            w.revoke("csirt-at", "9 # its key was stolen");
            office.holder(|_| {}).above(&[&office])
        },
        "operator of the installation has revoked",
    ),
    (
        "a list that has expired",
        |w| {
            w.write(
                "csirt-at",
                "root.crl",
                &w.austria.list(&[], now() - Duration::seconds(1)),
            );
            w.austria.holder(|_| {})
        },
        "revocation list of its authority has expired",
    ),
    (
        "no list",
        |w| {
            std::fs::remove_file(w.file("csirt-at", "root.crl")).unwrap();
            w.austria.holder(|_| {})
        },
        "no revocation list of 'csirt-at'",
    ),
    (
        "a list that another one signed",
        |w| {
            let other = Root::new("authority of Austria");
            w.write("csirt-at", "root.crl", &other.list(&[], now() + Duration::days(1)));
            w.austria.holder(|_| {})
        },
        "no revocation list says",
    ),
    (
        "a list of another authority",
        |w| {
            w.write("csirt-at", "root.crl", &w.belgium.list(&[], now() + Duration::days(1)));
            w.austria.holder(|_| {})
        },
        "no revocation list says",
    ),
    (
        "a serial number that the operator refuses",
        |w| {
            w.revoke("csirt-at", "7 # a laptop");
            w.austria.holder(|_| {})
        },
        "operator of the installation has revoked",
    ),
    (
        "a member that the operator refuses",
        |w| {
            w.revoke("csirt-at", "*");
            w.austria.holder(|_| {})
        },
        "operator of the installation has revoked",
    ),
    (
        "a list of the operator's that cannot be read",
        |w| {
            w.revoke("csirt-at", "everyone");
            w.austria.holder(|_| {})
        },
        "operator of the installation has revoked",
    ),
    (
        "an authority that stands with another member too",
        |w| {
            let both = [w.belgium.certificate.pem(), w.austria.certificate.pem()].concat();
            w.write("csirt-be", crate::ROOTS_FILE, &both);
            w.austria.holder(|_| {})
        },
        "stands with another member too",
    ),
    (
        "a root that cannot be read",
        |w| {
            w.write(
                "csirt-at",
                crate::ROOTS_FILE,
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            );
            w.austria.holder(|_| {})
        },
        "without authorities",
    ),
    (
        "a root that is no authority",
        |w| {
            let holder = w.austria.holder(|_| {});
            let root = Root::with("authority of Austria", |p| p.is_ca = IsCa::ExplicitNoCa);
            w.write("csirt-at", crate::ROOTS_FILE, &root.certificate.pem());
            holder
        },
        "without authorities",
    ),
    (
        "a key that is not the certificate's",
        |w| {
            let chain = w.austria.holder(|_| {}).chain;
            Holder {
                chain,
                ..w.austria.holder(|_| {})
            }
        },
        "signature",
    ),
];
