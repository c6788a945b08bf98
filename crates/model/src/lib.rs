//! The domain of Chappe: what a CSIRT reports, under which handling rules, and what an analyst is told.
//!
//! - An [`Incident`] is a report by a member under a key of its own, with revisions; the highest revision wins.
//! - Its [`Particulars`] stand in its record: how far it is relied on, and what it says as a stage of NIS2 Art. 23, with the deadlines.
//! - An [`Indicator`] is a canonical value that incidents share.
//! - A [`Marking`] (TLP 2.0, PAP, use, recipients) is part of a report from its first byte.
//! - An [`Alert`] is what the correlation core found, with its audience and its explanation.
//! - A [`Decision`] is what a member judged of an alert; an [`Outcome`] is what all of them add up to.
//! - A [`Budget`] bounds what the installation keeps alive, and [`Shares`] say whose report is refused near it.
//! - Ids are keyed pseudo-random functions under the installation's [`Secret`]: nobody can guess a reporter or a value from one.
//!
//! What it is not: it reads no clock, file or socket, draws no random number and knows no wire format.
//!
//! Invariants: a value of a type here is valid by construction; canonical forms are fixed points of their own parser; every list and text
//! is bounded by a constant of [`limits`].
//!
//! # Example
//! ```
//! use chappe_model::{Indicator, IndicatorKind};
//! let seen = Indicator::parse(IndicatorKind::Domain, "Bad[.]Example.")?;
//! assert_eq!(seen.to_string(), "domain:bad.example");
//! # Ok::<(), chappe_model::IndicatorError>(())
//! ```

mod admiralty;
mod alert;
mod budget;
mod campaign;
mod cascade;
mod country;
mod country_set;
mod decision;
mod ids;
mod incident;
mod indicator;
mod law_enforcement;
pub mod limits;
mod marking;
mod member;
mod notification;
mod particulars;
mod rsit;
mod rule;
mod sector;
mod severity;
mod subsector;
mod surge;
mod time;
mod tlp;

pub use admiralty::{Admiralty, AdmiraltyError};
pub use alert::{Alert, AlertKind, AlertState, Audience, Counts, Evidence, KeyField};
pub use budget::{
    Budget, BudgetError, CONTRIBUTION_BYTES, DEFAULT_MEMORY_MIB, LEAST_MEMORY_MIB, Live, MOST_MEMORY_MIB, Shares,
};
pub use campaign::{Campaign, JoinRefusal, Link, RefusedJoin, SharedValue};
pub use cascade::{Cascade, CascadeNode, CascadeWarning, WarningState};
pub use country::{Country, CountryError};
pub use country_set::CountrySet;
pub use decision::{Decision, Judgement, JudgementError, Outcome, Reason, ReasonError, Verdict, VerdictError};
pub use ids::{AlertId, Digest, IncidentId, KeyHash, NameError, Secret, SetSum, bytes_of_hex, hex};
pub use incident::{Accepted, Incident, ReportKey, ReportKeyError};
pub use indicator::{Indicator, IndicatorError, IndicatorKind};
pub use law_enforcement::{CrimeTaxonomy, CrimeType, CrimeTypeError};
pub use marking::{Compartment, Marking, MarkingError, Realm, Recipients, Use};
pub use member::{MemberId, MemberIdError, Principal, Role};
pub use notification::{Deadlines, Impact, Notification, Outlook, RootCause, Stage, ThreatSeverity, WordError};
pub use particulars::Particulars;
pub use rsit::{Rsit, RsitError};
pub use rule::{
    Bounds, Condition, Field, Filter, Measure, Network, NetworkError, Of, Policy, Regexp, RegexpError, Rule, RuleError,
    Source, Subject, Test, Texts, WidestAudience, Wildcards, built_in_rules,
};
pub use sector::{Annex, Sector, SectorError};
pub use severity::{Severity, SeverityError, SeveritySet};
pub use subsector::{Subsector, SubsectorError};
pub use surge::{Surge, SurgeBin, SurgeLessonPart, SurgeNumbers, SurgeSector, SurgeSet};
pub use time::Timestamp;
pub use tlp::{Pap, Tlp, TlpError};
