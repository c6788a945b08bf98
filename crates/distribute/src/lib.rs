//! Who may see what: one pure decision, [`may_see`], that every delivery, list, get and count asks; and what a viewer asks to be told,
//! a [`Filter`], with the values [`Sought`] and, of a list, the [`Period`]. Of incidents as they were reported [`may_see_incident`] decides.
//!
//! What it is not: a store or a channel. It is given one viewer and one revision of one alert or incident, and answers yes or no.
//!
//! Invariants:
//! - An incident as it was reported is seen by its reporter and by nobody else.
//! - An alert of an overlay is seen by the members on its recipient list and by nobody else, the hub included.
//! - A filter only restricts: it shows nothing that [`may_see`] refuses.
//! - What of an alert hits the viewer's constituency ([`hits`]) is read off what the viewer is shown of it, and off the viewer's own
//!   constituency: nothing hidden has a part in it, and no other member's constituency.
//! - What is looked for is looked for in what whoever sees the alert is shown of it: a filter by values tells two viewers of one alert the same, and
//!   nothing of reports that the alert does not show.
//! - Whoever was told of an alert is told how it goes on ([`Looks`]): a correction that no longer matches a filter still reaches the
//!   streams that filter let the alert reach.
//!
//! # Example
//! ```
//! use chappe_distribute::{Filter, types_named};
//! use chappe_model::{Rsit, Severity};
//! let filter = Filter { min_severity: Severity::High, incident_types: types_named("fraud")?, ..Filter::default() };
//! assert!(filter.incident_types.contains(&Rsit::Phishing));
//! assert_eq!(types_named("fraud/phishing")?.len(), 1);
//! # Ok::<(), chappe_model::RsitError>(())
//! ```

mod filter;
mod looks;
mod mine;
mod period;
mod see;
mod sought;
#[cfg(test)]
mod tests;

pub use filter::{FILTER_COUNTRIES, FILTER_TYPES, FILTER_VALUES, Filter, types_named};
pub use looks::{LOOKS, Looks};
pub use mine::{Hit, hits, indicators_named};
pub use period::{Period, span};
pub use see::{may_see, may_see_incident};
pub use sought::Sought;
