//! What a reader of a foreign format hands back.

use std::collections::BTreeSet;

use chappe_model::{Admiralty, Country, Indicator, IndicatorError, Pap, Rsit, Sector, Severity, Subsector, Tlp};

/// A report as a foreign format gives it. What the format does not say is left for the submitter to fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The submitter's key for the incident; it names the format and what the format calls it, such as `misp:` and the event's UUID.
    pub report_key: String,
    /// Rises with each edit; in most formats the time of the last one in seconds since 1970.
    pub revision: u32,
    /// One line.
    pub title: String,
    /// A few facts on where the report comes from.
    pub summary: String,
    /// RSIT class and type, where a tag names one.
    pub incident_type: Option<Rsit>,
    /// By the source's own judgement. Critical only where the submitter's own mapping says so: an urgent report is its decision.
    pub severity: Option<Severity>,
    /// Begin of what happened, in milliseconds since 1970.
    pub occurred_from_ms: Option<u64>,
    /// End of what happened, in milliseconds since 1970; not before the begin.
    pub occurred_to_ms: Option<u64>,
    /// When the submitter, or its sensor, became aware, in milliseconds since 1970; only where the format says that.
    pub detected_at_ms: Option<u64>,
    /// Affected countries.
    pub countries: BTreeSet<Country>,
    /// Affected sectors.
    pub sectors: BTreeSet<Sector>,
    /// Affected parts of the sectors.
    pub subsectors: BTreeSet<Subsector>,
    /// How far the source relies on it.
    pub confidence: Option<Admiralty>,
    /// What was observed. May exceed what one report may carry; the service then refuses it.
    pub indicators: BTreeSet<Indicator>,
    /// The source's label, the most restrictive where it has several.
    pub tlp: Option<Tlp>,
    /// The source's label, the most restrictive where it has several.
    pub pap: Option<Pap>,
    /// The file or entry that the report was read from, as the caller named it.
    pub source: String,
}

/// A draft and the account of how it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The report.
    pub draft: Draft,
    /// The items that were understood, in the order of the file, an item after those it holds.
    pub read: Vec<ReadItem>,
    /// The items that were not, in the same order.
    pub skipped: Vec<Skipped>,
    /// How many items there are: attributes, proposals, objects and the attributes of objects.
    pub total: usize,
    /// What else the submitter should know: tags not read, labels joined, texts cut.
    pub notes: Vec<String>,
}

impl Reading {
    /// Whether every item is accounted for: read + skipped = total.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.read.len() + self.skipped.len() == self.total
    }
}

/// An item that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadItem {
    /// Where it stands, such as `Event.Attribute[3]`.
    pub path: String,
    /// What it gave. Empty for an object: its attributes are items of their own.
    pub indicators: Vec<Indicator>,
}

/// An item that was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stands, such as `Event.Object[0].Attribute[2]`.
    pub path: String,
    /// What it is by its own words: type and category, or the object's name.
    pub what: String,
    /// Why it was not read.
    pub reason: SkipReason,
    /// What it would have given, where only its marking or distribution kept it out: nothing that may be reported with the rest, but whoever reports nothing may look
    /// for it.
    pub withheld: Vec<Indicator>,
}

/// Why an item was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// Its type holds no indicator, or one that is not compared yet.
    #[error("not an indicator type this version correlates")]
    NotCorrelated,
    /// The source deleted it, or the object that holds it.
    #[error("deleted in the source")]
    Deleted,
    /// Somebody proposed it; the event's owner has not accepted it.
    #[error("a proposal that the event's owner has not accepted")]
    Proposal,
    /// It describes a victim and is not marked for detection.
    #[error("personal data of a victim: set to_ids to report it")]
    Victim,
    /// Its own label is stricter than the event's.
    #[error("marked {own}, stricter than the event ({event}): mark the event so, or report it apart")]
    StricterMarking {
        /// The item's label.
        own: String,
        /// The event's label.
        event: String,
    },
    /// Its distribution is narrower than the event's.
    #[error("distributed more narrowly than the event: widen it, or report it apart")]
    NarrowerDistribution,
    /// The value is not of its type.
    #[error(transparent)]
    BadValue(#[from] IndicatorError),
    /// The item is not built as the format asks.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// An object of which no attribute was read.
    #[error("none of its attributes was read")]
    NothingRead,
    /// The source took it back.
    #[error("revoked in the source")]
    Revoked,
    /// The file holds a newer version of it, or the same a second time.
    #[error("the file holds a newer version of it, or the same again")]
    Repeated,
    /// Only what was revoked, or an older version, refers to it.
    #[error("nothing refers to it but what was revoked, or an older version")]
    Withdrawn,
    /// The source says that it is harmless.
    #[error("the source calls it benign")]
    Benign,
    /// A pattern that asks for more than single values.
    #[error("pattern, column {column}: {why}")]
    Pattern {
        /// Where in the pattern, in bytes counted from 1.
        column: usize,
        /// What stands there, and what is read.
        why: String,
    },
    /// A pattern in a language of another tool.
    #[error("a pattern of type {0}: only STIX patterns are read")]
    PatternType(String),
    /// The recipient of a message: a victim.
    #[error("the recipient of a message, personal data of a victim")]
    Recipient,
    /// It wraps others, and none of them was read.
    #[error("nothing that it refers to was read")]
    NothingReferred,
    /// It belongs to those who were attacked.
    #[error("belongs to those who were attacked: only what attacks is compared")]
    Attacked,
    /// Its newest sighting says so.
    #[error("a false positive by its newest sighting")]
    FalsePositive,
    /// Its newest sighting says that it is over.
    #[error("expired by its newest sighting")]
    Expired,
    /// It says whom an event hit, by a name that is not known here.
    #[error("no country (ISO 3166-1 alpha-2) and no NIS2 sector by a name that is known here")]
    NoPlace,
    /// Its source says that it is not what it seems.
    #[error("{0} by the word of its source")]
    NotGenuine(&'static str),
}
