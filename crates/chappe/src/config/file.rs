//! The file's own form, and every refusal with its line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chappe_correlate::{Bin, FALSE_ALARMS_PER_YEAR, SurgePolicy};
use chappe_identity::{DirectoryError, TokenDigest};
use chappe_model::limits::MEMBERS;
use chappe_model::{Budget, Country, MemberId, Principal, Role, Rule};
use serde::Deserialize;
use toml::Spanned;

use super::cascade::{self, CascadeTable};
use super::error::ConfigError;
use super::kafka::{self, KafkaTable};
use super::metrics;
use super::taxii::{self, TaxiiTable};
use super::tls::{self, TlsTable};
use super::unread;
use super::{Config, DEFAULT_DATA, DEFAULT_LISTEN, MAX_SHARDS, Member, PolicySection, QuotaSection};
use crate::rule_files;
use crate::warning_files::WarningLists;

/// Longest lateness, in seconds: a day.
const LATENESS_SECONDS: u64 = 86_400;

/// Longest name of an instance, in bytes.
const INSTANCE_BYTES: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    listen: Option<Spanned<String>>,
    metrics: Option<Spanned<String>>,
    #[serde(default)]
    metrics_allow: Vec<Spanned<String>>,
    data: Option<PathBuf>,
    shards: Option<Spanned<usize>>,
    instance: Option<Spanned<String>>,
    memory_mib: Option<Spanned<u32>>,
    #[serde(default)]
    members: Vec<Spanned<MemberEntry>>,
    policy: Option<Spanned<PolicyTable>>,
    #[serde(default)]
    quotas: QuotaTable,
    tls: Option<TlsTable>,
    kafka: Option<KafkaTable>,
    taxii: Option<TaxiiTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct MemberEntry {
    id: MemberId,
    country: Option<Country>,
    #[serde(default = "member")]
    role: Role,
    token_digest: Option<Spanned<String>>,
}

fn member() -> Role {
    Role::Member
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct PolicyTable {
    lateness_seconds: Option<Spanned<u64>>,
    link_campaigns: Option<bool>,
    #[serde(default)]
    unmarked_as_red: Vec<Spanned<MemberId>>,
    #[serde(default)]
    rules: Vec<Spanned<String>>,
    #[serde(default)]
    warning_lists: Vec<Spanned<String>>,
    cross_border: Option<Spanned<CrossBorderTable>>,
    cross_border_critical_sector: Option<Spanned<CrossBorderTable>>,
    urgent: Option<Spanned<UrgentTable>>,
    surge: Option<SurgeTable>,
    cascade: Option<CascadeTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SurgeTable {
    bin: Option<Spanned<String>>,
    false_alarms_per_year: Option<Spanned<u32>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct CrossBorderTable {
    countries: Option<u32>,
    window_hours: Option<u64>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct UrgentTable {
    quota: Option<u32>,
    window_hours: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct QuotaTable {
    reports_per_second: Option<Spanned<u32>>,
    burst: Option<Spanned<u32>>,
    in_flight: Option<Spanned<usize>>,
    in_flight_per_member: Option<Spanned<usize>>,
}

/// A text and where it comes from, for refusals.
pub(super) struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    pub(super) fn refuse<T>(&self, value: &Spanned<T>, message: impl Into<String>) -> ConfigError {
        ConfigError::at(self.path, self.text, Some(value.span()), message)
    }
}

pub(super) fn parse(text: &str, path: &Path, folder: &Path) -> Result<Config, ConfigError> {
    let source = Source { text, path };
    let file: File = toml::from_str(text).map_err(|error| unread::refuse(path, text, &error))?;
    let default_listen = || Spanned::new(0..0, DEFAULT_LISTEN.to_owned());
    let listen = file.listen.unwrap_or_else(default_listen);
    let listen = match file.tls {
        Some(_) => address(&source, &listen)?,
        None => loopback(&source, &listen, "gRPC")?,
    };
    let (metrics, metrics_allow) = metrics::section(&source, file.metrics.as_ref(), &file.metrics_allow)?;
    let members = members(&source, &file.members, file.tls.is_some())?;
    let policy = file
        .policy
        .map(|table| policy(&source, table, &members, folder))
        .transpose()?;
    Ok(Config {
        listen,
        metrics,
        metrics_allow,
        data: folder.join(file.data.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))),
        shards: shards(&source, file.shards.as_ref())?,
        members,
        policy,
        quotas: quotas(&source, &file.quotas)?,
        instance: instance(&source, file.instance.as_ref())?,
        budget: budget(&source, file.memory_mib.as_ref())?,
        tls: (file.tls.as_ref())
            .map(|table| tls::section(&source, table, folder))
            .transpose()?,
        kafka: (file.kafka.as_ref())
            .map(|table| kafka::section(&source, table, folder))
            .transpose()?,
        taxii: (file.taxii.as_ref())
            .map(|table| taxii::section(&source, table))
            .transpose()?,
    })
}

fn address(source: &Source<'_>, value: &Spanned<String>) -> Result<SocketAddr, ConfigError> {
    let text = value.get_ref();
    text.parse::<SocketAddr>().map_err(|_| {
        let message = format!("{text:?} is no address with a port: write it like {DEFAULT_LISTEN:?} or \"[::1]:7600\"");
        source.refuse(value, message)
    })
}

pub(super) fn loopback(source: &Source<'_>, value: &Spanned<String>, what: &str) -> Result<SocketAddr, ConfigError> {
    let address = address(source, value)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    let message = match what {
        "gRPC" => format!(
            "{address} is not a loopback address, and without TLS gRPC is served in plain text, on loopback only: add a table [tls] \
             ('chappe init --tls' writes one), or write {DEFAULT_LISTEN:?}"
        ),
        _ => format!("{address} is not a loopback address: Chappe serves {what} in plain text on loopback only"),
    };
    Err(source.refuse(value, message))
}

fn shards(source: &Source<'_>, wanted: Option<&Spanned<usize>>) -> Result<usize, ConfigError> {
    match wanted {
        Some(shards) if !(1..=MAX_SHARDS).contains(shards.get_ref()) => {
            Err(source.refuse(shards, format!("{} shards: 1 to {MAX_SHARDS}", shards.get_ref())))
        }
        Some(shards) => Ok(*shards.get_ref()),
        None => Ok(std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_SHARDS))),
    }
}

/// By default the machine's name and the process's number: no two at once have both.
fn instance(source: &Source<'_>, wanted: Option<&Spanned<String>>) -> Result<String, ConfigError> {
    let Some(name) = wanted else {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
        let host = host.unwrap_or_else(|_| "chappe".to_owned());
        return Ok(format!("{}-{}", host.trim(), std::process::id()));
    };
    let text = name.get_ref();
    if text.is_empty() || text.len() > INSTANCE_BYTES || text.chars().any(char::is_control) {
        return Err(source.refuse(name, format!("a name has 1 to {INSTANCE_BYTES} bytes")));
    }
    Ok(text.clone())
}

fn budget(source: &Source<'_>, mib: Option<&Spanned<u32>>) -> Result<Budget, ConfigError> {
    let of_mib =
        |mib: &Spanned<u32>| Budget::of_mib(*mib.get_ref()).map_err(|error| source.refuse(mib, error.to_string()));
    mib.map_or(Ok(Budget::default()), of_mib)
}

fn members(source: &Source<'_>, entries: &[Spanned<MemberEntry>], with_tls: bool) -> Result<Vec<Member>, ConfigError> {
    if entries.is_empty() {
        let message =
            "no members: nobody could submit or watch; add [[members]] entries, or write a new file with 'chappe init'";
        return Err(ConfigError::at(source.path, source.text, None, message));
    }
    if let Some(excess) = entries.get(MEMBERS) {
        return Err(source.refuse(excess, DirectoryError::TooMany(entries.len()).to_string()));
    }
    let mut members: Vec<Member> = Vec::with_capacity(entries.len());
    for entry in entries {
        let MemberEntry {
            id,
            country,
            role,
            token_digest,
        } = entry.get_ref();
        let token = token_digest.as_ref().map(|digest| {
            TokenDigest::from_hex(digest.get_ref()).ok_or_else(|| {
                let message = "the digest of a token is 32 lower-case hexadecimal digits; 'chappe token' makes a token and its digest";
                source.refuse(digest, message)
            })
        });
        let token = token.transpose()?;
        if token.is_none() && !with_tls {
            let message = "missing field `token-digest`: without [tls] a member is known by its token alone; 'chappe token' makes one and its digest";
            return Err(source.refuse(entry, message));
        }
        let principal = Principal {
            member: id.clone(),
            home: *country,
            role: *role,
        };
        members.push(Member { principal, token });
    }
    unique(source, entries, &members)?;
    Ok(members)
}

/// Refuses the later of two entries that share an id or a token.
fn unique(source: &Source<'_>, entries: &[Spanned<MemberEntry>], members: &[Member]) -> Result<(), ConfigError> {
    for (i, (entry, member)) in entries.iter().zip(members).enumerate() {
        for earlier in &members[..i] {
            let (id, other) = (&member.principal.member, &earlier.principal.member);
            if id == other {
                return Err(source.refuse(entry, DirectoryError::MemberTwice(id.clone()).to_string()));
            }
            if let Some(digest) = entry.get_ref().token_digest.as_ref()
                && member.token == earlier.token
            {
                let error = DirectoryError::TokenTwice(other.clone(), id.clone());
                return Err(source.refuse(digest, error.to_string()));
            }
        }
    }
    Ok(())
}

fn policy(
    source: &Source<'_>,
    table: Spanned<PolicyTable>,
    members: &[Member],
    folder: &Path,
) -> Result<PolicySection, ConfigError> {
    let span = table.span();
    let table = table.into_inner();
    let mut section = PolicySection {
        link_campaigns: table.link_campaigns.unwrap_or(false),
        surge: table.surge.as_ref().map(|table| surge(source, table)).transpose()?,
        cascade: (table.cascade.as_ref())
            .map(|table| cascade::policy(source, table, folder))
            .transpose()?,
        ..PolicySection::default()
    };
    if let Some(lateness) = &table.lateness_seconds {
        if *lateness.get_ref() > LATENESS_SECONDS {
            return Err(source.refuse(lateness, format!("at most {LATENESS_SECONDS} seconds")));
        }
        section.lateness_seconds = *lateness.get_ref();
    }
    for id in &table.unmarked_as_red {
        if !members.iter().any(|member| member.principal.member == *id.get_ref()) {
            let message = format!(
                "'{}' is not a member: name members that stand in [[members]]",
                id.get_ref()
            );
            return Err(source.refuse(id, message));
        }
        section.unmarked_as_red.push(id.get_ref().clone());
    }
    section.rules = rules(source, &table.rules, folder)?;
    section.warning_lists = warning_lists(source, &table.warning_lists, folder)?;
    fixed_twice(source, &table, &section.rules)?;
    for (rule, wish) in [
        (&mut section.cross_border, table.cross_border),
        (&mut section.critical_sector, table.cross_border_critical_sector),
    ] {
        let wish = wish.map(Spanned::into_inner).unwrap_or_default();
        rule.countries = wish.countries.unwrap_or(rule.countries);
        rule.window_hours = wish.window_hours.unwrap_or(rule.window_hours);
    }
    let urgent = table.urgent.map(Spanned::into_inner).unwrap_or_default();
    section.urgent.quota = urgent.quota.unwrap_or(section.urgent.quota);
    section.urgent.window_hours = urgent.window_hours.unwrap_or(section.urgent.window_hours);
    let sound = section.to_policy(Vec::new());
    sound.map_err(|error| ConfigError::at(source.path, source.text, Some(span), error.to_string()))?;
    Ok(section)
}

fn surge(source: &Source<'_>, table: &SurgeTable) -> Result<SurgePolicy, ConfigError> {
    let mut policy = SurgePolicy::default();
    if let Some(bin) = &table.bin {
        let known = Bin::parse(bin.get_ref());
        policy.bin = known.ok_or_else(|| source.refuse(bin, "a bin is \"hour\", \"day\" or \"week\""))?;
    }
    if let Some(alarms) = &table.false_alarms_per_year {
        if !(1..=FALSE_ALARMS_PER_YEAR).contains(alarms.get_ref()) {
            let message =
                format!("1 to {FALSE_ALARMS_PER_YEAR} alerts a year that come for no reason, of all series together");
            return Err(source.refuse(alarms, message));
        }
        policy.false_alarms_per_year = *alarms.get_ref();
    }
    Ok(policy)
}

/// The rules of the files that the patterns name, read together.
fn rules(source: &Source<'_>, patterns: &[Spanned<String>], folder: &Path) -> Result<Vec<Rule>, ConfigError> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        let found = rule_files::matching(folder, pattern.get_ref());
        let found = found.map_err(|error| source.refuse(pattern, error.to_string()))?;
        paths.extend(
            found
                .into_iter()
                .filter(|path| !paths.contains(path))
                .collect::<Vec<_>>(),
        );
    }
    let texts = rule_files::read(&paths);
    let at = patterns.first().map(Spanned::span);
    let texts = texts.map_err(|error| ConfigError::at(source.path, source.text, at, error.to_string()))?;
    Ok(chappe_sigma::load(&texts)?.rules)
}

/// The warning lists of the files and folders that the patterns name.
fn warning_lists(
    source: &Source<'_>,
    patterns: &[Spanned<String>],
    folder: &Path,
) -> Result<WarningLists, ConfigError> {
    let mut lists = WarningLists::default();
    for pattern in patterns {
        let read = lists.read(folder, pattern.get_ref());
        read.map_err(|error| source.refuse(pattern, error.to_string()))?;
    }
    Ok(lists)
}

/// Refuses thresholds of a built-in rule that a file puts another in place of: they would say nothing.
fn fixed_twice(source: &Source<'_>, table: &PolicyTable, rules: &[Rule]) -> Result<(), ConfigError> {
    for (id, span) in [
        ("cross-border", table.cross_border.as_ref().map(Spanned::span)),
        (
            "cross-border-critical-sector",
            table.cross_border_critical_sector.as_ref().map(Spanned::span),
        ),
        ("urgent", table.urgent.as_ref().map(Spanned::span)),
    ] {
        if span.is_some() && rules.iter().any(|rule| &*rule.id == id) {
            let message =
                format!("a file of rules has a rule '{id}', which takes the place of the built-in one: say it there");
            return Err(ConfigError::at(source.path, source.text, span, message));
        }
    }
    Ok(())
}

fn quotas(source: &Source<'_>, table: &QuotaTable) -> Result<QuotaSection, ConfigError> {
    let zero = "must be at least 1: nothing could be submitted";
    for count in [&table.reports_per_second, &table.burst].into_iter().flatten() {
        if *count.get_ref() == 0 {
            return Err(source.refuse(count, zero));
        }
    }
    for count in [&table.in_flight, &table.in_flight_per_member].into_iter().flatten() {
        if *count.get_ref() == 0 {
            return Err(source.refuse(count, zero));
        }
    }
    Ok(QuotaSection {
        reports_per_second: table.reports_per_second.as_ref().map(|n| *n.get_ref()),
        burst: table.burst.as_ref().map(|n| *n.get_ref()),
        in_flight: table.in_flight.as_ref().map(|n| *n.get_ref()),
        in_flight_per_member: table.in_flight_per_member.as_ref().map(|n| *n.get_ref()),
    })
}
