//! `chappe demo`: a whole installation, eight CSIRTs and a cross-border wave in fast motion.
//!
//! The script decides what is reported and when, and nothing else: alerts, counts and the summary are what the streams delivered.

mod heard;
mod record;
mod script;
mod script_words;
mod stage;
mod telling;

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use chappe_model::Timestamp;
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use self::heard::Heard;
use self::script::Script;
use self::stage::{Delivery, Stage, VIEWERS};
use self::telling::{ANALYST, Telling};
use super::Exit;
use crate::cli::DemoArgs;

/// How long the story takes, without its beginning and end.
const STORY: Duration = Duration::from_secs(24);
/// Log time that passes after the last report, in milliseconds: changes of counts alone wait 30 s for others.
const AFTERMATH_MS: u64 = 40_000;
/// Longest wait for the streams to tell that everything was judged.
const PATIENCE: Duration = Duration::from_secs(60);

/// Plays the script, shows what was delivered, and checks it.
///
/// # Errors
/// When the installation does not start, refuses a report of the script, or a stream does not tell that it is complete.
pub(crate) async fn run(args: &DemoArgs, out: &mut (dyn Write + Send)) -> Result<Exit> {
    let script = Script::new(args.seed);
    let (mut stage, mut deliveries) = Stage::open(args.seed, script.start).await?;
    let mut heard = Heard::default();
    let mut telling = Telling::new(args.json, out);
    telling.begin(args, &stage)?;
    let pause = if args.no_wait || args.json {
        Duration::ZERO
    } else {
        STORY / u32::try_from(script.steps.len())?
    };
    for step in &script.steps {
        let now = stage.pass_to(step.at).await?;
        // What was said before must be judged before the next report: a withdrawal, and what it withdraws, lie in another partition.
        settle(&mut deliveries, now, &[ANALYST], &mut heard, &mut telling).await?;
        stage.play(step).await?;
        telling.step(step, script.start)?;
        listen(&mut deliveries, Instant::now() + pause, &mut heard, &mut telling).await?;
    }
    let end = stage.pass_to(stage.now().plus(AFTERMATH_MS)).await?;
    settle(&mut deliveries, end, &VIEWERS, &mut heard, &mut telling).await?;
    let verdict = heard.verdict(&script);
    if args.json {
        record::write(&stage, telling.out())?;
    }
    telling.end(&script, &heard, &verdict, end)?;
    stage.close().await?;
    Ok(verdict.exit())
}

/// Takes deliveries until the streams of these viewers tell that everything up to `moment` was judged and delivered.
async fn settle(
    deliveries: &mut Receiver<Delivery>,
    moment: Timestamp,
    viewers: &[&str],
    heard: &mut Heard,
    telling: &mut Telling<'_>,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let missing: Vec<_> = viewers
            .iter()
            .filter(|viewer| heard.complete_of(viewer) < moment)
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let Ok(Some(delivery)) = tokio::time::timeout_at(deadline, deliveries.recv()).await else {
            bail!(
                "no proof that the streams of {} are complete up to {moment}: nothing can be said about them",
                missing.join(", ")
            );
        };
        take(delivery, heard, telling)?;
    }
}

/// Takes what is there, and what comes until `until`.
async fn listen(
    deliveries: &mut Receiver<Delivery>,
    until: Instant,
    heard: &mut Heard,
    telling: &mut Telling<'_>,
) -> Result<()> {
    loop {
        tokio::select! {
            biased;
            Some(delivery) = deliveries.recv() => take(delivery, heard, telling)?,
            () = tokio::time::sleep_until(until) => return Ok(()),
        }
    }
}

fn take(delivery: Delivery, heard: &mut Heard, telling: &mut Telling<'_>) -> Result<()> {
    if let Some(alert) = heard.take(&delivery) {
        telling.delivered(delivery.viewer, alert)?;
    }
    Ok(())
}
