//! `chappe watch`: alerts as they are raised.

mod cursor_file;

use std::io::Write;

use anyhow::{Context, Result};
use chappe_proto::v1;
use serde::Serialize;

use self::cursor_file::CursorFile;
use super::Exit;
use super::decide::session;
use crate::alert_view::{AlertLine, Renderer, clock, millis};
use crate::cli::{FilterArgs, PeriodArgs, WatchArgs};
use crate::client::{Following, Told};
use crate::words::{self, plain};

/// A line of `--json`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    Alert {
        cursor: &'a str,
        #[serde(flatten)]
        alert: &'a AlertLine,
    },
    Heartbeat {
        cursor: &'a str,
        log_time_ms: u64,
        stale: bool,
    },
    Gap {
        cursor: &'a str,
        reason: &'a str,
    },
    Broken {
        cursor: &'a str,
        reason: &'a str,
        retry_ms: u128,
    },
}

/// Shows alerts until it is stopped.
///
/// # Errors
/// When the server refuses the token, the filter or the cursor, or the output cannot be written.
pub(crate) async fn run(args: &WatchArgs, out: &mut (dyn Write + Send)) -> Result<Exit> {
    let connection = &args.connection;
    let session = session(connection)?;
    let mut place = args.cursor_file.as_deref().map(CursorFile::open).transpose()?;
    let cursor = place
        .as_ref()
        .map(|place| place.cursor().to_owned())
        .unwrap_or_default();
    let request = v1::SubscribeRequest {
        filter: Some(filter(&args.filter)),
        from_beginning: args.from_beginning && cursor.is_empty(),
        cursor,
    };
    let mut following = Following::new(session, request);
    let mut view: Box<dyn View + Send> = if args.json {
        Box::new(Json)
    } else {
        Box::<Text>::default()
    };
    loop {
        let told = following.next().await;
        let told =
            told.map_err(|refusal| anyhow::anyhow!("{} refuses to tell alerts: {refusal}", connection.server))?;
        view.write(&told, following.cursor(), out)?;
        out.flush()?;
        // Only what has been shown is left behind.
        if let Some(place) = &mut place {
            place.keep(following.cursor()).context("cannot keep the place")?;
        }
    }
}

/// A filter on the wire.
pub(super) fn filter(args: &FilterArgs) -> v1::AlertFilter {
    v1::AlertFilter {
        kinds: args
            .kind
            .iter()
            .map(|kind| chappe_proto::alert::kind_to_wire(*kind) as i32)
            .collect(),
        min_severity: args
            .min_severity
            .map_or(0, |severity| words::severity_code(severity) as i32),
        countries: args.country.iter().map(|country| country.as_str().to_owned()).collect(),
        incident_types: args.incident_type.clone(),
        sectors: args.sector.iter().map(|sector| sector.as_str().to_owned()).collect(),
        values: args
            .value
            .iter()
            .map(chappe_proto::incident::indicator_to_wire)
            .collect(),
        networks: args.network.iter().map(ToString::to_string).collect(),
        domains: args.domain.clone(),
        exercise: args.exercise,
        mine: args.mine,
    }
}

/// The list of what a filter asks for, seen in a time.
pub(super) fn asked(args: &FilterArgs, period: PeriodArgs) -> v1::ListAlertsRequest {
    v1::ListAlertsRequest {
        filter: Some(filter(args)),
        since: period.since.map(chappe_proto::time::to_wire),
        until: period.until.map(chappe_proto::time::to_wire),
        ..v1::ListAlertsRequest::default()
    }
}

/// How events are shown.
trait View {
    fn write(&mut self, told: &Told, cursor: &str, out: &mut dyn Write) -> Result<()>;
}

struct Json;

impl View for Json {
    fn write(&mut self, told: &Told, cursor: &str, out: &mut dyn Write) -> Result<()> {
        let alert;
        let line = match told {
            Told::Alert(wire) => {
                alert = AlertLine::from(wire.as_ref());
                Line::Alert { cursor, alert: &alert }
            }
            Told::Heartbeat(beat) => Line::Heartbeat {
                cursor,
                log_time_ms: millis(beat.log_time.as_ref()),
                stale: beat.stale,
            },
            Told::Gap(gap) => Line::Gap {
                cursor,
                reason: &gap.reason,
            },
            Told::Broken { why, pause } => Line::Broken {
                cursor,
                reason: why,
                retry_ms: pause.as_millis(),
            },
        };
        serde_json::to_writer(&mut *out, &line)?;
        writeln!(out)?;
        Ok(())
    }
}

/// For people: alerts, and what a feed without alerts means.
#[derive(Default)]
struct Text {
    renderer: Renderer,
    stale: bool,
    broken: bool,
    greeted: bool,
}

impl View for Text {
    fn write(&mut self, told: &Told, _: &str, out: &mut dyn Write) -> Result<()> {
        if self.broken && !matches!(told, Told::Broken { .. }) {
            self.broken = false;
            writeln!(out, "-- connected again")?;
        }
        match told {
            Told::Alert(wire) => writeln!(out, "{}", self.renderer.alert(&AlertLine::from(wire.as_ref())))?,
            Told::Heartbeat(beat) => self.heartbeat(*beat, out)?,
            Told::Gap(gap) => writeln!(out, "-- gap: {}", plain(&gap.reason))?,
            Told::Broken { .. } if self.broken => {}
            Told::Broken { why, .. } => {
                self.broken = true;
                writeln!(
                    out,
                    "-- no connection: {}. Trying again; until then no alert can arrive",
                    plain(why)
                )?;
            }
        }
        Ok(())
    }
}

impl Text {
    fn heartbeat(&mut self, beat: v1::Heartbeat, out: &mut dyn Write) -> Result<()> {
        let judged = clock(millis(beat.log_time.as_ref()));
        if !self.greeted && !beat.stale {
            writeln!(
                out,
                "-- watching; everything reported up to {judged} UTC has been judged"
            )?;
        }
        self.greeted = true;
        if beat.stale && !self.stale {
            writeln!(out, "-- stale: judged up to {judged} UTC only; silence proves nothing")?;
        }
        if self.stale && !beat.stale {
            writeln!(out, "-- fresh again: judged up to {judged} UTC")?;
        }
        self.stale = beat.stale;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn beat(seconds: i64, stale: bool) -> Told {
        let log_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
        Told::Heartbeat(v1::Heartbeat { log_time, stale })
    }

    #[test]
    fn silence_and_no_feed_never_look_alike() {
        let mut view = Text::default();
        let mut out = Vec::new();
        let broken = || Told::Broken {
            why: "refused (Unavailable)".into(),
            pause: Duration::from_secs(1),
        };
        for told in [
            broken(),
            broken(),
            beat(0, false),
            beat(1, false),
            beat(1, true),
            beat(1, true),
            beat(9, false),
        ] {
            view.write(&told, "c", &mut out).unwrap();
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "-- no connection: refused (Unavailable). Trying again; until then no alert can arrive\n\
             -- connected again\n\
             -- watching; everything reported up to 00:00:00 UTC has been judged\n\
             -- stale: judged up to 00:00:01 UTC only; silence proves nothing\n\
             -- fresh again: judged up to 00:00:09 UTC\n"
        );
    }

    #[test]
    fn json_lines_carry_the_cursor() {
        let mut out = Vec::new();
        Json.write(&beat(1, true), "abc", &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"event\":\"heartbeat\",\"cursor\":\"abc\",\"log_time_ms\":1000,\"stale\":true}\n"
        );
    }
}
