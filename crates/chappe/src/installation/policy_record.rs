//! Which policy is in force: the newest record of the `config` topic, unless the file says otherwise.

use bytes::Bytes;
use chappe_eventlog::{
    AppendError, EventLog, Position, ReadError, ReadLimit, Record, RecordKind, Topic, append_blocking,
};
use chappe_model::{Policy, RuleError, Timestamp};
use chappe_proto::incident::RecordError;
use chappe_proto::policy;

use crate::config::{Config, PolicySection, in_force};

/// Key of policy records.
const KEY: &[u8] = b"policy";

/// Why no policy can be in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The log cannot be read.
    #[error("cannot read the config topic")]
    Read(#[from] ReadError),
    /// The newest record is not understood.
    #[error("record {position} of the config topic")]
    Record {
        /// Which.
        position: Position,
        /// Why.
        source: RecordError,
    },
    /// The rules do not hold together.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The new record was not written.
    #[error("cannot append to the config topic")]
    Append(#[from] AppendError),
}

/// A policy, and since when it is in force by the log.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) policy: Policy,
    /// The stamp of its record; none where there is none yet.
    pub(crate) since: Option<Timestamp>,
}

/// The policy that would be in force after a start. A file without `[policy]` leaves rules, lateness and unmarked reports as recorded; the duty
/// officers are those of its members.
///
/// # Errors
/// When the log cannot be read, or the rules do not hold together.
pub(crate) fn planned(config: &Config, log: &dyn EventLog) -> Result<Planned, PolicyError> {
    let recorded = newest(log)?;
    let policy = match (&recorded, &config.policy) {
        (Some((_, recorded)), None) => {
            let mut wanted = recorded.clone();
            wanted.duty_officers = config.duty_officers();
            in_force(recorded, &wanted)?
        }
        (Some((_, recorded)), Some(section)) => in_force(recorded, &section.to_policy(config.duty_officers())?)?,
        (None, section) => {
            let section = section.clone().unwrap_or_else(PolicySection::default);
            section.to_policy(config.duty_officers())?
        }
    };
    let since = recorded
        .filter(|(_, recorded)| *recorded == policy)
        .map(|(since, _)| since);
    Ok(Planned { policy, since })
}

/// The policy in force. Where the file says otherwise than the newest record, a record with the next version is appended first, stamped `now`.
pub(super) fn establish(config: &Config, log: &dyn EventLog, now: Timestamp) -> Result<Policy, PolicyError> {
    let Planned { policy, since } = planned(config, log)?;
    if since.is_none() {
        let record = Record::data(now.as_millis(), Bytes::from_static(KEY), policy::encode(&policy).into());
        append_blocking(log, Topic::Config, 0, record)?;
    }
    Ok(policy)
}

/// The newest record and its stamp, if there is one. The topic is read from its start: it holds a record for each change of configuration.
fn newest(log: &dyn EventLog) -> Result<Option<(Timestamp, Policy)>, PolicyError> {
    let mut from = Position(0);
    let mut newest = None;
    loop {
        let records = log.read(Topic::Config, 0, from, ReadLimit::default())?;
        let Some((last, _)) = records.last() else { break };
        from = last.next();
        newest = records
            .into_iter()
            .rev()
            .find(|(_, record)| record.kind == RecordKind::Data && record.key == KEY)
            .or(newest);
    }
    let decode = |(position, record): (Position, Record)| {
        let decoded = policy::decode(&record.payload);
        let decoded = decoded.map_err(|source| PolicyError::Record { position, source })?;
        Ok((Timestamp::from_millis(record.stamp_ms), decoded))
    };
    newest.map(decode).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chappe_eventlog::MemoryLog;
    use std::path::Path;

    fn config(policy: &str, role: &str) -> Config {
        let digest = "00112233445566778899aabbccddeeff";
        let text = format!("[[members]]\nid = \"europol\"\nrole = \"{role}\"\ntoken-digest = \"{digest}\"\n{policy}");
        Config::parse(&text, Path::new("chappe.toml"), Path::new(".")).unwrap()
    }

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn the_record_is_in_force_until_the_file_says_otherwise() {
        let log = MemoryLog::new();
        let plain = config("", "duty-officer");
        let first = establish(&plain, &log, at(1)).unwrap();
        assert_eq!((first.version, first.lateness_ms), (1, 300_000));
        assert_eq!(establish(&plain, &log, at(2)).unwrap(), first);
        assert_eq!(
            log.end(Topic::Config, 0),
            Position(1),
            "an unchanged file appends nothing"
        );

        let stricter = establish(
            &config("[policy.cross-border]\ncountries = 4\n", "duty-officer"),
            &log,
            at(3),
        )
        .unwrap();
        assert_eq!((stricter.version, stricter.rules()[0].when.bounds.at_least), (2, 4));
        assert_eq!(
            establish(&plain, &log, at(4)).unwrap(),
            stricter,
            "a file without [policy] says nothing"
        );

        let nobody = establish(&config("", "hub"), &log, at(5)).unwrap();
        assert_eq!(
            (
                nobody.version,
                nobody.duty_officers.len(),
                nobody.rules()[0].when.bounds.at_least
            ),
            (3, 0, 4)
        );
        assert_eq!(log.end(Topic::Config, 0), Position(3));
        assert_eq!(
            log.read(Topic::Config, 0, Position(2), ReadLimit::default()).unwrap()[0]
                .1
                .stamp_ms,
            5_000
        );
    }

    #[test]
    fn rules_of_files_are_recorded_under_versions_and_go_with_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let rule = |domain: &str, timespan: &str| {
            format!(
                "title: T\nname: b\nlogsource: {{product: chappe}}\ndetection: {{s: {{domain|re: '{domain}'}}, condition: s}}\n---\n\
                 title: C\nname: own\ncorrelation: {{type: event_count, rules: [b], group-by: [sector], timespan: {timespan}, condition: {{gte: 2, lte: 9}}}}\n"
            )
        };
        let member = "[[members]]\nid = \"europol\"\ntoken-digest = \"00112233445566778899aabbccddeeff\"\n";
        let log = MemoryLog::new();
        let start = |second: u64, policy: &str| {
            let config = Config::parse(&format!("{member}{policy}"), Path::new("chappe.toml"), folder.path()).unwrap();
            let policy = establish(&config, &log, at(second)).unwrap();
            let own = policy
                .rules()
                .iter()
                .find(|rule| &*rule.id == "own")
                .map(|rule| rule.version);
            (policy.version, own)
        };
        let write = |text: String| std::fs::write(folder.path().join("own.yml"), text).unwrap();
        let files = "[policy]\nrules = [\"own.yml\"]\n";
        write(rule("^a.*[.]example$", "1h"));
        assert_eq!(start(1, files), (1, Some(1)));
        assert_eq!(
            start(2, files),
            (1, Some(1)),
            "an expression comes back from the log equal"
        );
        write(rule("^a.*[.]example$", "60m"));
        assert_eq!(start(3, files), (1, Some(1)), "the same written otherwise is the same");
        write(rule("^b.*[.]example$", "1h"));
        assert_eq!(start(4, files), (2, Some(2)), "an edited rule has its next version");
        assert_eq!(start(5, ""), (2, Some(2)), "a file without [policy] says nothing");
        assert_eq!(start(6, "[policy]\n"), (3, None), "a rule goes with its file");
    }

    #[test]
    fn a_record_of_a_newer_version_is_refused() {
        let log = MemoryLog::new();
        append_blocking(
            &log,
            Topic::Config,
            0,
            Record::data(1, Bytes::from_static(KEY), Bytes::from_static(&[0x08, 9])),
        )
        .unwrap();
        let error = establish(&config("", "hub"), &log, at(1)).unwrap_err();
        assert!(
            crate::installation::with_sources(&error).contains("upgrade"),
            "{error:?}"
        );
    }
}
