//! The contracts of `proto/chappe/v1` as Rust, and the conversions between them and the model.
//!
//! - [`v1`] is generated: messages, clients and servers.
//! - [`incident`] takes a submitted message apart and reports *every* violation with its field path, and puts stored incidents together again.
//! - [`alert`], [`constituency`], [`decision`], [`policy`], [`pulse`] and [`surge`] convert what stands in the log, and what recipients see of it.
//! - [`status`] and [`invalid_argument`] turn refusals into gRPC statuses with typed details (google.rpc.BadRequest, RetryInfo, ErrorInfo).
//!
//! What it is not: a service. Nothing here does I/O.
//!
//! Invariants: wire types stop at this crate, the model never sees one; what was encoded into the log decodes to an equal value; decoding
//! outside bytes never panics.
//!
//! # Example
//! ```
//! use chappe_model::Timestamp;
//! use chappe_proto::{incident, v1};
//! let empty = v1::Incident::default();
//! let violations = incident::parse(&empty, Timestamp::from_millis(1_000)).unwrap_err();
//! assert!(violations.iter().any(|v| v.field == "incident.report_key"));
//! ```

pub mod alert;
pub mod constituency;
pub mod decision;
mod generated;
pub mod incident;
pub mod policy;
pub mod pulse;
pub mod status;
pub mod surge;
pub mod time;
mod violations;

pub use generated::{FILE_DESCRIPTOR_SET, v1};
pub use violations::{LISTED_VIOLATIONS, Violation, Violations, invalid_argument};
