//! `chappe surge realised`: how many surges were judged to be false alarms, beside what was stated.

use std::io::Write;

use anyhow::{Result, anyhow, bail};
use chappe_clock::{Clock, SystemClock};
use chappe_model::{Outcome, Timestamp};
use chappe_proto::decision::verdict_from_wire;
use chappe_proto::v1;
use chappe_surge::poisson_interval;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::super::Exit;
use super::super::decide::session;
use crate::alert_view::{DecisionLine, millis, moment};
use crate::cli::RealisedArgs;
use crate::client::{Listing, Session};
use crate::words::{count, plain};

/// Most surges that are read from an installation.
const SURGES: usize = 100_000;
const DAY_MS: f64 = 24.0 * 3_600.0 * 1_000.0;
/// A year, in days.
const YEAR_DAYS: f64 = 365.0;
/// Fewer days than these say nothing about a rate by the year.
const FEW_DAYS: f64 = 28.0;

/// A surge and what was judged of it.
struct Told {
    at: Timestamp,
    whose: String,
    name: String,
    stated: u32,
    outcome: Outcome,
    why: String,
}

/// Reads the surges that the caller may see, and says what became of them.
///
/// # Errors
/// When the server refuses, does not answer, or holds too many of them.
pub(crate) async fn run(args: &RealisedArgs, out: &mut dyn Write) -> Result<Exit> {
    let session = session(&args.connection)?;
    let told = read(&session)
        .await
        .map_err(|error| anyhow!("{} tells no surges: {error:#}", args.connection.server))?;
    let now = SystemClock::new().now();
    let since = args.since.map(|day| day.to_zoned(TimeZone::UTC)).transpose()?;
    let since = since.map(|day| Timestamp::from_millis(u64::try_from(day.timestamp().as_millisecond()).unwrap_or(0)));
    let summary = Summary::of(&told, since, now);
    if args.json {
        serde_json::to_writer(&mut *out, &summary.json())?;
        writeln!(out)?;
    } else {
        summary.write(out)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Every surge but those that another carries on, in order of time.
async fn read(session: &Session) -> Result<Vec<Told>> {
    let filter = v1::AlertFilter {
        kinds: vec![v1::AlertKind::Surge as i32],
        ..v1::AlertFilter::default()
    };
    let asked = v1::ListAlertsRequest {
        filter: Some(filter),
        ..v1::ListAlertsRequest::default()
    };
    let (mut listing, mut told) = (Listing::new(session.clone(), asked), Vec::new());
    while let Some(page) = listing.next().await.map_err(|refusal| anyhow!("{refusal}"))? {
        let stand = page.iter().filter(|alert| alert.state() != v1::AlertState::Superseded);
        told.extend(stand.map(Told::from));
        if told.len() > SURGES {
            bail!("more than {SURGES}, which is as many as are read");
        }
    }
    told.sort_by_key(|told: &Told| told.at);
    Ok(told)
}

impl From<&v1::Alert> for Told {
    fn from(alert: &v1::Alert) -> Self {
        let surge = alert.explanation.as_ref().and_then(|why| why.surge.as_ref());
        let verdicts = alert.decisions.iter().filter_map(|decision| {
            // What a newer server says and this program does not know takes nothing back.
            verdict_from_wire(decision.verdict).map(|verdict| (verdict, decision.hub))
        });
        let key: Vec<String> = alert.key.iter().map(|key| plain(&key.value)).collect();
        let last = alert.decisions.last().map(DecisionLine::from);
        Self {
            at: Timestamp::from_millis(millis(alert.first_seen.as_ref())),
            whose: key.join(" "),
            name: plain(&alert.name),
            stated: surge.map_or(0, |surge| surge.false_alarms_per_year),
            outcome: Outcome::of(verdicts),
            why: last.map(|last| last.words()).unwrap_or_default(),
        }
    }
}

/// The surges of the time that is asked for, and what became of them.
struct Summary<'a> {
    since: Timestamp,
    days: f64,
    told: Vec<&'a Told>,
}

impl<'a> Summary<'a> {
    fn of(all: &'a [Told], since: Option<Timestamp>, now: Timestamp) -> Self {
        let year_ago = now.minus((YEAR_DAYS * DAY_MS) as u64);
        let oldest = all.iter().map(|told| told.at).find(|at| *at >= year_ago);
        let since = since.or(oldest).unwrap_or(year_ago);
        Self {
            since,
            days: now.as_millis().saturating_sub(since.as_millis()) as f64 / DAY_MS,
            told: all.iter().filter(|told| told.at >= since).collect(),
        }
    }

    fn number(&self, outcome: Outcome) -> usize {
        self.told.iter().filter(|told| told.outcome == outcome).count()
    }

    /// None where no surge was told.
    fn realised(&self) -> Option<Realised> {
        Some(Realised {
            stated: self.told.last()?.stated,
            dismissed: self.number(Outcome::Dismissed),
            undecided: self.number(Outcome::Undecided) + self.number(Outcome::Acknowledged),
            years: self.days / YEAR_DAYS,
        })
    }

    fn json(&self) -> Line<'_> {
        let realised = self.realised();
        let rate = |number: fn(&Realised) -> f64| realised.as_ref().and_then(|it| it.a_year(number(it)));
        Line {
            since_ms: self.since.as_millis(),
            days: self.days,
            stated: realised.as_ref().map(|it| it.stated),
            dismissed: self.number(Outcome::Dismissed),
            confirmed: self.number(Outcome::Confirmed),
            undecided: self.number(Outcome::Undecided) + self.number(Outcome::Acknowledged),
            acknowledged: self.number(Outcome::Acknowledged),
            dismissed_a_year: rate(|it| it.dismissed as f64),
            dismissed_a_year_least: rate(|it| poisson_interval(it.dismissed as u64).0),
            dismissed_a_year_most: rate(|it| poisson_interval(it.dismissed as u64).1),
            says: realised.as_ref().map(Realised::sentence),
            surges: self.told.iter().map(|told| SurgeLine::from(*told)).collect(),
        }
    }

    fn write(&self, out: &mut dyn Write) -> Result<()> {
        for told in &self.told {
            let at = moment(told.at.as_millis());
            let (outcome, whose, name) = (word(told.outcome), &told.whose, &told.name);
            writeln!(out, "{at}  {outcome:<12}  {whose}  {name}")?;
            if !told.why.is_empty() {
                writeln!(out, "    {}", told.why)?;
            }
        }
        let (surges, since) = (count(self.told.len(), "surge"), moment(self.since.as_millis()));
        writeln!(out, "{surges} told to you since {since}, in {:.0} days", self.days)?;
        let Some(realised) = self.realised() else {
            writeln!(out, "Nothing can be said of false alarms.")?;
            return Ok(());
        };
        writeln!(out, "  dismissed  {}", realised.dismissed)?;
        writeln!(out, "  confirmed  {}", self.number(Outcome::Confirmed))?;
        let (undecided, acknowledged) = (realised.undecided, self.number(Outcome::Acknowledged));
        writeln!(out, "  undecided  {undecided}, {acknowledged} of them acknowledged")?;
        writeln!(
            out,
            "stated     {} a year for no reason, over all series of the installation; the hub alone is told of all",
            realised.stated
        )?;
        if self.told.iter().any(|told| told.stated != realised.stated) {
            writeln!(
                out,
                "           earlier surges state another number; this is the newest's"
            )?;
        }
        realised.write(out)
    }
}

/// What `--json` prints. Rates are missing where less than a day or no surge tells them.
#[derive(Debug, Serialize)]
struct Line<'a> {
    since_ms: u64,
    days: f64,
    stated: Option<u32>,
    dismissed: usize,
    confirmed: usize,
    undecided: usize,
    acknowledged: usize,
    dismissed_a_year: Option<f64>,
    dismissed_a_year_least: Option<f64>,
    dismissed_a_year_most: Option<f64>,
    says: Option<&'static str>,
    surges: Vec<SurgeLine<'a>>,
}

/// One surge.
#[derive(Debug, Serialize)]
struct SurgeLine<'a> {
    id: &'a str,
    first_seen_ms: u64,
    outcome: &'static str,
    stated: u32,
}

impl<'a> From<&'a Told> for SurgeLine<'a> {
    fn from(told: &'a Told) -> Self {
        Self {
            id: &told.name,
            first_seen_ms: told.at.as_millis(),
            outcome: word(told.outcome),
            stated: told.stated,
        }
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Undecided => "undecided",
        Outcome::Acknowledged => "acknowledged",
        Outcome::Confirmed => "confirmed",
        Outcome::Dismissed => "dismissed",
    }
}

/// What came true of a budget.
struct Realised {
    /// False alarms a year that are stated.
    stated: u32,
    dismissed: usize,
    undecided: usize,
    years: f64,
}

impl Realised {
    /// A number of this time as one of a year; none where less than a day has passed.
    fn a_year(&self, number: f64) -> Option<f64> {
        (self.years * YEAR_DAYS >= 1.0).then(|| number / self.years)
    }

    fn write(&self, out: &mut dyn Write) -> Result<()> {
        let most = self.dismissed + self.undecided;
        let (least, highest) = poisson_interval(self.dismissed as u64);
        let rates = [self.dismissed as f64, most as f64, least, highest].map(|number| self.a_year(number));
        if let [Some(dismissed), Some(most), Some(least), Some(highest)] = rates {
            writeln!(
                out,
                "realised   {dismissed:.1} a year dismissed, {most:.1} with the undecided; by the dismissed alone {least:.1} to {highest:.1} (95 %)",
            )?;
        }
        writeln!(out, "{}", self.sentence())?;
        Ok(())
    }

    /// Whether it agrees, within what chance brings in 95 of 100 cases.
    fn sentence(&self) -> &'static str {
        let expected = f64::from(self.stated) * self.years;
        let (least, highest) = poisson_interval(self.dismissed as u64);
        let (least_of_all, highest_of_all) = poisson_interval((self.dismissed + self.undecided) as u64);
        if self.years * YEAR_DAYS < FEW_DAYS {
            "The time is too short to say whether that agrees with what is stated."
        } else if least > expected {
            "More were dismissed than is stated: what is ordinary here is not what was learned, or the budget is too low."
        } else if highest_of_all < expected {
            "Fewer came than is stated, even if all undecided are false alarms."
        } else if expected <= highest && least_of_all <= expected {
            "That agrees with what is stated, however the undecided turn out."
        } else {
            "Whether that agrees with what is stated depends on the undecided: decide them."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3_600 * 1_000;

    fn told(day: u64, outcome: Outcome) -> Told {
        Told {
            at: Timestamp::from_millis(day * DAY),
            whose: "fraud/phishing AT".into(),
            name: format!("alerts/{day}"),
            stated: if day < 500 { 4 } else { 12 },
            outcome,
            why: String::new(),
        }
    }

    fn said(all: &[Told], since: Option<u64>, now: u64) -> String {
        let mut out = Vec::new();
        let at = |day| Timestamp::from_millis(day * DAY);
        Summary::of(all, since.map(at), at(now)).write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_was_told_in_a_year_is_counted_by_what_became_of_it() {
        let all = [
            told(300, Outcome::Dismissed),
            told(450, Outcome::Dismissed),
            told(600, Outcome::Confirmed),
            told(700, Outcome::Acknowledged),
            told(760, Outcome::Undecided),
        ];
        assert_eq!(
            said(&all, None, 800),
            "\
1971-03-27 00:00 UTC  dismissed     fraud/phishing AT  alerts/450
1971-08-24 00:00 UTC  confirmed     fraud/phishing AT  alerts/600
1971-12-02 00:00 UTC  acknowledged  fraud/phishing AT  alerts/700
1972-01-31 00:00 UTC  undecided     fraud/phishing AT  alerts/760
4 surges told to you since 1971-03-27 00:00 UTC, in 350 days
  dismissed  1
  confirmed  1
  undecided  2, 1 of them acknowledged
stated     12 a year for no reason, over all series of the installation; the hub alone is told of all
           earlier surges state another number; this is the newest's
realised   1.0 a year dismissed, 3.1 with the undecided; by the dismissed alone 0.0 to 5.8 (95 %)
Fewer came than is stated, even if all undecided are false alarms.
"
        );
        assert!(said(&all, Some(0), 800).starts_with("1970-10-28 00:00 UTC  dismissed"));
        assert!(said(&all, Some(790), 800).ends_with("in 10 days\nNothing can be said of false alarms.\n"));
        assert!(said(&[], None, 800).starts_with("0 surges told to you since 1971-03-12"));
        let json = |all: &[Told]| {
            let summary = Summary::of(all, None, Timestamp::from_millis(800 * DAY));
            serde_json::to_value(summary.json()).unwrap()
        };
        let line = json(&all);
        assert_eq!(
            (&line["stated"], &line["dismissed"], &line["undecided"]),
            (&12.into(), &1.into(), &2.into())
        );
        assert_eq!(line["surges"][1]["outcome"], "confirmed");
        assert!(
            line["dismissed_a_year_most"]
                .as_f64()
                .is_some_and(|most| (5.7..5.9).contains(&most)),
            "{line}"
        );
        assert_eq!(json(&[])["says"], serde_json::Value::Null);
    }

    #[test]
    fn the_sentence_follows_from_intervals_and_the_undecided() {
        let sentence = |dismissed, undecided, years| {
            let stated = 12;
            let it = Realised {
                stated,
                dismissed,
                undecided,
                years,
            };
            it.sentence()
                .split([':', ',', ' '])
                .take(3)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(sentence(12, 0, 1.0), "That agrees with");
        assert_eq!(sentence(7, 3, 1.0), "That agrees with");
        assert_eq!(sentence(30, 0, 1.0), "More were dismissed");
        assert_eq!(sentence(2, 1, 1.0), "Fewer came than");
        assert_eq!(sentence(2, 20, 1.0), "Whether that agrees");
        assert_eq!(sentence(10, 30, 1.0), "Whether that agrees");
        assert_eq!(sentence(9, 0, 0.05), "The time is");
    }
}
