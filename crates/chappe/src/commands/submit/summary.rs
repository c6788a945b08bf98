//! What became of each file, in words.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::reading::Content;
use crate::client::Outcome;
use crate::words::{count, plain};

/// Refused reports of a file that are listed; the rest is counted. All with --verbose.
const LISTED: usize = 10;
/// Receipts remembered to recognise a report sent twice in one run.
const REMEMBERED: usize = 1_000_000;

/// Totals over all files.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// Files.
    pub(crate) files: usize,
    /// Accepted.
    pub(crate) accepted: usize,
    /// Accepted before in the same run: the same receipt again.
    pub(crate) repeated: usize,
    /// Refused by the server.
    pub(crate) refused: usize,
    /// Without an answer.
    pub(crate) unanswered: usize,
    /// Files, events and reports that could not be read.
    pub(crate) unread: usize,
    receipts: HashSet<String>,
}

/// What became of the reports of one file.
#[derive(Debug, Default)]
pub(crate) struct FileResult {
    accepted: usize,
    repeated: usize,
    unanswered: usize,
    /// Report key and refusal.
    refused: Vec<String>,
    /// What the receipts say besides, each once.
    notes: Vec<String>,
}

impl FileResult {
    /// Notes an outcome.
    pub(crate) fn add(&mut self, report_key: &str, outcome: &Outcome, totals: &mut Totals) {
        match outcome {
            Outcome::Accepted(receipt) => {
                if !receipt.receipt_id.is_empty() && totals.receipts.contains(&receipt.receipt_id) {
                    self.repeated += 1;
                    return;
                }
                if totals.receipts.len() < REMEMBERED {
                    totals.receipts.insert(receipt.receipt_id.clone());
                }
                self.accepted += 1;
                for note in &receipt.notes {
                    let note = plain(note);
                    if !self.notes.contains(&note) && self.notes.len() < LISTED {
                        self.notes.push(note);
                    }
                }
            }
            Outcome::Refused(refusal) => {
                self.refused
                    .push(format!("{}: {}", plain(report_key), plain(&refusal.to_string())))
            }
            Outcome::Unanswered => self.unanswered += 1,
        }
    }

    /// Writes the file's paragraph, and adds it to the totals.
    pub(crate) fn write(
        &self,
        name: &str,
        content: &Content,
        how: How,
        totals: &mut Totals,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        totals.files += 1;
        totals.accepted += self.accepted;
        totals.repeated += self.repeated;
        totals.refused += self.refused.len();
        totals.unanswered += self.unanswered;
        totals.unread += content.faults.len();
        if how.json {
            return writeln!(out, "{}", self.in_json(name, content, how));
        }
        writeln!(out, "{}: {}", plain(name), self.headline(content, how))?;
        for fault in &content.faults {
            writeln!(out, "  because   {}", plain(fault))?;
        }
        for (reason, number) in content.skipped.iter().filter(|_| !how.verbose) {
            writeln!(out, "  skipped   {number} × {reason}")?;
        }
        for item in content.skipped_items.iter().filter(|_| how.verbose) {
            writeln!(out, "  skipped   {item}")?;
        }
        let listed = if how.verbose { self.refused.len() } else { LISTED };
        for refused in self.refused.iter().take(listed) {
            writeln!(out, "  refused   {refused}")?;
        }
        if self.refused.len() > listed {
            writeln!(
                out,
                "  refused   and {} more; --verbose lists them",
                self.refused.len() - listed
            )?;
        }
        for note in self.notes.iter().chain(&content.notes) {
            writeln!(out, "  note      {note}")?;
        }
        Ok(())
    }

    fn in_json(&self, name: &str, content: &Content, how: How) -> Value {
        json!({"file": name, "form": content.noun, "dry_run": how.dry_run,
            "accepted": self.accepted, "repeated": self.repeated, "unanswered": self.unanswered, "refused": self.refused,
            "not_read": content.faults, "items_read": content.items_read, "items_skipped": content.skipped,
            "skipped": if how.verbose { &content.skipped_items[..] } else { &[] },
            "notes": self.notes.iter().chain(&content.notes).collect::<Vec<_>>(),
        })
    }

    fn headline(&self, content: &Content, how: How) -> String {
        if content.reports.is_empty() && content.faults.len() == 1 {
            return "not read".to_owned();
        }
        let mut parts = Vec::new();
        let (noun, accepted) = (
            if content.noun.is_empty() {
                "report"
            } else {
                content.noun
            },
            if how.dry_run { "sound" } else { "accepted" },
        );
        parts.push(format!("{} {accepted}", self.accepted));
        for (n, word) in [
            (self.repeated, "repeated"),
            (self.refused.len(), "refused"),
            (self.unanswered, "unanswered"),
            (content.faults.len(), "not read"),
        ] {
            if n > 0 {
                parts.push(format!("{n} {word}"));
            }
        }
        let outcome = parts.join(", ");
        let total = count(content.reports.len() + content.faults.len(), noun);
        if !content.is_foreign {
            return format!("{total}: {outcome}");
        }
        let skipped: usize = content.skipped.values().sum();
        format!(
            "{total} ({} read, {skipped} skipped): {outcome}",
            count(content.items_read, "item")
        )
    }
}

/// How much is said, and of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// Everything.
    pub(crate) verbose: bool,
    /// For programs.
    pub(crate) json: bool,
    /// Nothing was stored.
    pub(crate) dry_run: bool,
}

impl Totals {
    /// Whether everything was accepted.
    pub(crate) fn is_whole(&self) -> bool {
        self.refused + self.unanswered + self.unread == 0
    }

    /// The last line, where there was more than one file.
    pub(crate) fn write(&self, how: How, out: &mut dyn Write) -> io::Result<()> {
        if how.json {
            let total = json!({"total": {"files": self.files, "dry_run": how.dry_run, "accepted": self.accepted,
                "repeated": self.repeated, "refused": self.refused, "unanswered": self.unanswered, "not_read": self.unread}});
            return writeln!(out, "{total}");
        }
        let word = if how.dry_run {
            "sound, nothing was stored"
        } else {
            "accepted"
        };
        write!(out, "{}: {} {word}", count(self.files, "file"), self.accepted)?;
        for (n, word) in [
            (self.repeated, "repeated"),
            (self.refused, "refused"),
            (self.unanswered, "unanswered"),
            (self.unread, "not read"),
        ] {
            if n > 0 {
                write!(out, ", {n} {word}")?;
            }
        }
        writeln!(out)
    }
}
