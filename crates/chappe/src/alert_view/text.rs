//! Alerts in a terminal: what, where, how severe, who else is told, why, what to do.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use super::line::{SurgeBinLine, SurgeLine};
use super::{AlertLine, cascade};
use crate::words::{count, plain};

/// Alerts whose last revision is kept to say what changed; when full, all are forgotten and shown whole again.
const REMEMBERED: usize = 4_096;
/// Longest line, in characters, unless a single word is longer.
const WIDTH: usize = 110;
/// Counted values that a line shows; the rest is counted.
const SHOWN_VALUES: usize = 12;

/// Turns alert revisions into text. It remembers what it has shown, so that a change reads as one.
#[derive(Debug, Default)]
pub struct Renderer {
    shown: HashMap<String, AlertLine>,
}

impl Renderer {
    /// Nothing shown yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The text of a revision, several lines with a line break behind each: whole when new, else what changed.
    pub fn alert(&mut self, alert: &AlertLine) -> String {
        let text = match self.shown.get(&alert.id) {
            Some(before) => change(before, alert),
            None => whole(alert),
        };
        if self.shown.len() >= REMEMBERED && !self.shown.contains_key(&alert.id) {
            self.shown.clear();
        }
        self.shown.insert(alert.id.clone(), alert.clone());
        text
    }
}

fn whole(alert: &AlertLine) -> String {
    let news = match (alert.revision, alert.state) {
        (1, "retracted") => "retracted before it could hold",
        (1, _) => "new",
        _ => "",
    };
    let mut out = head(alert, news);
    line(&mut out, "what", &what(alert));
    line(&mut out, "where", &place(alert));
    line(&mut out, "yours", &yours(alert));
    line(&mut out, "behind it", &behind(alert));
    line(&mut out, "told", &told(alert));
    line(&mut out, "why", &why(alert));
    warned(&mut out, alert);
    line(&mut out, "seen", &seen(alert));
    judged(&mut out, alert);
    for (i, advice) in alert.advice.iter().enumerate() {
        line(&mut out, if i == 0 { "do" } else { "" }, &plain(advice));
    }
    line(&mut out, "handle as", &marking(alert));
    line(&mut out, "id", &identity(alert));
    out
}

fn change(before: &AlertLine, alert: &AlertLine) -> String {
    let mut out = head(alert, &changes(before, alert));
    line(&mut out, "what", &what(alert));
    if alert.state == "superseded" {
        line(&mut out, "see", &plain(&alert.superseded_by));
    }
    if before.audience != alert.audience
        || before.audience_countries != alert.audience_countries
        || before.held != alert.held
    {
        line(&mut out, "told", &told(alert));
    }
    if before.hits != alert.hits {
        line(&mut out, "yours", &yours(alert));
    }
    line(&mut out, "behind it", &behind(alert));
    warned(&mut out, alert);
    if before.decisions != alert.decisions {
        judged(&mut out, alert);
    }
    line(&mut out, "handle as", &marking(alert));
    line(&mut out, "id", &identity(alert));
    out
}

/// An alert on one line of a list, without a line break.
pub(crate) fn row(alert: &AlertLine) -> String {
    let judged = alert.decisions.last().map(|decision| format!("  {}", decision.verdict));
    format!(
        "{}  {:<8}  {:<12}  {:<9}  {}  {}  {}{}",
        moment(alert.revised_at_ms),
        alert.severity,
        alert.kind,
        alert.state,
        plain(&alert.id),
        what(alert),
        place(alert),
        judged.unwrap_or_default()
    )
}

/// What members judged of it, a line each.
fn judged(out: &mut String, alert: &AlertLine) {
    for decision in &alert.decisions {
        line(out, "judged", &decision.words());
    }
}

/// What of the viewer's own constituency it hits.
fn yours(alert: &AlertLine) -> String {
    let words: Vec<String> = alert
        .hits
        .iter()
        .take(SHOWN_VALUES)
        .map(|hit| hit.words(&alert.key))
        .collect();
    match alert.hits.len().saturating_sub(SHOWN_VALUES) {
        0 => words.join(", "),
        more => format!("{}, and {more} more", words.join(", ")),
    }
}

/// What a cascade warns, a line each.
fn warned(out: &mut String, alert: &AlertLine) {
    for warning in alert.why.cascade.iter().flat_map(|cascade| &cascade.warnings) {
        line(out, "warned", &warning.words());
    }
}

/// `12:04:31  CROSS-BORDER  high  new`
fn head(alert: &AlertLine, news: &str) -> String {
    let mut out = format!(
        "{}  {}  {}",
        clock(alert.revised_at_ms),
        alert.kind.to_uppercase(),
        alert.severity
    );
    let exercise = if alert.exercise { "EXERCISE" } else { "" };
    // A change of state stands among the news already.
    let state = if alert.state == "open" || news.contains(alert.state) {
        ""
    } else {
        alert.state
    };
    for part in [exercise, state, news] {
        if !part.is_empty() {
            let _ = write!(out, "  {part}"); // writing to a String cannot fail
        }
    }
    out.push('\n');
    out
}

/// A labelled text, wrapped between words under itself.
fn line(out: &mut String, label: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let mut row = format!("  {label:<9} ");
    let (indent, mut filled) = (row.chars().count(), false);
    for word in text.split(' ') {
        if filled && row.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{row}"); // writing to a String cannot fail
            row = " ".repeat(indent);
        }
        let _ = write!(row, " {word}"); // writing to a String cannot fail
        filled = true;
    }
    let _ = writeln!(out, "{row}"); // writing to a String cannot fail
}

fn what(alert: &AlertLine) -> String {
    let types = alert
        .incident_types
        .iter()
        .map(|t| plain(t))
        .collect::<Vec<_>>()
        .join(", ");
    let keys: Vec<String> = alert
        .key
        .iter()
        .map(|key| match key.field.as_str() {
            "indicator" => plain(&key.defanged),
            field => format!("{} {}", plain(field).replace('_', " "), plain(&key.defanged)),
        })
        .collect();
    let keys = keys.join(", ");
    if types.is_empty() {
        keys
    } else {
        format!("{keys} ({types})")
    }
}

fn place(alert: &AlertLine) -> String {
    let countries = if alert.countries.is_empty() {
        "no country attested".to_owned()
    } else {
        list(&alert.countries)
    };
    if alert.sectors.is_empty() {
        countries
    } else {
        format!("{countries}; sectors {}", list(&alert.sectors))
    }
}

fn behind(alert: &AlertLine) -> String {
    let mut out = format!(
        "{} by {}",
        count(alert.reports as usize, "report"),
        count(alert.members as usize, "member")
    );
    if alert.unlisted > 0 {
        let _ = write!(out, ", {} of them match-only", alert.unlisted); // writing to a String cannot fail
    }
    if alert.uncorroborated {
        out.push_str("; not confirmed by a second member");
    }
    out
}

fn told(alert: &AlertLine) -> String {
    let told = match alert.audience {
        "eu" => "every member".to_owned(),
        "countries" => format!("members of {}, and the hub", list(&alert.audience_countries)),
        "recipients" => format!("the named recipients only: {}", list(&alert.recipients)),
        "reporter" => "the reporter and the hub's duty officer only".to_owned(),
        other => other.to_owned(),
    };
    if alert.held {
        format!("{told}; held: over its reporter's quota, waits for a person at the hub")
    } else {
        told
    }
}

/// What stands out of what, of a surge.
fn surge(surge: &SurgeLine, condition: &str) -> String {
    let excess =
        |bin: &&SurgeBinLine| i64::from(bin.reports) * 1_000 - i64::try_from(bin.expected_milli).unwrap_or(i64::MAX);
    let most = surge.bins.iter().max_by_key(excess);
    let bin = window(surge.bin_seconds);
    let most = most.map(|most| {
        let (from, expected) = (moment(most.begins_ms), tenths(most.expected_milli));
        let (found, unusual) = (most.reports, most.unusual_from);
        format!("{found} in the {bin} from {from}, expected {expected}, unusual from {unusual}; ")
    });
    let together = surge.together.as_ref().map(|set| {
        let (from, least) = (moment(set.begins_ms), tenths(set.surprise_milli.into()));
        let (found, watched) = (set.countries, set.watched);
        let each = match set.sectors {
            0 => "each".to_owned(),
            sectors => format!("each in whichever of {sectors} sectors it does most,"),
        };
        format!(
            "{found} of {watched} countries stand out together in the {bin} from {from}, {each} by {least} or more; "
        )
    });
    let most = most.filter(|_| together.is_none());
    let (score, needed) = (tenths(surge.score_milli.into()), tenths(surge.threshold_milli.into()));
    let lesson = surge.lesson;
    format!(
        "{}{}score {score}, needed more than {needed} (lesson {lesson}). {}",
        together.unwrap_or_default(),
        most.unwrap_or_default(),
        plain(condition)
    )
}

/// Thousandths, to one place; to three below one.
fn tenths(milli: u64) -> String {
    if milli < 1_000 {
        return format!("0.{milli:03}");
    }
    let tenths = (milli + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn why(alert: &AlertLine) -> String {
    let why = &alert.why;
    if let Some(of) = &why.surge {
        return surge(of, &why.condition);
    }
    if let Some(of) = &why.cascade {
        let (condition, fired) = (plain(&why.condition), times(why.fires));
        let (peak, dependencies) = (why.peak, plain(&of.dependencies));
        return format!("{condition}: found {peak}, fired {fired}; dependencies of {dependencies}");
    }
    let mut found = list(&why.values.iter().take(SHOWN_VALUES).cloned().collect::<Vec<_>>());
    if why.values.len() > SHOWN_VALUES {
        let _ = write!(found, ", and {} more", why.values.len() - SHOWN_VALUES); // writing to a String cannot fail
    }
    let found = if found.is_empty() {
        String::new()
    } else {
        format!(" ({found})")
    };
    let window = window(why.window_seconds);
    let (condition, rule) = (plain(&why.condition), plain(&why.rule));
    let n = if why.values.is_empty() {
        why.peak as usize // what was counted has no names to show
    } else {
        why.values.len()
    };
    let (needed, version) = (why.threshold, why.version);
    format!(
        "{condition}: found {n}{found}, needed {needed} in {window}; rule {rule} v{version}, fired {}",
        times(why.fires)
    )
}

fn times(n: u32) -> String {
    if n == 1 {
        "once".to_owned()
    } else {
        format!("{n} times")
    }
}

fn window(seconds: u32) -> String {
    match seconds {
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

fn seen(alert: &AlertLine) -> String {
    if alert.first_seen_ms == alert.last_seen_ms {
        return moment(alert.first_seen_ms);
    }
    format!("{} to {}", moment(alert.first_seen_ms), moment(alert.last_seen_ms))
}

fn marking(alert: &AlertLine) -> String {
    format!("{} {}", alert.tlp, alert.pap)
}

fn identity(alert: &AlertLine) -> String {
    format!("{} revision {}", plain(&alert.id), alert.revision)
}

fn list(values: &[String]) -> String {
    values.iter().map(|value| plain(value)).collect::<Vec<_>>().join(", ")
}

/// What is different, in a few words.
fn changes(before: &AlertLine, now: &AlertLine) -> String {
    let mut said = Vec::new();
    if before.state != now.state {
        said.push(format!("{} is now {}", before.state, now.state));
    }
    if before.severity != now.severity {
        said.push(format!("severity {} is now {}", before.severity, now.severity));
    }
    said.extend(difference(&before.countries, &now.countries));
    said.extend(difference(&before.sectors, &now.sectors));
    said.extend(cascade::changes(before.why.cascade.as_ref(), now.why.cascade.as_ref()));
    if before.audience != now.audience || before.audience_countries != now.audience_countries {
        said.push("told to others".to_owned());
    }
    if before.held && !now.held {
        said.push("released".to_owned());
    }
    if before.tlp != now.tlp || before.pap != now.pap {
        said.push(format!(
            "marking {} {} is now {} {}",
            before.tlp, before.pap, now.tlp, now.pap
        ));
    }
    if said.is_empty() && (before.reports, before.members) != (now.reports, now.members) {
        said.push(format!(
            "{}, was {}",
            count(now.reports as usize, "report"),
            before.reports
        ));
    }
    if said.is_empty() {
        "revised".to_owned()
    } else {
        said.join("; ")
    }
}

/// `+PL -AT`, if anything.
fn difference(before: &[String], now: &[String]) -> Option<String> {
    let (before, now): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), now.iter().collect());
    let added = now.difference(&before).map(|value| format!("+{}", plain(value)));
    let gone = before.difference(&now).map(|value| format!("-{}", plain(value)));
    let all: Vec<String> = added.chain(gone).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// `12:04:31` of log time, UTC.
pub(crate) fn clock(millis: u64) -> String {
    format(millis, "%H:%M:%S")
}

/// `2026-03-02 12:04 UTC`.
pub(crate) fn moment(millis: u64) -> String {
    format(millis, "%Y-%m-%d %H:%M UTC")
}

fn format(millis: u64, pattern: &str) -> String {
    let at = i64::try_from(millis)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    at.map_or_else(|| format!("{millis} ms"), |at| at.strftime(pattern).to_string())
}

#[cfg(test)]
mod tests;
