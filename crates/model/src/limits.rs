//! Every bound of the domain, in one place. A bound is part of what a member may rely on: it may rise, never fall.

/// Longest report key, in bytes of UTF-8.
pub const REPORT_KEY_BYTES: usize = 256;
/// Most accepted revisions of one report, besides a retraction, which is accepted over it: each is judged beside all the others.
pub const REVISIONS: usize = 1_000;
/// Longest title, in bytes of UTF-8.
pub const TITLE_BYTES: usize = 512;
/// Longest free-text summary, in bytes of UTF-8.
pub const SUMMARY_BYTES: usize = 16 * 1024;
/// Most affected countries a report may name.
pub const COUNTRIES: usize = 64;
/// Most affected sectors a report may name: NIS2 knows no more.
pub const SECTORS: usize = 18;
/// Most subsectors a report may name: NIS2 knows no more.
pub const SUBSECTORS: usize = 15;
/// Longest account of what is done against an incident, in bytes of UTF-8.
pub const MITIGATION_BYTES: usize = 16 * 1024;
/// Most indicators a report may carry.
pub const INDICATORS: usize = 1_000;
/// Most combinations of an indicator and a critical sector in one report: each is a key that correlation looks at.
pub const SECTOR_KEYS: usize = 2_000;
/// Most recipients a `named-recipients-only` report may name.
pub const RECIPIENTS: usize = 32;
/// Longest member id, in bytes.
pub const MEMBER_ID_BYTES: usize = 64;
/// Most members of an installation.
pub const MEMBERS: usize = 4_096;
/// Most distinct recipient lists that one member's stored reports may bear. The list of its unmarked reports does not count: the
/// installation chose it. The bound is each member's own, so that none takes room from another, or learns of another's lists.
pub const RECIPIENT_LISTS_PER_MEMBER: usize = 64;
/// Most distinct recipient lists that members chose, and so compartments that correlation keeps for them: what all members may use
/// together.
pub const RECIPIENT_LISTS: usize = MEMBERS * RECIPIENT_LISTS_PER_MEMBER;
/// Longest accepted message, in bytes of protobuf.
pub const MESSAGE_BYTES: usize = 1024 * 1024;
/// Longest rule id, in bytes.
pub const RULE_ID_BYTES: usize = 64;
/// Most rules in force.
pub const RULES: usize = 256;
/// Most sources of a rule, and things that one of its correlations looks at: each has a bit of a word.
pub const RULE_SOURCES: usize = 32;
/// Most correlations within each other.
pub const RULE_DEPTH: usize = 4;
/// Longest regular expression of a filter, in bytes.
pub const REGEXP_BYTES: usize = 1024;
/// Most filters within each other.
pub const FILTER_DEPTH: usize = 24;
/// Most tests of one filter; the values of a plain list are one test.
pub const FILTER_TESTS: usize = 256;
/// Longest sources of one rule, in bytes of JSON: every alert of the rule is recorded with it.
pub const SOURCES_BYTES: usize = 64 * 1024;
/// Reports an alert lists itself: the lowest by (time, id).
pub const LISTED_REPORTS: usize = 100;
/// Indicators that an urgent alert shows itself.
pub const URGENT_INDICATORS: usize = 20;
/// A report may lie this far ahead of the installation's clock, in milliseconds: clocks differ.
pub const CLOCK_SKEW_MS: u64 = 5 * 60 * 1000;
/// A first detection older than this is backfill, in milliseconds (14 days).
pub const BACKFILL_AGE_MS: u64 = 14 * 24 * 3600 * 1000;
/// Members that must stand behind match-only sightings of a value before they count: any viewer then sees three others.
pub const MATCH_ONLY_RELEASE: usize = 4;
/// Independent members behind an alert that every member may see.
pub const EU_MEMBERS: usize = 3;
/// Links that a campaign's alert lists itself: the lowest by (later time, ids).
pub const CAMPAIGN_LINKS: usize = 100;
/// Refused joins that a campaign's alert lists itself.
pub const CAMPAIGN_REFUSALS: usize = 20;
/// Indicators that a campaign's alert shows itself: those that most of its reports carry.
pub const CAMPAIGN_INDICATORS: usize = 20;
/// Reports that a surge's alert counts and names at most: more say nothing new.
pub const SURGE_REPORTS: usize = 10_000;
/// Pairs of a type and a sector that are watched for surges at most: those with most incidents.
pub const SURGE_SECTORS: usize = 48;
/// Bins that a surge's alert shows.
pub const SURGE_BINS: usize = 52;
/// Most dependencies of sectors, and most pairs of countries that a sector connects.
pub const DEPENDENCIES: usize = 1_024;
/// Longest reason of a dependency, in bytes: every warning that rests on it says it.
pub const DEPENDENCY_WHY_BYTES: usize = 200;
/// Most sectors in countries that a report may name and still say something about each: beyond, it raises and confirms no cascade.
pub const CASCADE_NODES: usize = 64;
/// Longest reason of a decision, in characters.
pub const DECISION_REASON_CHARS: usize = 1_000;
/// Parts of the correlation keys that each have an owner, where several processes share a log: at most so many of them share the work.
pub const LOTS: u16 = 8;
/// Most networks in one member's constituency.
pub const CONSTITUENCY_NETWORKS: usize = 20_000;
/// Most domains in one member's constituency.
pub const CONSTITUENCY_DOMAINS: usize = 20_000;
/// Longest networks and domains of one member's constituency, written out, in bytes: it is one record of the log.
pub const CONSTITUENCY_BYTES: usize = 768 * 1024;
/// Most networks and domains in all constituencies together.
pub const CONSTITUENCY_ENTRIES: usize = 1_000_000;
/// Shortest IPv4 network of a constituency, in bits: no registry was ever given a larger one.
pub const CONSTITUENCY_IPV4_BITS: u8 = 8;
/// Shortest IPv6 network of a constituency, in bits.
pub const CONSTITUENCY_IPV6_BITS: u8 = 16;
/// Most hits on a constituency that one delivered alert names.
pub const HITS: usize = 64;
