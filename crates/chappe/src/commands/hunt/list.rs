//! The list of what is looked for, from a text with one a line, or from a file of reports.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use chappe_exchange::Mapping;
use chappe_model::Indicator;
use chappe_proto::{Violations, incident};

use crate::cli::{FillArgs, HuntArgs};
use crate::commands::submit::reading;
use crate::commands::submit::source::Source;
use crate::rule_files::{NOT_UTF8, line_of};
use crate::wanted::Wanted;

/// Most indicators and networks of one hunt.
const MOST: usize = 100_000;
/// Faults that are told one by one; further ones are counted.
const FAULTS: usize = 20;

/// What is looked for, each once; mail addresses last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(super) wanted: Vec<Wanted>,
    /// What was not read: where, and why; at most so many, and how many more.
    pub(super) told: Vec<String>,
    /// How many lines, reports and values could not be read. What a format holds besides indicators is none of these.
    pub(super) unread: usize,
}

/// Reads the file that the arguments name.
///
/// # Errors
/// When it cannot be read, or names too much.
pub(super) fn read(args: &HuntArgs) -> Result<List> {
    let source = match args.file.as_path() {
        path if path == Path::new("-") => Source::Input,
        path => Source::File(path.to_owned()),
    };
    let name = source.name();
    let bytes = source.read().with_context(|| format!("cannot read {name}"))?;
    let mapping = args.mapping.as_deref().map(mapping).transpose()?;
    let (found, unread) = match &mapping {
        None if !is_json(&bytes) => lines(&name, &bytes)?,
        mapping => reports(&name, &bytes, mapping.as_ref()),
    };
    let widened = |wanted: Wanted| if args.below { wanted.widened() } else { wanted };
    let wanted: BTreeSet<Wanted> = found.into_iter().map(widened).collect();
    if wanted.len() > MOST {
        bail!(
            "{name} names {} indicators: at most {MOST}, hunt in parts",
            wanted.len()
        );
    }
    let mut wanted: Vec<Wanted> = wanted.into_iter().collect();
    wanted.sort_by_key(Wanted::is_disguised);
    Ok(List {
        wanted,
        unread: unread.count,
        told: unread.told(),
    })
}

fn mapping(path: &Path) -> Result<Mapping> {
    let name = path.display().to_string();
    let bytes = Source::File(path.to_owned())
        .read()
        .with_context(|| format!("cannot read {name}"))?;
    Ok(Mapping::parse(&name, &bytes)?)
}

fn is_json(bytes: &[u8]) -> bool {
    let text = bytes
        .strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(bytes)
        .trim_ascii_start();
    matches!(text.first(), Some(b'{' | b'['))
}

/// An indicator or network a line; `#` begins a remark, behind one with a space before it, for it may stand in a URL.
fn lines(name: &str, bytes: &[u8]) -> Result<(Vec<Wanted>, Unread)> {
    let text = match String::from_utf8(bytes.to_owned()) {
        Ok(text) => text,
        Err(error) => bail!("{name}:{}: {NOT_UTF8}", line_of(&error)),
    };
    let (mut found, mut unread) = (Vec::new(), Unread::default());
    for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let remark = text.find(" #").or_else(|| text.find("\t#"));
        let text = remark.map_or(text, |begins| &text[..begins]).trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match Wanted::exact(text) {
            Ok(wanted) => found.push(wanted),
            Err(why) => unread.note(format!("{name}:{line}: {why}")),
        }
    }
    Ok((found, unread))
}

/// The indicators of all reports, whatever else they say.
fn reports(name: &str, bytes: &[u8], mapping: Option<&Mapping>) -> (Vec<Wanted>, Unread) {
    let mut content = reading::read(name, bytes, mapping, &FillArgs::default());
    let (mut found, mut unread) = (Vec::new(), Unread::default());
    content
        .faults
        .iter()
        .for_each(|fault| unread.note(format!("{name}: {fault}")));
    for report in &content.reports {
        let mut bad = Violations::default();
        let indicators = report.indicators.iter().enumerate();
        let indicators =
            indicators.filter_map(|(i, wire)| incident::indicator(&mut bad, &format!("indicators[{i}]"), wire));
        found.extend(indicators.map(|indicator: Indicator| Wanted::Value(indicator)));
        for fault in bad.into_vec() {
            unread.note(format!(
                "{name}: {}: {}: {}",
                report.report_key, fault.field, fault.description
            ));
        }
    }
    // Nobody is told what is looked for: what may not be reported with the rest is looked for all the same.
    for withheld in std::mem::take(&mut content.withheld) {
        found.extend(withheld.indicators.into_iter().map(Wanted::Value));
        let count = content.skipped.get_mut(&withheld.reason);
        count.into_iter().for_each(|count| *count = count.saturating_sub(1));
    }
    for (reason, count) in content.skipped.iter().filter(|(_, count)| **count > 0) {
        unread.besides.push(format!("{name}: {count} not looked for: {reason}"));
    }
    (found, unread)
}

/// What was not read.
#[derive(Debug, Default)]
struct Unread {
    /// Of what could not be, the first.
    first: Vec<String>,
    count: usize,
    /// What a format holds that is no indicator, by reason.
    besides: Vec<String>,
}

impl Unread {
    fn note(&mut self, fault: String) {
        self.count += 1;
        if self.first.len() < FAULTS {
            self.first.push(fault);
        }
    }

    fn told(self) -> Vec<String> {
        let more = self.count - self.first.len();
        let more = (more > 0).then(|| format!("and {more} more that could not be read"));
        self.first.into_iter().chain(more).chain(self.besides).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn texts(wanted: &[Wanted]) -> Vec<String> {
        wanted.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_text_is_read_line_by_line_and_a_bad_line_spoils_no_other() {
        let text = "\u{feff}# seen in March\nbad[.]example # office\r\n\n192.0.2.0/24\t# theirs\nevil\nmd5:xyz\n";
        let (found, unread) = lines("list.txt", text.as_bytes()).unwrap();
        let faults = unread.told();
        assert_eq!(texts(&found), ["domain:bad.example", "network:192.0.2.0/24"]);
        assert!(faults[0].starts_with("list.txt:5: "), "{faults:?}");
        assert!(faults[1].starts_with("list.txt:6: md5 "), "{faults:?}");
        assert!(lines("list.txt", &[0xff]).is_err());
    }

    #[test]
    fn so_many_faults_are_told_and_the_rest_counted() {
        let text = "evil\n".repeat(FAULTS + 7);
        let (_, unread) = lines("list.txt", text.as_bytes()).unwrap();
        assert_eq!(unread.count, FAULTS + 7);
        let faults = unread.told();
        assert_eq!(faults.len(), FAULTS + 1);
        assert_eq!(faults[FAULTS], "and 7 more that could not be read");
    }

    /// An event with attributes of which two may not be reported with the rest.
    fn stricter() -> Vec<u8> {
        let text = r#"{"Event": {"uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": "1601564930", "info": "Wave",
            "Tag": [{"name": "tlp:green"}], "distribution": "3", "Attribute": [
                {"type": "domain", "value": "bad[.]example"}, {"type": "comment", "value": "by mail"},
                {"type": "ip-dst", "value": "203.0.113.9", "Tag": [{"name": "tlp:red"}]},
                {"type": "ip-dst", "value": "203.0.113.10", "distribution": "0"}]}}"#;
        text.as_bytes().to_vec()
    }

    #[test]
    fn reports_of_other_formats_give_their_indicators() {
        let event =
            br#"{"Event": {"uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": "1601564930", "info": "Wave",
            "Tag": [{"name": "tlp:green"}], "Attribute": [{"type": "domain", "value": "bad[.]example"}, {"type": "comment", "value": "by mail"}]}}"#;
        assert!(is_json(event) && !is_json(b"bad.example"));
        let (found, unread) = reports("wave.json", event, None);
        assert_eq!(
            (texts(&found), unread.count),
            (vec!["domain:bad.example".to_owned()], 0)
        );
        assert!(unread.told()[0].starts_with("wave.json: 1 not looked for: "));
        let (found, unread) = reports("wave.json", &stricter(), None);
        assert_eq!(
            texts(&found),
            ["domain:bad.example", "ip:203.0.113.9", "ip:203.0.113.10"]
        );
        let told = unread.told();
        assert_eq!(
            (told.len(), told[0].contains("not an indicator type")),
            (1, true),
            "{told:?}"
        );
        let (found, unread) = reports("wave.json", b"{\"Event\": ", None);
        let faults = unread.told();
        assert!(found.is_empty() && faults[0].starts_with("wave.json: "), "{faults:?}");
    }
}
