//! Asking the server for a batch, and telling which of it what was found names.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};

use super::AT_ONCE;
use super::batch::Batch;
use crate::alert_view::AlertLine;
use crate::cli::HuntArgs;
use crate::client::{Backoff, Listing, Refusal, Searching, Session};
use crate::commands::{incident, search};
use crate::incident_view::IncidentLine;
use crate::wanted::Wanted;

/// Most alerts, and most own reports, that name anything of one request: they are held in memory together.
const MOST: usize = 100_000;
/// Attempts at one request that meet a refusal that passes.
const ATTEMPTS: u32 = 8;

/// What names one that is looked for.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) alerts: Vec<Arc<AlertLine>>,
    pub(super) incidents: Vec<Arc<IncidentLine>>,
}

/// Asks in a member's voice.
pub(super) struct Asking<'a> {
    session: Session,
    args: &'a HuntArgs,
    /// The first search that the server was behind in.
    behind: Option<Searching>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(session: Session, args: &'a HuntArgs) -> Self {
        Self {
            session,
            args,
            behind: None,
        }
    }

    /// To standard error: what of the own reports was not looked at.
    pub(super) fn say_if_stale(&self) {
        self.behind.iter().for_each(incident::say_if_stale);
    }

    /// What of a batch is named, in its order, with what names it. Where an answer does not tell which of several it is about, as of mail addresses, whose pseudonyms only
    /// the server knows, and of retracted reports, it is asked for again in halves, down to each alone.
    pub(super) async fn of<'w>(&mut self, batch: &Batch<'w>) -> Result<BTreeMap<&'w Wanted, Named>> {
        let mut found: BTreeMap<&Wanted, Named> = BTreeMap::new();
        let mut open = vec![batch.clone()];
        while let Some(batch) = open.pop() {
            let alerts = self
                .patiently(async |asking| asking.alerts(batch.wanted()).await)
                .await?;
            match batch.named(&alerts) {
                Some(named) => named
                    .into_iter()
                    .for_each(|(wanted, alerts)| found.entry(wanted).or_default().alerts = alerts),
                None => open.extend(batch.halves()),
            }
        }
        let mut open = vec![batch.clone()];
        while let Some(batch) = open.pop() {
            let incidents = self
                .patiently(async |asking| asking.incidents(batch.wanted()).await)
                .await?;
            match batch.named(&incidents) {
                Some(named) => named
                    .into_iter()
                    .for_each(|(wanted, incidents)| found.entry(wanted).or_default().incidents = incidents),
                None => open.extend(batch.halves()),
            }
        }
        Ok(found)
    }

    /// All alerts that name any of these; or why not.
    async fn alerts(&mut self, wanted: &[Wanted]) -> Result<Result<Vec<Arc<AlertLine>>, Refusal>> {
        let asked = search::asked(wanted, self.args.period, self.args.exercise);
        let mut pages = Listing::new(self.session.clone(), asked);
        let mut alerts = Vec::new();
        loop {
            match pages.next().await {
                Ok(Some(page)) => alerts.extend(page.iter().map(|alert| Arc::new(AlertLine::from(alert)))),
                Ok(None) => return Ok(Ok(alerts)),
                Err(refusal) => return Ok(Err(refusal)),
            }
            check("alerts", alerts.len())?;
        }
    }

    /// All own reports that name any of these; or why not.
    async fn incidents(&mut self, wanted: &[Wanted]) -> Result<Result<Vec<Arc<IncidentLine>>, Refusal>> {
        let asked = search::asked_of_incidents(wanted, self.args.period, self.args.exercise);
        let mut pages = Searching::new(self.session.clone(), asked);
        let mut incidents = Vec::new();
        loop {
            match pages.next().await {
                Ok(Some(page)) => incidents.extend(page.iter().map(|incident| Arc::new(IncidentLine::from(incident)))),
                Ok(None) => break,
                Err(refusal) => return Ok(Err(refusal)),
            }
            check("reports of yours", incidents.len())?;
        }
        if pages.stale_from().is_some() {
            self.behind.get_or_insert(pages);
        }
        Ok(Ok(incidents))
    }

    /// Asks again after a refusal that passes.
    async fn patiently<T>(&mut self, mut ask: impl AsyncFnMut(&mut Self) -> Result<Result<T, Refusal>>) -> Result<T> {
        let (mut backoff, mut attempts) = (Backoff::new(), 0);
        loop {
            let refusal = match ask(self).await? {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            attempts += 1;
            if !refusal.passes() || attempts >= ATTEMPTS {
                return Err(anyhow!("{refusal}"))
                    .with_context(|| format!("{} does not say what it knows", self.args.connection.server));
            }
            let pause = backoff.pause();
            tokio::time::sleep(refusal.retry_after.unwrap_or(pause)).await;
        }
    }
}

fn check(what: &str, found: usize) -> Result<()> {
    if found > MOST {
        bail!("more than {MOST} {what} name any of {AT_ONCE}: take a shorter time, by --since and --until");
    }
    Ok(())
}
