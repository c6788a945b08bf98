//! The shared input: made by `benches/peers/input.py`, which every engine reads, and its variants that are made here.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fastrand::Rng;
use serde::Serialize;

use crate::made;

/// Countries of the input: the 27 members of the Union.
pub(crate) const COUNTRIES: [&str; 27] = [
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
    "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
];
/// Types of the input, each with the RSIT type that a report of it has.
pub(crate) const TYPES: [(&str, &str); 12] = [
    ("phish", "fraud/phishing"),
    (
        "ransom",
        "information-content-security/unauthorised-information-modification",
    ),
    ("bec", "fraud/masquerade"),
    ("ddos", "availability/ddos"),
    ("skim", "fraud/unauthorised-use-of-resources"),
    ("malware", "malicious-code/malware-distribution"),
    ("intrusion", "intrusions/system-compromise"),
    ("fraud", "fraud/copyright"),
    ("csam", "abusive-content/violence"),
    ("botnet", "malicious-code/c2-server"),
    ("leak", "information-content-security/data-leak"),
    ("scam", "information-gathering/social-engineering"),
];
/// Indicators that may be drawn.
const POSSIBLE: u32 = 1_000_000;
/// Seed of the indicators that are drawn here.
const SEED: u64 = 0x5eed_0c09;

/// How an input is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Draw {
    pub(crate) rows: usize,
    pub(crate) seed: u32,
    /// Of Zipf's law over the indicators.
    pub(crate) exponent: f64,
}

impl Draw {
    /// The one whose checksums are known, with so many rows.
    pub(crate) fn shared(rows: usize) -> Self {
        Self {
            rows,
            seed: 7,
            exponent: 1.1,
        }
    }

    /// The file, made unless it is there.
    pub(crate) fn file(&self, root: &Path, folder: &Path) -> Result<PathBuf> {
        let name = format!("input-{}-{}-{}.csv", self.rows, self.seed, self.exponent);
        let file = folder.join(name);
        made::once(&file, |unfinished| {
            let mut command = made::python(&root.join("benches/peers/input.py"));
            command
                .args([self.rows.to_string(), self.seed.to_string(), self.exponent.to_string()])
                .arg(unfinished);
            command
        })?;
        Ok(file)
    }
}

/// Rows in memory, by column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// Milliseconds, rising.
    pub(crate) time: Vec<u64>,
    /// The number in the indicator's name, see [`indicator`].
    pub(crate) indicator: Vec<u32>,
    /// Place in [`COUNTRIES`].
    pub(crate) country: Vec<u8>,
    /// Place in [`TYPES`].
    pub(crate) kind: Vec<u8>,
}

/// The indicator of a number.
pub(crate) fn indicator(number: u32) -> String {
    format!("host{number:08x}.example.eu")
}

impl Rows {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let mut rows = Self::default();
        for (number, line) in text.lines().enumerate() {
            rows.push(line)
                .with_context(|| format!("{}, line {}: not a row of the input", file.display(), number + 1))?;
        }
        Ok(rows)
    }

    fn push(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split(',');
        let (time, name) = (fields.next()?.parse().ok()?, fields.next()?);
        let number = name.strip_prefix("host")?.strip_suffix(".example.eu")?;
        let number = u32::from_str_radix(number, 16).ok()?;
        let country = fields.next()?;
        let country = COUNTRIES.iter().position(|known| *known == country)?;
        let kind = fields.next()?;
        let kind = TYPES.iter().position(|(known, _)| *known == kind)?;
        self.time.push(time);
        self.indicator.push(number);
        self.country.push(u8::try_from(country).ok()?);
        self.kind.push(u8::try_from(kind).ok()?);
        Some(())
    }

    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// The same rows, every one on the same indicator.
    pub(crate) fn on_one_indicator(&self) -> Self {
        Self {
            indicator: vec![0; self.len()],
            ..self.clone()
        }
    }

    /// The same rows, every indicator as likely as any other.
    pub(crate) fn on_any_indicator(&self) -> Self {
        let mut random = Rng::with_seed(SEED);
        Self {
            indicator: (0..self.len()).map(|_| random.u32(..POSSIBLE)).collect(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_row_is_read_and_its_indicator_is_written_back() {
        let mut rows = Rows::default();
        rows.push("1700000000147,host5821609c.example.eu,LU,intrusion").unwrap();
        assert_eq!(rows.time, [1_700_000_000_147]);
        assert_eq!(indicator(rows.indicator[0]), "host5821609c.example.eu");
        assert_eq!(COUNTRIES[usize::from(rows.country[0])], "LU");
        assert_eq!(TYPES[usize::from(rows.kind[0])].0, "intrusion");
        assert_eq!(rows.push("1,host1.example.eu,XX,scam"), None);
        assert_eq!(rows.len(), 1);
    }
}
