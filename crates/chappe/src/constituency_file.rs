//! Files of constituencies: what a member answers for, as TOML or CSV.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use chappe_constituency::{Constituency, Entry, EntryKind};
use chappe_proto::v1;
use serde::Deserialize;
use toml::Spanned;

use crate::config::{ConfigError, refuse_toml};
use crate::csv_place;
use crate::rule_files::{Unread, read_text};

/// Longest file, in bytes.
const FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Most faults that are told of one file; the rest is counted.
const TOLD_FAULTS: usize = 20;
/// The columns of a CSV file.
const COLUMNS: [&str; 2] = ["kind", "entry"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    #[serde(default)]
    countries: Vec<Spanned<String>>,
    #[serde(default)]
    sectors: Vec<Spanned<String>>,
    #[serde(default)]
    networks: Vec<Spanned<String>>,
    #[serde(default)]
    domains: Vec<Spanned<String>>,
}

/// Why a file of a constituency is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConstituencyFileError {
    /// It cannot be read.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// Lines of it are wrong.
    #[error(transparent)]
    Wrong(#[from] Faults),
}

/// What is wrong, line by line.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    told: Vec<ConfigError>,
    more: usize,
}

impl Faults {
    fn push(&mut self, fault: ConfigError) {
        if self.told.len() < TOLD_FAULTS {
            self.told.push(fault);
        } else {
            self.more += 1;
        }
    }

    fn or<T>(self, value: T) -> Result<T, Self> {
        if self.told.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.told.iter().enumerate() {
            write!(f, "{}{fault}", if i == 0 { "" } else { "\n" })?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// A text of a file, and where it stands.
struct Written<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Written<'_> {
    fn fault(&self, span: Option<Range<usize>>, message: impl Into<String>) -> ConfigError {
        ConfigError::at(self.path, self.text, span, message)
    }
}

/// The constituency of a file: CSV if its name ends so, else TOML.
///
/// # Errors
/// When it cannot be read; and every entry that is none or too broad, with its line and what to do.
pub(crate) fn read(path: &Path) -> Result<Constituency, ConstituencyFileError> {
    let text = read_text(path, FILE_BYTES)?;
    Ok(parse(&text, path)?)
}

/// The constituency of a text; the end of the path's name says which form it has.
///
/// # Errors
/// As [`read`], but for the file.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Constituency, Faults> {
    let written = Written { path, text };
    let is_csv = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let mut faults = Faults::default();
    let texts = match is_csv {
        true => from_csv(&written, &mut faults),
        false => from_toml(&written, &mut faults),
    };
    let (mut entries, mut spans) = (Vec::new(), Vec::new());
    for (kind, text, span) in texts {
        match Entry::parse(kind, &text) {
            Ok(entry) => {
                entries.push(entry);
                spans.push(span);
            }
            Err(error) => faults.push(written.fault(Some(span), error.to_string())),
        }
    }
    for (place, why) in Constituency::too_broad(&entries) {
        faults.push(written.fault(spans.get(place).cloned(), why.to_string()));
    }
    Constituency::new(faults.or(entries)?).map_err(|error| {
        let mut faults = Faults::default();
        faults.push(written.fault(None, error.to_string()));
        faults
    })
}

type Texts = Vec<(EntryKind, String, Range<usize>)>;

fn from_toml(written: &Written<'_>, faults: &mut Faults) -> Texts {
    let lists: Lists = match toml::from_str(written.text) {
        Ok(lists) => lists,
        Err(error) => {
            faults.push(refuse_toml(written.path, written.text, &error));
            return Texts::new();
        }
    };
    let lists = [
        (EntryKind::Country, lists.countries),
        (EntryKind::Sector, lists.sectors),
        (EntryKind::Network, lists.networks),
        (EntryKind::Domain, lists.domains),
    ];
    let of_list = |(kind, list): (EntryKind, Vec<Spanned<String>>)| {
        list.into_iter().map(move |text| {
            let span = text.span();
            (kind, text.into_inner(), span)
        })
    };
    lists.into_iter().flat_map(of_list).collect()
}

fn from_csv(written: &Written<'_>, faults: &mut Faults) -> Texts {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(written.text.as_bytes());
    if !reader.headers().is_ok_and(|headers| headers == COLUMNS[..]) {
        let columns = COLUMNS.join(",");
        faults.push(written.fault(None, format!("the first line must be {columns}")));
        return Texts::new();
    }
    let mut texts = Texts::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let span = error.position().map(|position| span(written.text, position));
                faults.push(written.fault(span, "not two fields: write kind,entry, such as network,192.0.2.0/24"));
                continue;
            }
        };
        let span = record
            .position()
            .map(|position| span(written.text, position))
            .unwrap_or_default();
        match record.get(0).unwrap_or_default().parse::<EntryKind>() {
            Ok(kind) => texts.push((kind, record.get(1).unwrap_or_default().to_owned(), span)),
            Err(error) => faults.push(written.fault(Some(span), error.to_string())),
        }
    }
    texts
}

fn span(text: &str, position: &csv::Position) -> Range<usize> {
    let at = csv_place::begins(text, position, Some('#'));
    at..at
}

/// The file that says what is on the wire: read, it gives the same.
pub(crate) fn write(constituency: &v1::Constituency) -> String {
    let lists = [
        ("countries", &constituency.countries),
        ("sectors", &constituency.sectors),
        ("networks", &constituency.networks),
        ("domains", &constituency.domains),
    ];
    let list = |(name, texts): (&str, &Vec<String>)| {
        // Canonical texts hold no quotation mark; a server that is not ours may say anything.
        let quoted = texts
            .iter()
            .map(|text| format!("    {},\n", toml::Value::from(text.as_str())));
        format!("{name} = [\n{}]\n", quoted.collect::<String>())
    };
    lists
        .into_iter()
        .filter(|(_, texts)| !texts.is_empty())
        .map(list)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, name: &str) -> String {
        parse(text, Path::new(name)).unwrap_err().to_string()
    }

    #[test]
    fn both_forms_say_the_same_and_what_is_shown_is_read_back() {
        let toml = "# Austria\ncountries = [\"AT\"]\nsectors = [\"energy\"]\nnetworks = [\"192.0.2.0/24\", \"2001:db8::/32\"]\ndomains = [\"gv.at\"]\n";
        let csv = "kind,entry\n# Austria\ndomain, GV.at\nnetwork,192.0.2.0/24\ncountry,at\nnetwork,2001:db8::/32\nsector,energy\n";
        let one = parse(toml, Path::new("a.toml")).unwrap();
        assert_eq!(one, parse(csv, Path::new("a.CSV")).unwrap());
        let shown = write(&chappe_proto::constituency::to_wire(&one));
        assert_eq!(parse(&shown, Path::new("shown")).unwrap(), one);
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_what_to_do() {
        let toml = "countries = [\"AT\"]\nnetworks = [\n  \"192.0.2.7/24\",\n  \"192.0.2.0/24\",\n]\ndomains = [\"*.gv.at\"]\n";
        let told = refused(toml, "a.toml");
        assert!(
            told.contains("a.toml:3:3: ") && told.contains("write 192.0.2.0/24"),
            "{told}"
        );
        assert!(
            told.contains("a.toml:6:12: ") && told.contains("write 'gv.at'"),
            "{told}"
        );
        let told = refused(
            "domains = [\n \"bank.at\",\n \"gv.at\"]\nnetworks = [\"::/0\"]\n",
            "a.toml",
        );
        assert!(told.contains("a.toml:3:2: 'gv.at' is a public suffix"), "{told}");
        assert!(told.contains("a.toml:4:13: ::/0 is too broad"), "{told}");
        let csv = "kind,entry\ncountry,AT\nasn,AS64500\nnetwork\ndomain,bank.at\n";
        let told = refused(csv, "a.csv");
        assert!(told.contains("a.csv:3:1: 'asn' is no kind of entry"), "{told}");
        assert!(told.contains("a.csv:4:1: not two fields"), "{told}");
        for text in [
            "kind,entry\r\ncountry,AT\r\ndomain,*.at\r\n",
            "kind,entry\n# Austria\ndomain,*.at\n",
            "kind,entry\n\ndomain,*.at\n",
        ] {
            let told = refused(text, "a.csv");
            assert!(told.contains("a.csv:3:1: ") && told.contains("'*.at'"), "{told}");
        }
        let told = refused("kind,entry\ndomain,*.at\ndomain,co.uk\n", "a.csv");
        assert!(told.contains("a.csv:2:1: ") && told.contains("a.csv:3:1: "), "{told}");
        assert!(refused("AT\n", "a.csv").contains("the first line must be kind,entry"));
        assert!(refused("asns = [64500]\n", "a.toml").contains("a.toml:1:1: unknown field `asns`"));
        assert!(refused("", "a.toml").contains("an empty constituency"));
        let many: String = (0..30).map(|i| format!("domain,*.n{i}.at\n")).collect();
        let told = refused(&format!("kind,entry\n{many}"), "a.csv");
        assert!(told.ends_with("and 10 more"), "{told}");
    }
}
