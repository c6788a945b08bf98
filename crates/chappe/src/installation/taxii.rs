//! TAXII 2.1, where the configuration asks for it: its listener, and the way to ingest of what members add.

use std::net::SocketAddr;
use std::sync::Arc;

use chappe_exchange::Draft;
use chappe_model::Principal;
use chappe_notification::{SubmitReport, Submitted};
use tokio::net::TcpListener;

use super::opening::{Opened, StartError};
use crate::commands::submit::reading;
use crate::config::Config;

/// Listens where the configuration says; nothing where TAXII is not served.
pub(super) async fn listener(
    config: &Config,
    opened: &Opened,
) -> Result<Option<(SocketAddr, TcpListener)>, StartError> {
    let Some(section) = config.taxii.filter(|_| opened.taxii.is_some()) else {
        return Ok(None);
    };
    let listener = TcpListener::bind(section.listen)
        .await
        .map_err(StartError::TaxiiListener)?;
    let address = listener.local_addr().map_err(StartError::TaxiiListener)?;
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    Ok(Some((address, listener)))
}

/// What a member adds is its report, as if it had submitted it: checked, counted against its quota, and durable before it is answered.
pub(super) fn submitter(ingest: &chappe_ingest::Service) -> SubmitReport {
    let desk = ingest.desk();
    Arc::new(move |who: &Principal, draft: Draft, done: Submitted| {
        let report = reading::added(draft, who.home);
        desk.submit(who, &report, false, done);
    })
}
