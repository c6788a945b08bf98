//! Values for the script: none of them can exist. Domains end in `.example` (RFC 2606), addresses are for documentation (RFC 5737).

use std::collections::BTreeSet;

use fastrand::Rng;

const WORDS: [&str; 16] = [
    "assets", "billing", "cdn", "cloud", "files", "gateway", "invoice", "login", "mail", "media", "portal", "proxy",
    "relay", "static", "sync", "update",
];
const PATHS: [&str; 6] = [
    "gate.php",
    "in/check",
    "api/v2/ping",
    "wp-content/cache.bin",
    "dl/setup.msi",
    "u/beacon",
];

/// Draws values, each once.
#[derive(Debug)]
pub(super) struct Values {
    rng: Rng,
    given: BTreeSet<String>,
}

impl Values {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            given: BTreeSet::new(),
        }
    }

    pub(super) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    fn once(&mut self, draw: impl Fn(&mut Rng) -> String) -> String {
        loop {
            let value = draw(&mut self.rng);
            if self.given.insert(value.clone()) {
                return value;
            }
        }
    }

    pub(super) fn domain(&mut self) -> String {
        self.once(|rng| {
            let mut word = || WORDS[rng.usize(..WORDS.len())];
            let (first, second) = (word(), word());
            format!("domain:{first}-{second}-{}.example", rng.u16(100..1_000))
        })
    }

    pub(super) fn url(&mut self, domain: &str) -> String {
        let host = domain.strip_prefix("domain:").unwrap_or(domain).to_owned();
        self.once(|rng| {
            format!(
                "url:https://{host}/{}?id={}",
                PATHS[rng.usize(..PATHS.len())],
                rng.u32(..)
            )
        })
    }

    pub(super) fn ip(&mut self) -> String {
        self.once(|rng| {
            let net = ["192.0.2", "198.51.100", "203.0.113"][rng.usize(..3)];
            format!("ip:{net}.{}", rng.u8(1..255))
        })
    }

    pub(super) fn sha256(&mut self) -> String {
        self.once(|rng| {
            let mut bytes = [0; 32];
            rng.fill(&mut bytes);
            format!("sha256:{}", chappe_model::hex(&bytes))
        })
    }
}
