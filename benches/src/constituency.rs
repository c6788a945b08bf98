//! Who answers for a value: look-ups in a million networks and domains, against what the standard library has for it.
//!
//! - *Networks*: a hash map for each length of prefix that occurs, asked from the shortest to the longest. *Domains*: a sorted list of reversed names, asked
//!   by binary search for each label. Both find every entry that the value falls under, with its holder, as the table does.
//! - A sample of look-ups is compared with an oracle that goes through all entries one by one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Instant;

use anyhow::{Result, ensure};
use chappe_constituency::{Constituency, Entry, EntryKind, Holder, Subject, Table};
use chappe_model::Network;
use chappe_model::limits::{CONSTITUENCY_DOMAINS, CONSTITUENCY_ENTRIES};
use serde::Serialize;

use crate::cpu::{Started, per_second};
use crate::machine::resident_bytes;

/// Entries of one member: half networks, half domains.
const ENTRIES_PER_MEMBER: usize = CONSTITUENCY_DOMAINS;
/// Values of each kind that are looked up: in a whole run, in a quick one.
const VALUES: [usize; 2] = [4_000_000, 400_000];
/// How often each is looked up in the table: in a whole run, so that there are a hundred million look-ups, and in a quick one. The standard library's
/// structures are asked once for each.
const ROUNDS: [usize; 2] = [13, 1];
/// Look-ups that are compared with the oracle.
const SAMPLE: usize = 200;
/// Where figures go.
const OUTPUT: &str = "target/bench/constituency.json";
const SEED: u64 = 1;

#[derive(Debug, Serialize)]
struct Figures {
    entries: usize,
    members: usize,
    distinct: usize,
    built_in_seconds: f64,
    bytes_an_entry: u64,
    addresses: Kind,
    names: Kind,
    sample: usize,
}

/// Look-ups of one kind.
#[derive(Debug, Serialize)]
struct Kind {
    look_ups: usize,
    look_ups_per_second: f64,
    standard_library_per_second: f64,
    ratio: f64,
    found: usize,
}

/// Runs it and writes the figures.
pub(crate) fn command(quick: bool) -> Result<()> {
    let mut rng = fastrand::Rng::with_seed(SEED);
    let stated = stated(&mut rng)?;
    let before = resident_bytes()?;
    let began = Instant::now();
    let table = Table::new(stated.iter().map(|(holder, constituency)| (*holder, constituency)));
    let built_in_seconds = began.elapsed().as_secs_f64();
    let entries = stated.iter().map(|(_, member)| member.entries()).sum();
    let bytes_an_entry = resident_bytes()?.saturating_sub(before) / u64::try_from(entries)?;
    let standard = Standard::new(&stated);
    let (count, rounds) = (VALUES[usize::from(quick)], ROUNDS[usize::from(quick)]);
    let (addresses, names) = asked(&stated, count, &mut rng);
    compare(&table, &stated, &addresses, &names)?;
    let addresses = measure(
        &table,
        (&addresses, rounds),
        |address| Subject::Address(*address),
        |address| standard.of_address(*address),
    )?;
    let names = measure(
        &table,
        (&names, rounds),
        |name| Subject::Name(name),
        |name| standard.of_name(name),
    )?;
    let figures = Figures {
        entries,
        distinct: table.entries(),
        members: stated.len(),
        built_in_seconds,
        bytes_an_entry,
        addresses,
        names,
        sample: SAMPLE,
    };
    println!(
        "{} networks and domains of {} members ({} distinct), laid out in {built_in_seconds:.2} s, {bytes_an_entry} bytes each",
        figures.entries, figures.members, figures.distinct
    );
    for (what, of) in [("addresses", &figures.addresses), ("names", &figures.names)] {
        let (ours, theirs, ratio) = (of.look_ups_per_second, of.standard_library_per_second, of.ratio);
        println!(
            "{what}: {} look-ups, {ours:.0} by CPU-second, standard library {theirs:.0}, ratio {ratio:.2}; {SAMPLE} equal to the oracle",
            of.look_ups
        );
    }
    std::fs::create_dir_all("target/bench")?;
    std::fs::write(OUTPUT, serde_json::to_vec_pretty(&figures)?)?;
    println!("figures are in {OUTPUT}");
    Ok(())
}

/// As many constituencies as all together may be: networks of the usual lengths, domains of one to three labels below a country's.
fn stated(rng: &mut fastrand::Rng) -> Result<Vec<(Holder, Constituency)>> {
    let members = CONSTITUENCY_ENTRIES / ENTRIES_PER_MEMBER;
    let mut stated = Vec::new();
    for member in 0..members {
        let (mut networks, mut domains) = (BTreeSet::new(), BTreeSet::new());
        while networks.len() < ENTRIES_PER_MEMBER / 2 {
            networks.extend(network(rng));
        }
        while domains.len() < ENTRIES_PER_MEMBER / 2 {
            domains.insert(Entry::parse(EntryKind::Domain, &name(rng))?);
        }
        let entries = networks.into_iter().map(Entry::Network).chain(domains);
        stated.push((Holder(u16::try_from(member)?), Constituency::new(entries)?));
    }
    Ok(stated)
}

fn network(rng: &mut fastrand::Rng) -> Option<Network> {
    let (address, bits) = match rng.u8(0..4) {
        0 => (
            IpAddr::V6(((0x2a << 120) | (rng.u128(..) >> 8)).into()),
            rng.u8(32..=64),
        ),
        _ => (IpAddr::V4(rng.u32(0x0b00_0000..0xdf00_0000).into()), rng.u8(12..=28)),
    };
    Network::around(address, bits)
}

fn name(rng: &mut fastrand::Rng) -> String {
    let mut name = String::new();
    for _ in 0..rng.u8(1..4) {
        let _ = write!(name, "n{}.", rng.u32(0..20_000_000)); // writing to a String cannot fail
    }
    name + ["at", "de", "fr", "it"][rng.usize(0..4)]
}

/// Half of them fall under an entry, of the others few.
fn asked(stated: &[(Holder, Constituency)], count: usize, rng: &mut fastrand::Rng) -> (Vec<IpAddr>, Vec<String>) {
    let (mut addresses, mut names) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for i in 0..count {
        let (_, member) = &stated[rng.usize(0..stated.len())];
        let inside = i % 2 == 0;
        addresses.push(match inside {
            true => member.networks()[rng.usize(0..member.networks().len())].address(),
            false => IpAddr::V4(rng.u32(0x0b00_0000..0xdf00_0000).into()),
        });
        names.push(match inside {
            true => format!(
                "www.{}",
                member.domains()[rng.usize(0..member.domains().len())].as_str()
            ),
            false => name(rng),
        });
    }
    (addresses, names)
}

fn compare(table: &Table, stated: &[(Holder, Constituency)], addresses: &[IpAddr], names: &[String]) -> Result<()> {
    let found = |subject: Subject<'_>| {
        let mut found = Vec::new();
        table.look_up(&subject, |entry, holders| {
            found.extend(holders.iter().map(|holder| (entry.to_string(), *holder)))
        });
        found.sort();
        found
    };
    let oracle = |under: &dyn Fn(&Constituency) -> Vec<String>| {
        let of_each = stated
            .iter()
            .flat_map(|(holder, member)| under(member).into_iter().map(move |entry| (entry, *holder)));
        let mut all: Vec<(String, Holder)> = of_each.collect();
        all.sort();
        all
    };
    for address in addresses.iter().take(SAMPLE) {
        let text = address.to_string();
        let under = |member: &Constituency| {
            let networks = member.networks().iter().filter(|network| network.contains(&text));
            networks.map(ToString::to_string).collect()
        };
        ensure!(
            found(Subject::Address(*address)) == oracle(&under),
            "{address} is looked up otherwise than by the oracle"
        );
    }
    for name in names.iter().take(SAMPLE) {
        let under = |member: &Constituency| {
            let names = member.domains().iter().map(|suffix| suffix.as_str());
            let above = names.filter(|suffix| {
                name.strip_suffix(suffix)
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            });
            above.map(str::to_owned).collect()
        };
        ensure!(
            found(Subject::Name(name)) == oracle(&under),
            "{name} is looked up otherwise than by the oracle"
        );
    }
    Ok(())
}

fn measure<T>(
    table: &Table,
    (asked, rounds): (&[T], usize),
    subject: impl for<'a> Fn(&'a T) -> Subject<'a>,
    standard: impl Fn(&T) -> usize,
) -> Result<Kind> {
    let began = Started::now();
    let (look_ups, mut all_found) = (asked.len() * rounds, 0);
    for _ in 0..rounds {
        for one in asked {
            table.look_up(&subject(one), |_, holders| all_found += holders.len());
        }
    }
    let ours = per_second(look_ups, began.spent().cpu_seconds);
    let found = all_found / rounds;
    let began = Started::now();
    let theirs_found: usize = asked.iter().map(standard).sum();
    let theirs = per_second(asked.len(), began.spent().cpu_seconds);
    ensure!(
        found == theirs_found && found * rounds == all_found,
        "found {found}, and the standard library's structures {theirs_found}"
    );
    Ok(Kind {
        look_ups,
        look_ups_per_second: ours,
        standard_library_per_second: theirs,
        ratio: ours / theirs,
        found,
    })
}

/// What one would write with the standard library alone.
struct Standard {
    /// By length, IPv4 and IPv6 apart: the networks, by their first address.
    networks: BTreeMap<(bool, u8), HashMap<IpAddr, Vec<Holder>>>,
    /// By name, its labels reversed.
    domains: Vec<(String, Vec<Holder>)>,
}

impl Standard {
    fn new(stated: &[(Holder, Constituency)]) -> Self {
        let mut networks: BTreeMap<_, HashMap<IpAddr, Vec<Holder>>> = BTreeMap::new();
        let mut domains: BTreeMap<String, Vec<Holder>> = BTreeMap::new();
        for (holder, member) in stated {
            for network in member.networks() {
                let length = (network.address().is_ipv6(), network.prefix_bits());
                networks
                    .entry(length)
                    .or_default()
                    .entry(network.address())
                    .or_default()
                    .push(*holder);
            }
            for suffix in member.domains() {
                domains.entry(reversed(suffix.as_str())).or_default().push(*holder);
            }
        }
        Self {
            networks,
            domains: domains.into_iter().collect(),
        }
    }

    fn of_address(&self, address: IpAddr) -> usize {
        let of_family = self
            .networks
            .iter()
            .filter(|((is_v6, _), _)| *is_v6 == address.is_ipv6());
        let holders = of_family.filter_map(|((_, bits), held)| held.get(&Network::around(address, *bits)?.address()));
        holders.map(Vec::len).sum()
    }

    fn of_name(&self, name: &str) -> usize {
        let reversed = reversed(name);
        let ends = reversed.match_indices('.').map(|(dot, _)| dot).chain([reversed.len()]);
        let held = ends.filter_map(|end| {
            let prefix = &reversed[..end];
            let place = self
                .domains
                .binary_search_by(|(held, _)| held.as_str().cmp(prefix))
                .ok()?;
            Some(self.domains[place].1.len())
        });
        held.sum()
    }
}

fn reversed(name: &str) -> String {
    name.rsplit('.').collect::<Vec<_>>().join(".")
}
