//! What is too broad to be what one member answers for.

use chappe_model::limits::{CONSTITUENCY_IPV4_BITS, CONSTITUENCY_IPV6_BITS};
use chappe_model::{CountrySet, Network};

use crate::entry::{Entry, Suffix};

/// Why an entry is too broad.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TooBroad {
    /// A network shorter than any that is one organisation's.
    #[error("{network} is too broad: a network of at least /{least} is needed")]
    Network {
        /// Which.
        network: Network,
        /// The shortest that is taken, in bits.
        least: u8,
    },
    /// A name below which everybody may register, and not of a country of the constituency.
    #[error(
        "'{name}' is a public suffix: anybody may register below it. Name the domains that are answered for; below the code of a country \
         it is taken where the constituency has that country"
    )]
    PublicSuffix {
        /// Which.
        name: String,
    },
}

/// Judges an entry of a constituency with these countries. A public suffix (the list of publicsuffix.org, both parts) is taken below the code of
/// one of them only: a national CSIRT may answer for `at` and `gv.at`, nobody for `com`.
pub(crate) fn judge(entry: &Entry, countries: &CountrySet) -> Result<(), TooBroad> {
    match entry {
        Entry::Network(network) => {
            let least = match network.address().is_ipv4() {
                true => CONSTITUENCY_IPV4_BITS,
                false => CONSTITUENCY_IPV6_BITS,
            };
            if network.prefix_bits() < least {
                return Err(TooBroad::Network {
                    network: *network,
                    least,
                });
            }
        }
        Entry::Domain(suffix) if is_public(suffix) => {
            let own = suffix.country().is_some_and(|country| countries.contains(country));
            if !own {
                return Err(TooBroad::PublicSuffix {
                    name: suffix.as_str().to_owned(),
                });
            }
        }
        Entry::Country(_) | Entry::Sector(_) | Entry::Domain(_) => {}
    }
    Ok(())
}

fn is_public(suffix: &Suffix) -> bool {
    psl::suffix_str(suffix.as_str()) == Some(suffix.as_str())
}
