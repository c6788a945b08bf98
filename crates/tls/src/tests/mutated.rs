//! Certificates with bytes changed at random: whatever they are, judging them ends, and none is accepted as somebody else's.

use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use rustls::pki_types::{CertificateDer, UnixTime};

use super::pki::NOW_S;
use super::world::World;
use crate::{Tls, read_leaf};

static RIGHT: LazyLock<(World, Tls, Vec<u8>)> = LazyLock::new(|| {
    let world = World::new();
    let der = world.austria.holder(|_| {}).chain[0].to_vec();
    let tls = world.tls();
    (world, tls, der)
});

fn judged(der: Vec<u8>) -> bool {
    let chain = [CertificateDer::from(der)];
    RIGHT.1.0.judge(&chain).is_ok()
}

#[test]
fn unchanged_it_is_accepted() {
    assert!(judged(RIGHT.2.clone()));
    assert_eq!(RIGHT.0.options().known.len(), 3);
    assert!(UnixTime::since_unix_epoch(Duration::from_secs(NOW_S)).as_secs() == NOW_S);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..8)) {
        let mut der = RIGHT.2.clone();
        for (at, change) in changes {
            let at = at.index(der.len());
            der[at] ^= change;
        }
        let changed = der != RIGHT.2;
        prop_assert!(!(changed && judged(der)));
    }

    #[test]
    fn cut_and_spliced_bytes_are_refused(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), filling in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut der = RIGHT.2.clone();
        let (from, to) = (from.index(der.len()), to.index(der.len()));
        der.splice(from.min(to)..from.max(to), filling);
        let changed = der != RIGHT.2;
        prop_assert!(!(changed && judged(der)));
    }

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(read_leaf(&CertificateDer::from(bytes)).is_err());
    }
}
