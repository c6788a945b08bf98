//! `chappe surge realised`: how many surges were judged to be false alarms, beside what was stated.

use std::io::Write;

use anyhow::{Result, anyhow, bail};
use chappe_clock::{Clock, SystemClock};
use chappe_model::{Outcome, Timestamp};
use chappe_proto::decision::verdict_from_wire;
use chappe_proto::v1;
use chappe_surge::poisson_interval;
use jiff::tz::TimeZone;

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
    write(&told, since, now, out)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Every surge but those that another carries on, in order of time.
async fn read(session: &Session) -> Result<Vec<Told>> {
    let filter = v1::AlertFilter {
        kinds: vec![v1::AlertKind::Surge as i32],
        ..v1::AlertFilter::default()
    };
    let (mut listing, mut told) = (Listing::new(session.clone(), filter), Vec::new());
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

fn write(all: &[Told], since: Option<Timestamp>, now: Timestamp, out: &mut dyn Write) -> Result<()> {
    let year_ago = now.minus((YEAR_DAYS * DAY_MS) as u64);
    let oldest = all.iter().map(|told| told.at).find(|at| *at >= year_ago);
    let since = since.or(oldest).unwrap_or(year_ago);
    let told: Vec<&Told> = all.iter().filter(|told| told.at >= since).collect();
    for told in &told {
        let at = moment(told.at.as_millis());
        let (outcome, whose, name) = (word(told.outcome), &told.whose, &told.name);
        writeln!(out, "{at}  {outcome:<12}  {whose}  {name}")?;
        if !told.why.is_empty() {
            writeln!(out, "    {}", told.why)?;
        }
    }
    let days = now.as_millis().saturating_sub(since.as_millis()) as f64 / DAY_MS;
    let surges = count(told.len(), "surge");
    writeln!(
        out,
        "{surges} told to you since {}, in {days:.0} days",
        moment(since.as_millis())
    )?;
    let Some(newest) = told.last() else {
        writeln!(out, "Nothing can be said of false alarms.")?;
        return Ok(());
    };
    let number = |outcome| told.iter().filter(|told| told.outcome == outcome).count();
    let realised = Realised {
        stated: newest.stated,
        dismissed: number(Outcome::Dismissed),
        undecided: number(Outcome::Undecided) + number(Outcome::Acknowledged),
        years: days / YEAR_DAYS,
    };
    writeln!(out, "  dismissed  {}", realised.dismissed)?;
    writeln!(out, "  confirmed  {}", number(Outcome::Confirmed))?;
    let (undecided, acknowledged) = (realised.undecided, number(Outcome::Acknowledged));
    writeln!(out, "  undecided  {undecided}, {acknowledged} of them acknowledged")?;
    writeln!(
        out,
        "stated     {} a year for no reason, over all series of the installation; the hub alone is told of all",
        realised.stated
    )?;
    if told.iter().any(|told| told.stated != realised.stated) {
        writeln!(
            out,
            "           earlier surges state another number; this is the newest's"
        )?;
    }
    realised.write(out)
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
    fn write(&self, out: &mut dyn Write) -> Result<()> {
        if self.years * YEAR_DAYS >= 1.0 {
            let rate = |number: f64| number / self.years;
            let most = self.dismissed + self.undecided;
            let (least, highest) = poisson_interval(self.dismissed as u64);
            writeln!(
                out,
                "realised   {:.1} a year dismissed, {:.1} with the undecided; by the dismissed alone {:.1} to {:.1} (95 %)",
                rate(self.dismissed as f64),
                rate(most as f64),
                rate(least),
                rate(highest)
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
        write(all, since.map(at), at(now), &mut out).unwrap();
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
