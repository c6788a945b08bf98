use chappe_model::limits::{CONSTITUENCY_DOMAINS, CONSTITUENCY_NETWORKS};

use crate::{Constituency, ConstituencyError, Entry, EntryKind, TooBroad};

fn entries(texts: &[(EntryKind, &str)]) -> Vec<Entry> {
    texts
        .iter()
        .map(|(kind, text)| Entry::parse(*kind, text).unwrap())
        .collect()
}

fn domain(text: &str) -> Entry {
    Entry::parse(EntryKind::Domain, text).unwrap()
}

#[test]
fn texts_are_canonical_or_refused_with_what_to_write() {
    let written = [
        (EntryKind::Domain, "Bundesheer[.]AT.", "bundesheer.at"),
        (EntryKind::Domain, "AT", "at"),
        (EntryKind::Domain, "uk", "uk"),
        (EntryKind::Network, "2001:DB8::/32", "2001:db8::/32"),
        (EntryKind::Sector, "energy", "energy"),
        (EntryKind::Country, "at", "AT"),
    ];
    for (kind, text, canonical) in written {
        let entry = Entry::parse(kind, text).unwrap();
        assert_eq!((entry.kind(), entry.to_string().as_str()), (kind, canonical));
    }
    let refused = [
        (EntryKind::Domain, "*.example.at", "write 'example.at'"),
        (EntryKind::Domain, "com", "full domain name"),
        (EntryKind::Domain, "10.0.0.1", "IP address"),
        (EntryKind::Domain, "printer.local", "not reachable"),
        (EntryKind::Network, "192.0.2.7/24", "write 192.0.2.0/24"),
        (EntryKind::Network, "192.0.2.7", "192.0.2.0/24"),
        (EntryKind::Network, "10.0.0.0/8", "not reachable"),
        (EntryKind::Network, "::ffff:198.51.100.0/120", "write it as IPv4"),
        (EntryKind::Country, "UK", "GB"),
        (EntryKind::Sector, "oil", "energy"),
    ];
    for (kind, text, says) in refused {
        let error = Entry::parse(kind, text).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
    // What a later build refuses stands in the log for all that.
    for (kind, text) in [(EntryKind::Domain, "printer.local"), (EntryKind::Network, "10.0.0.0/8")] {
        assert_eq!(Entry::recorded(kind, text).unwrap().to_string(), text);
    }
    assert!("asn".parse::<EntryKind>().unwrap_err().to_string().contains("network"));
}

#[test]
fn what_is_everybodys_is_refused_by_place() {
    let wide = entries(&[
        (EntryKind::Country, "AT"),
        (EntryKind::Network, "0.0.0.0/0"),
        (EntryKind::Network, "64.0.0.0/7"),
        (EntryKind::Network, "2000::/3"),
        (EntryKind::Domain, "gv.at"),
        (EntryKind::Domain, "at"),
        (EntryKind::Domain, "co.uk"),
        (EntryKind::Domain, "de"),
        (EntryKind::Domain, "github.io"),
        (EntryKind::Network, "52.0.0.0/8"),
        (EntryKind::Network, "2001::/16"),
    ]);
    let ConstituencyError::TooBroad(broad) = Constituency::new(wide.clone()).unwrap_err() else {
        panic!("another reason");
    };
    let places: Vec<usize> = broad.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [1, 2, 3, 6, 7, 8]);
    assert!(matches!(broad[0].1, TooBroad::Network { least: 8, .. }));
    assert!(broad[3].1.to_string().contains("'co.uk' is a public suffix"));
    // What the log holds was judged when it was taken.
    assert!(Constituency::recorded(wide).is_ok());
    let british = entries(&[(EntryKind::Country, "GB"), (EntryKind::Domain, "co.uk")]);
    assert!(Constituency::new(british).is_ok());
}

#[test]
fn bounds_hold_and_repeats_do_not_count() {
    assert_eq!(Constituency::new([]), Err(ConstituencyError::Empty));
    let twice = [domain("b.example.at"), domain("a.example.at"), domain("b.example.at")];
    let constituency = Constituency::new(twice.clone()).unwrap();
    assert_eq!(constituency.entries(), 2);
    assert_eq!(constituency, Constituency::new(twice.into_iter().rev()).unwrap());
    let many = |count: usize| (0..count).map(|i| domain(&format!("n{i}.example.at")));
    assert!(Constituency::new(many(CONSTITUENCY_DOMAINS)).is_ok());
    let error = Constituency::new(many(CONSTITUENCY_DOMAINS + 1)).unwrap_err();
    assert!(matches!(
        error,
        ConstituencyError::TooMany {
            kind: EntryKind::Domain,
            ..
        }
    ));
    let networks = (0..=CONSTITUENCY_NETWORKS).map(|i| format!("11.{}.{}.0/24", i / 256, i % 256));
    let networks = networks.map(|text| Entry::parse(EntryKind::Network, &text).unwrap());
    let error = Constituency::new(networks).unwrap_err();
    assert!(matches!(
        error,
        ConstituencyError::TooMany {
            kind: EntryKind::Network,
            ..
        }
    ));
    let long = (0..10_000).map(|i| domain(&format!("n{i}.{}.{}.example.at", "a".repeat(60), "b".repeat(60))));
    assert!(matches!(Constituency::new(long), Err(ConstituencyError::TooLong(_))));
}
