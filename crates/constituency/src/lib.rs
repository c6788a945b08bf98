//! Constituencies: what a member answers for (countries, sectors, networks, domains with all below them), and which of it a value concerns.
//!
//! - A [`Constituency`] is what is stated of one member: [`Entry`]s, none of them too broad to be anybody's.
//! - A [`Table`] is made of the constituencies of any number of members, and looks up a [`Subject`]: which entries it falls under, and who holds
//!   them.
//!
//! What it is not: it knows no alert and no handling rule. Who may be told what a value concerns is decided elsewhere.
//!
//! Invariants: a constituency is not empty and is within the bounds of `chappe_model::limits`; a look-up finds every entry that the subject falls
//! under and no other, a broader network or domain before a narrower one; that of an address or a name allocates nothing; a table is built once and never changes.
//!
//! # Example
//! ```
//! use chappe_constituency::{Constituency, Entry, EntryKind, Holder, Subject, Table};
//! let entries = [(EntryKind::Network, "192.0.2.0/24"), (EntryKind::Domain, "gv.at"), (EntryKind::Country, "AT")];
//! let entries: Result<Vec<Entry>, _> = entries.into_iter().map(|(kind, text)| Entry::parse(kind, text)).collect();
//! let austria = Constituency::new(entries?)?;
//! let table = Table::new([(Holder(7), &austria)]);
//!
//! let mut found = Vec::new();
//! let subject = Subject::of_indicator("url:https://www.bmi.gv.at/login").ok_or("names no host")?;
//! table.look_up(&subject, |entry, holders| found.push((entry.to_string(), holders.to_vec())));
//! assert_eq!(found, [("gv.at".to_owned(), vec![Holder(7)])]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod breadth;
mod entry;
mod stated;
mod subject;
mod table;
#[cfg(test)]
mod tests;

pub use breadth::TooBroad;
pub use entry::{Entry, EntryError, EntryKind, Suffix};
pub use stated::{Constituency, ConstituencyError};
pub use subject::Subject;
pub use table::{Found, Holder, Table};
