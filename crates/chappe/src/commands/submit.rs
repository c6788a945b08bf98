//! `chappe submit`: files in, receipts out.

pub(crate) mod reading;
pub(crate) mod source;
mod summary;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use chappe_exchange::Mapping;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::reading::{Content, read};
use self::source::Source;
use self::summary::{FileResult, How, Totals};
use super::Exit;
use super::decide::session;
use crate::cli::SubmitArgs;
use crate::client::{Session, Stopped, check, submit};

/// Submits what the arguments name, and says what became of each file.
///
/// # Errors
/// When nothing could be begun, or the server was lost; what was accepted by then has been told.
pub(crate) async fn run(args: &SubmitArgs, out: &mut dyn Write) -> Result<Exit> {
    let connection = &args.connection;
    let session = session(connection)?;
    let mapping = args.mapping.as_deref().map(mapping).transpose()?;
    let sources = source::find(&args.input, mapping.as_ref().map(Mapping::format))?;
    let how = How {
        verbose: args.verbose,
        json: args.json,
        dry_run: args.dry_run,
    };
    let bar = bar(sources.len());
    let mut totals = Totals::default();
    for source in &sources {
        let name = source.name();
        bar.set_message(name.clone());
        let content = content(source, &name, mapping.as_ref(), args);
        let (result, stopped) = send(&session, &content, args.dry_run, &mut totals, &bar).await;
        bar.suspend(|| result.write(&name, &content, how, &mut totals, out))?;
        bar.inc(1);
        stopped.with_context(|| format!("while submitting {name} to {}", connection.server))?;
    }
    bar.finish_and_clear();
    if sources.len() > 1 || args.json {
        totals.write(how, out)?;
    }
    out.flush()?;
    Ok(if totals.is_whole() { Exit::Done } else { Exit::Refused })
}

fn mapping(path: &Path) -> Result<Mapping> {
    let name = path.display().to_string();
    let bytes = Source::File(path.to_owned())
        .read()
        .with_context(|| format!("cannot read {name}"))?;
    Ok(Mapping::parse(&name, &bytes)?)
}

fn content(source: &Source, name: &str, mapping: Option<&Mapping>, args: &SubmitArgs) -> Content {
    match source.read() {
        Ok(bytes) => read(name, &bytes, mapping, &args.fill).within_bounds(),
        Err(error) => Content {
            faults: vec![error.to_string()],
            ..Content::default()
        },
    }
}

async fn send(
    session: &Session,
    content: &Content,
    dry_run: bool,
    totals: &mut Totals,
    bar: &ProgressBar,
) -> (FileResult, Result<(), Stopped>) {
    let mut result = FileResult::default();
    let mut answered = 0;
    let reports = &content.reports;
    let told = |i: usize, outcome: &crate::client::Outcome| {
        result.add(&reports[i].report_key, outcome, totals);
        answered += 1;
        if reports.len() > 1 {
            bar.set_prefix(format!("{answered}/{} ", reports.len()));
        }
    };
    let ended = if dry_run {
        check(session, reports, told).await
    } else {
        submit(session, reports, told).await
    };
    bar.set_prefix("");
    (result, ended)
}

fn bar(files: usize) -> ProgressBar {
    let terminal = std::io::stderr().is_terminal();
    let target = if terminal {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(files as u64), target);
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} files  {prefix}{wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    if terminal {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
