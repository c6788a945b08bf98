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
use crate::wanted::Wanted;

/// Most indicators and networks of one hunt.
const MOST: usize = 100_000;
/// Faults that are told one by one; further ones are counted.
const FAULTS: usize = 20;

/// What is looked for, each once; mail addresses last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(super) wanted: Vec<Wanted>,
    /// What could not be read: where, and why.
    pub(super) faults: Vec<String>,
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
    let (found, faults) = match &mapping {
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
    Ok(List { wanted, faults })
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

/// An indicator or network a line; `#` begins a remark.
fn lines(name: &str, bytes: &[u8]) -> Result<(Vec<Wanted>, Vec<String>)> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        bail!("{name} is no text in UTF-8");
    };
    let (mut found, mut faults) = (Vec::new(), Faults::default());
    for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match Wanted::exact(text) {
            Ok(wanted) => found.push(wanted),
            Err(why) => faults.note(format!("{name}:{line}: {why}")),
        }
    }
    Ok((found, faults.told()))
}

/// The indicators of all reports, whatever else they say.
fn reports(name: &str, bytes: &[u8], mapping: Option<&Mapping>) -> (Vec<Wanted>, Vec<String>) {
    let content = reading::read(name, bytes, mapping, &FillArgs::default());
    let (mut found, mut faults) = (Vec::new(), Faults::default());
    content
        .faults
        .iter()
        .for_each(|fault| faults.note(format!("{name}: {fault}")));
    for report in &content.reports {
        let mut bad = Violations::default();
        let indicators = report.indicators.iter().enumerate();
        let indicators =
            indicators.filter_map(|(i, wire)| incident::indicator(&mut bad, &format!("indicators[{i}]"), wire));
        found.extend(indicators.map(|indicator: Indicator| Wanted::Value(indicator)));
        for fault in bad.into_vec() {
            faults.note(format!(
                "{name}: {}: {}: {}",
                report.report_key, fault.field, fault.description
            ));
        }
    }
    (found, faults.told())
}

/// The first faults, and how many more there are.
#[derive(Debug, Default)]
struct Faults {
    told: Vec<String>,
    more: usize,
}

impl Faults {
    fn note(&mut self, fault: String) {
        match self.told.len() {
            FAULTS.. => self.more += 1,
            _ => self.told.push(fault),
        }
    }

    fn told(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told.push(format!("and {} more that could not be read", self.more));
        }
        self.told
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
        let text = "\u{feff}# seen in March\nbad[.]example\r\n\n192.0.2.0/24\nevil\nmd5:xyz\n";
        let (found, faults) = lines("list.txt", text.as_bytes()).unwrap();
        assert_eq!(texts(&found), ["domain:bad.example", "network:192.0.2.0/24"]);
        assert!(faults[0].starts_with("list.txt:5: "), "{faults:?}");
        assert!(faults[1].starts_with("list.txt:6: md5 "), "{faults:?}");
        assert!(lines("list.txt", &[0xff]).is_err());
    }

    #[test]
    fn so_many_faults_are_told_and_the_rest_counted() {
        let text = "evil\n".repeat(FAULTS + 7);
        let (_, faults) = lines("list.txt", text.as_bytes()).unwrap();
        assert_eq!(faults.len(), FAULTS + 1);
        assert_eq!(faults[FAULTS], "and 7 more that could not be read");
    }

    #[test]
    fn reports_of_other_formats_give_their_indicators() {
        let event =
            br#"{"Event": {"uuid": "5f0c7d1e-0000-4000-8000-000000000001", "timestamp": "1601564930", "info": "Wave",
            "Tag": [{"name": "tlp:green"}], "Attribute": [{"type": "domain", "value": "bad[.]example"}]}}"#;
        assert!(is_json(event) && !is_json(b"bad.example"));
        let (found, faults) = reports("wave.json", event, None);
        assert_eq!((texts(&found), faults), (vec!["domain:bad.example".to_owned()], vec![]));
        let (found, faults) = reports("wave.json", b"{\"Event\": ", None);
        assert!(found.is_empty() && faults[0].starts_with("wave.json: "), "{faults:?}");
    }
}
