//! Alerts in the log and as their recipients see them.

mod campaign;
mod cascade;
mod record;
mod shown;
mod surge;

pub use campaign::link_to_wire;
pub use record::{ALERT_FORMAT, AlertsMark, Claim, decode, decode_mark, encode, encode_claim, encode_mark};
pub use shown::{evidence_to_wire, kind_from_wire, kind_to_wire, severity_at_least, to_wire};
