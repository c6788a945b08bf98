//! Incidents on the wire and in the log.

mod particulars;
mod record;
mod submission;

pub use record::{
    INCIDENT_FORMAT, RecordError, decode, encode, indicator_to_wire, kind_to_wire, marking_to_wire, to_wire,
};
pub(crate) use record::{pap_from_wire, pap_to_wire, severity_from_wire, severity_to_wire, tlp_from_wire, tlp_to_wire};
pub use submission::{Submission, indicator, parse};
