//! The metrics of connections. None bears a member.

use metrics::{Unit, describe_counter, describe_gauge};

pub(crate) const HANDSHAKES: &str = "chappe_tls_handshakes_total";
pub(crate) const RELOADS: &str = "chappe_tls_reloads_total";
pub(crate) const CONNECTIONS: &str = "chappe_tls_connections";
pub(crate) const CLOSED: &str = "chappe_tls_closed_total";
pub(crate) const WRONG_FILES: &str = "chappe_tls_wrong_files";
pub(crate) const SERVER_SECONDS: &str = "chappe_tls_server_certificate_seconds";
pub(crate) const LIST_SECONDS: &str = "chappe_tls_revocation_list_seconds";

/// The label of [`HANDSHAKES`]: accepted, refused (the certificate), failed (anything else), late, crowded (too many of one
/// address under way).
/// And of [`RELOADS`]: changed, failed.
pub(crate) const OUTCOME: &str = "outcome";

/// Tells the recorder in force what each metric means. Call it once, after installing the recorder.
pub fn describe_metrics() {
    describe_counter!(HANDSHAKES, "TLS handshakes ended, by outcome");
    describe_counter!(RELOADS, "Times that changed certificate files were read, by outcome");
    describe_gauge!(CONNECTIONS, "Open connections with a client certificate");
    describe_counter!(
        CLOSED,
        "Connections closed because their certificate is not accepted any more"
    );
    describe_gauge!(
        WRONG_FILES,
        "Files of members that cannot be used as they are; the log names them"
    );
    describe_gauge!(SERVER_SECONDS, Unit::Seconds, "Until the server's certificate expires");
    describe_gauge!(
        LIST_SECONDS,
        Unit::Seconds,
        "Until the first of the members' revocation lists expires, from when on its member is refused"
    );
}
