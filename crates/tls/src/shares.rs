//! How many handshakes of one address are under way.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::options::HANDSHAKES_OF_AN_ADDRESS;

/// The addresses with handshakes under way. There are no more of them than handshakes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shares(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One handshake's part of its address's share; dropped, it is free again.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Shares,
    address: IpAddr,
}

impl Shares {
    /// None where an address has all that it may have under way.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Share> {
        let mut held = self.held();
        let count = held.entry(address).or_default();
        if *count >= HANDSHAKES_OF_AN_ADDRESS {
            return None;
        }
        *count += 1;
        Some(Share {
            shares: self.clone(),
            address,
        })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Nothing here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        if let Some(count) = held.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_address_has_its_share_and_others_have_theirs() {
        let shares = Shares::default();
        let (one, other) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let mut held: Vec<_> = (0..HANDSHAKES_OF_AN_ADDRESS)
            .map(|_| shares.enter(one).unwrap())
            .collect();
        assert!(shares.enter(one).is_none());
        drop(shares.enter(other).unwrap());
        held.pop();
        drop(shares.enter(one).unwrap());
        held.clear();
        assert!(shares.held().is_empty());
    }
}
