//! Every key that `chappe.toml` takes: in which unit, which values, and what it means. Its tests hold it against what is read.

/// A key of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// Where it stands, such as `policy.urgent.quota`; those of a member as `members.id`.
    pub(crate) path: &'static str,
    /// What its number counts; empty where it is none.
    pub(crate) unit: &'static str,
    /// The values that are allowed.
    pub(crate) takes: &'static str,
    /// What it means, in one line.
    pub(crate) says: &'static str,
}

impl Key {
    /// The values that are allowed, and what a number of them counts.
    pub(crate) fn values(&self) -> String {
        let space = if self.unit.is_empty() { "" } else { " " };
        format!("{}{space}{}", self.takes, self.unit)
    }
}

const fn key(path: &'static str, unit: &'static str, takes: &'static str, says: &'static str) -> Key {
    Key {
        path,
        unit,
        takes,
        says,
    }
}

/// In the order of the file that `chappe init` writes.
pub(crate) const KEYS: &[Key] = &[
    key(
        "listen",
        "",
        "an address with a port; of loopback where there is no [tls]",
        "where gRPC is served",
    ),
    key(
        "metrics",
        "",
        "a loopback address with a port",
        "where metrics are served for Prometheus",
    ),
    key(
        "metrics-allow",
        "",
        "networks, such as [\"172.31.7.0/24\"], at most 16",
        "that may ask for metrics from elsewhere",
    ),
    key(
        "data",
        "",
        "a folder, relative to the file's",
        "holds the log, snapshots and the secret",
    ),
    key(
        "shards",
        "threads",
        "1 to 64",
        "that share the keys of reports; by default one for each core",
    ),
    key(
        "instance",
        "",
        "a name of 1 to 100 bytes",
        "this process's name among those that share a log",
    ),
    key(
        "memory-mib",
        "MiB",
        "64 to 1048576",
        "memory for reports that may still be revised",
    ),
    key(
        "policy.lateness-seconds",
        "seconds",
        "0 to 86400",
        "how long after its window a report may still be revised",
    ),
    key(
        "policy.link-campaigns",
        "",
        "true or false",
        "incidents are linked into campaigns",
    ),
    key(
        "policy.unmarked-as-red",
        "",
        "ids of members",
        "whose reports without a label are taken as TLP:RED; others' are refused",
    ),
    key(
        "policy.rules",
        "",
        "names of files, * and ? in the last part",
        "rules of your own",
    ),
    key(
        "policy.warning-lists",
        "",
        "names of files and folders",
        "values that link nothing",
    ),
    key(
        "policy.cross-border.countries",
        "countries",
        "1 to 4294967295",
        "that the same indicator must be attested in",
    ),
    key(
        "policy.cross-border.window-hours",
        "hours",
        "1 to 2160",
        "within which it must be",
    ),
    key(
        "policy.cross-border-critical-sector.countries",
        "countries",
        "1 to 4294967295",
        "that the same indicator must be attested in, in one critical sector",
    ),
    key(
        "policy.cross-border-critical-sector.window-hours",
        "hours",
        "1 to 2160",
        "within which it must be",
    ),
    key(
        "policy.urgent.quota",
        "alerts",
        "0 to 4294967295",
        "of one reporter and window that go out at once; the rest waits for a person",
    ),
    key(
        "policy.urgent.window-hours",
        "hours",
        "1 to 2160",
        "over which the quota counts",
    ),
    key(
        "policy.surge.bin",
        "",
        "\"hour\", \"day\" or \"week\"",
        "how long each count of reports is",
    ),
    key(
        "policy.surge.false-alarms-per-year",
        "alerts",
        "1 to 1000",
        "a year that come for no reason, over all series together",
    ),
    key(
        "policy.cascade.reports",
        "reports",
        "1 to 100",
        "on a sector and country from which it counts as hit",
    ),
    key(
        "policy.cascade.members",
        "members",
        "2 to 100",
        "that must stand behind them",
    ),
    key(
        "policy.cascade.window-hours",
        "hours",
        "1 to 336",
        "within which they must come",
    ),
    key(
        "policy.cascade.least-severity",
        "",
        "\"info\", \"low\", \"medium\", \"high\" or \"critical\"",
        "from which a report counts",
    ),
    key(
        "policy.cascade.dependencies",
        "",
        "a file, relative to the file's folder",
        "what depends on what, instead of the built-in table",
    ),
    key(
        "quotas.reports-per-second",
        "reports",
        "1 to 4294967295",
        "a second that one member may send",
    ),
    key(
        "quotas.burst",
        "reports",
        "1 to 4294967295",
        "that one member may send at once after a pause",
    ),
    key(
        "quotas.in-flight",
        "reports",
        "at least 1",
        "that all members together may have under way, not yet durable",
    ),
    key(
        "quotas.in-flight-per-member",
        "reports",
        "at least 1",
        "that one member may have under way, not yet durable",
    ),
    key(
        "tls.trust-domain",
        "",
        "1 to 255 of a-z, 0-9, '.', '-' and '_'",
        "the installation's name in members' certificates",
    ),
    key(
        "tls.folder",
        "",
        "a folder, relative to the file's",
        "holds the members' authorities and the server's certificate",
    ),
    key(
        "tls.certificate",
        "",
        "the name of a file in PEM",
        "the server's certificate",
    ),
    key("tls.key", "", "the name of a file in PEM", "its private key"),
    key(
        "tls.tokens",
        "",
        "true or false",
        "connections without a certificate are taken, to name themselves by token",
    ),
    key(
        "taxii.listen",
        "",
        "a loopback address with a port",
        "where TAXII 2.1 is served; without the table nowhere",
    ),
    key(
        "kafka.brokers",
        "",
        "addresses, each host:port",
        "brokers to begin with",
    ),
    key(
        "kafka.topic-prefix",
        "",
        "1 to 200 of letters, digits, '.', '_' and '-'",
        "what topics' names begin with: one prefix is one installation",
    ),
    key(
        "kafka.partitions",
        "partitions",
        "1 to 1024",
        "of the incidents; fixed once the topics are there",
    ),
    key("kafka.replication", "brokers", "1 to 9", "that each record is kept on"),
    key(
        "kafka.plain-text",
        "",
        "true or false",
        "reports may travel to other machines without TLS",
    ),
    key(
        "kafka.tls.ca",
        "",
        "a file in PEM",
        "authorities that may sign for brokers; without it the system's",
    ),
    key(
        "kafka.tls.certificate",
        "",
        "a file in PEM",
        "this process's certificate",
    ),
    key("kafka.tls.key", "", "a file in PEM", "its private key"),
    key(
        "kafka.sasl.mechanism",
        "",
        "\"PLAIN\", \"SCRAM-SHA-256\" or \"SCRAM-SHA-512\"",
        "how the password is proved",
    ),
    key("kafka.sasl.user", "", "a name", "this process among the brokers' users"),
    key(
        "kafka.sasl.password-file",
        "",
        "a file, relative to the file's folder",
        "holds the password",
    ),
    key("members.id", "", "1 to 64 of a-z, 0-9 and '-'", "the member"),
    key(
        "members.country",
        "",
        "ISO 3166-1 alpha-2",
        "its country; bodies of the Union have none",
    ),
    key(
        "members.role",
        "",
        "\"member\", \"hub\" or \"duty-officer\"",
        "what it is told of",
    ),
    key(
        "members.token-digest",
        "",
        "32 lower-case hexadecimal digits",
        "digest of its token; 'chappe token' makes both",
    ),
];

/// The key of a path.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The keys that the reader takes in a table, by its own word.
    fn taken(table: &str) -> Vec<String> {
        let header = if table.is_empty() {
            String::new()
        } else {
            format!("[{table}]\n")
        };
        let text = format!("{header}zzzz = 1\n").replace("[members]", "[[members]]");
        let said = crate::Config::parse(&text, Path::new("chappe.toml"), Path::new(".")).unwrap_err();
        let said = said.to_string();
        let (_, names) = said.lines().next().unwrap().split_once("here may stand ").unwrap();
        names.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn what_is_read_is_described_and_nothing_else() {
        let mut tables = vec![String::new()];
        let mut read = Vec::new();
        while let Some(table) = tables.pop() {
            for name in taken(&table) {
                let path = if table.is_empty() {
                    name
                } else {
                    format!("{table}.{name}")
                };
                match KEYS.iter().any(|key| key.path.starts_with(&format!("{path}."))) {
                    true => tables.push(path),
                    false => read.push(path),
                }
            }
        }
        let mut described: Vec<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
        read.sort();
        described.sort();
        assert_eq!(
            read, described,
            "keys.rs has a line for each key that file.rs and its neighbours read"
        );
    }
}
