//! The demo on the screen: a story for people, or lines of JSON for programs.

use std::io::{self, Write};

use anyhow::Result;
use chappe_model::{Indicator, IndicatorKind, Timestamp};
use chappe_proto::{incident, v1};
use serde::Serialize;
use serde_json::json;

use super::heard::{Heard, HeardAlert, Verdict};
use super::script::{Act, Script, Step};
use super::stage::{Stage, VIEWERS};
use crate::alert_view::{AlertLine, Renderer};
use crate::cli::DemoArgs;
use crate::invocation::invocation;
use crate::words::{count, plain, severity, tlp};

/// Whose screen the story shows.
pub(crate) const ANALYST: &str = "europol";

/// `{"viewer": …, alert fields …}`
#[derive(Serialize)]
struct DeliveryLine<'a> {
    viewer: &'a str,
    #[serde(flatten)]
    alert: &'a AlertLine,
}

/// Writes what happens.
pub(crate) struct Telling<'a> {
    json: bool,
    out: &'a mut (dyn Write + Send),
    renderer: Renderer,
}

impl<'a> Telling<'a> {
    pub(crate) fn new(json: bool, out: &'a mut (dyn Write + Send)) -> Self {
        Self {
            json,
            out,
            renderer: Renderer::new(),
        }
    }

    /// Where lines go.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        self.out
    }

    pub(crate) fn begin(&mut self, args: &DemoArgs, stage: &Stage) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let (address, folder) = (stage.address(), stage.folder().display());
        writeln!(
            self.out,
            "Chappe demo, seed {}. A whole installation runs on {address}, its data in {folder}: what 'chappe serve' runs,\n\
             with a clock that is wound by hand. Eight CSIRTs report over gRPC, each what it sees. Indented is what an analyst\n\
             at Europol, the hub's duty officer, is shown. All values are invented.\n",
            args.seed
        )
    }

    /// A report, once it is durable.
    pub(crate) fn step(&mut self, step: &Step, start: Timestamp) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let day = if step.at.as_millis() / 86_400_000 == start.as_millis() / 86_400_000 {
            "Mon"
        } else {
            "Tue"
        };
        let time = crate::alert_view::clock(step.at.as_millis());
        writeln!(
            self.out,
            "{day} {}  {:<8}  {}",
            &time[..time.len().min(5)],
            step.member,
            act(&step.act)
        )?;
        self.out.flush()
    }

    /// A delivery to any viewer.
    pub(crate) fn delivered(&mut self, viewer: &'static str, alert: AlertLine) -> Result<()> {
        if self.json {
            writeln!(
                self.out,
                "{}",
                json!({ "delivery": DeliveryLine { viewer, alert: &alert } })
            )?;
        } else if viewer == ANALYST {
            for line in self.renderer.alert(&alert).lines() {
                writeln!(self.out, "    | {line}")?;
            }
            self.out.flush()?;
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, script: &Script, heard: &Heard, verdict: &Verdict, end: Timestamp) -> io::Result<()> {
        if self.json {
            let line = json!({ "end": {
                "log_time_ms": end.as_millis(),
                "urgent": verdict.urgent,
                "cross_border": verdict.cross_border,
                "decoys_alerted": verdict.decoys_alerted,
            }});
            return writeln!(self.out, "{line}");
        }
        let alerts = heard.alerts().count();
        writeln!(
            self.out,
            "\n{} from {} reports and corrections. What each meant:",
            count(alerts, "alert"),
            script.steps.len()
        )?;
        for alert in heard.alerts() {
            writeln!(self.out, "  {}", meaning(alert))?;
        }
        self.decoys(script, verdict)?;
        if !verdict.holds() {
            writeln!(
                self.out,
                "\nThis is not as it should be: {} urgent and {} cross-border alerts, {}.",
                verdict.urgent,
                verdict.cross_border,
                count(verdict.decoys_alerted.len(), "decoy alert")
            )?;
        }
        self.try_next(&invocation())?;
        self.out.flush()
    }

    fn try_next(&mut self, chappe: &str) -> io::Result<()> {
        let commands = [
            (format!("{chappe} demo --seed 2"), "another story"),
            (
                format!("{chappe} demo --no-wait --json"),
                "the same for programs: every report, every delivery",
            ),
            (
                format!("{chappe} init && {chappe} serve"),
                "an installation of your own",
            ),
            (format!("{chappe} watch --as europol"), "in a second terminal"),
        ];
        let width = commands
            .iter()
            .map(|(command, _)| command.chars().count())
            .max()
            .unwrap_or(0)
            + 2;
        writeln!(self.out, "\nTry next:")?;
        for (command, what) in commands {
            writeln!(self.out, "  {command:width$}{what}")?;
        }
        writeln!(
            self.out,
            "  {chappe} submit --as csirt-at --tlp amber --countries AT FILE.json\n  {:width$}in a third: a MISP event, a feed folder, \
             or Chappe's own JSON (docs/quickstart.md)",
            ""
        )
    }

    fn decoys(&mut self, script: &Script, verdict: &Verdict) -> io::Result<()> {
        let (raised, quiet): (Vec<_>, Vec<_>) = script
            .decoys
            .iter()
            .partition(|decoy| decoy.values.iter().any(|value| verdict.decoys_alerted.contains(value)));
        writeln!(
            self.out,
            "\n{} looked alike and raised no alert:",
            count(quiet.len(), "other value")
        )?;
        for decoy in quiet {
            writeln!(self.out, "  {}: {}", defanged(&decoy.values[0]), decoy.why)?;
        }
        for decoy in raised {
            writeln!(
                self.out,
                "  WRONG, this one raised an alert: {}: {}",
                defanged(&decoy.values[0]),
                decoy.why
            )?;
        }
        Ok(())
    }
}

/// What a member does, on one line.
fn act(act: &Act) -> String {
    match act {
        Act::Withdraw { report_key, reason, .. } => format!("withdraws {report_key} ({reason})"),
        Act::Report(incident) => {
            let marking = incident.marking.clone().unwrap_or_default();
            let mut said = vec![
                format!(
                    "{} {}",
                    if incident.revision > 1 { "revises" } else { "reports" },
                    incident.report_key
                ),
                incident.incident_type.rsplit('/').next().unwrap_or_default().to_owned(),
                severity(incident.severity).to_owned(),
                incident.countries.join("+"),
            ];
            said.extend(incident.sectors.iter().cloned());
            said.push(values(&incident.indicators));
            let handling = match marking.r#use() {
                v1::Use::MatchOnly => ", match-only".to_owned(),
                v1::Use::NamedRecipientsOnly => format!(", for {} only", marking.recipients.join(" and ")),
                _ => String::new(),
            };
            let exercise = if incident.exercise { "EXERCISE " } else { "" };
            format!("{exercise}{}  [{}{handling}]", said.join(", "), tlp(marking.tlp))
        }
    }
}

/// The first value, and how many more.
fn values(indicators: &[v1::Indicator]) -> String {
    let shown = indicators.first().and_then(|first| {
        let kind = IndicatorKind::ALL
            .into_iter()
            .find(|kind| incident::kind_to_wire(*kind) as i32 == first.r#type)?;
        Indicator::parse(kind, &first.value).ok()
    });
    let shown = shown.map_or_else(|| "no indicator".to_owned(), |indicator| short(&indicator));
    if indicators.len() > 1 {
        format!("{shown} +{}", indicators.len() - 1)
    } else {
        shown
    }
}

/// A value as the story shows it: hashes are long.
fn short(indicator: &Indicator) -> String {
    /// Characters of a value that the story shows.
    const SHOWN: usize = 48;
    /// Of a hash.
    const SHOWN_HASH: usize = 12;
    let shown = if indicator.kind().is_file_hash() {
        SHOWN_HASH
    } else {
        SHOWN
    };
    let value = indicator.defanged();
    if value.chars().count() <= shown {
        value
    } else {
        format!("{}…", value.chars().take(shown).collect::<String>())
    }
}

fn defanged(value: &str) -> String {
    value
        .parse::<Indicator>()
        .map_or_else(|_| plain(value), |indicator| indicator.defanged())
}

/// One line on an alert, from what was delivered alone.
fn meaning(heard: &HeardAlert) -> String {
    let alert = &heard.newest;
    // The value that means something beyond one network.
    let values = alert.key.iter().filter_map(|key| key.value.parse::<Indicator>().ok());
    let what = values
        .min_by_key(Indicator::is_special)
        .map_or_else(String::new, |value| short(&value));
    let sector = alert
        .key
        .iter()
        .find(|key| key.field.contains("sector"))
        .map(|key| plain(&key.value));
    let told = if heard.viewers.len() == VIEWERS.len() {
        format!("all {} viewers were told", VIEWERS.len())
    } else {
        format!(
            "only {} were told",
            heard.viewers.iter().copied().collect::<Vec<_>>().join(", ")
        )
    };
    let countries = alert.countries.join(", ");
    let meant = match (alert.kind, alert.audience, sector) {
        ("urgent", "recipients" | "reporter", _) => {
            "one report of critical severity, under its own handling rules".to_owned()
        }
        ("urgent", ..) => {
            format!("one report of critical severity, told at once to {countries} and the hub, not confirmed by others")
        }
        (_, "recipients", _) => {
            format!("one case in {countries}, on the word of reports for named recipients; nobody else learnt of it")
        }
        (_, _, Some(sector)) => {
            format!("the same in the sector {sector} of {countries}: a narrow warning before others are hit")
        }
        _ if alert.state == "retracted" => format!("{countries} are left of what was more, after a withdrawal"),
        _ if alert.unlisted > 0 => format!(
            "the same in {countries}; {} reports were matched without being shown to anyone",
            alert.unlisted
        ),
        _ => format!("the same in {countries}: each saw its own part, together it is one thing"),
    };
    let state = match alert.state {
        "open" => String::new(),
        "retracted" => ", and of the withdrawal as well".to_owned(),
        state => format!("; {state} by now"),
    };
    format!("{} {what}: {meant}; {told}{state}", alert.kind)
}
