//! What a member finds among its own incidents.

use std::collections::BTreeSet;

use chappe_distribute::{Filter, Period, may_see_incident};
use chappe_eventlog::{ReadLimit, Topic};
use chappe_model::{Accepted, IncidentId, Indicator, Principal, ReportKey, Secret, Timestamp};
use chappe_proto::{Violations, incident, invalid_argument, status, time, v1};
use prost::Message;
use tonic::Status;

use super::Incidents;
use super::outline::{Place, Sketch, Standing, id_of, number};
use super::shelf::{Stride, Wanted};
use crate::options::{OUTLINES_PER_PAGE, PAGE_BYTES, RECORDS_PER_PAGE, RETRY_UNREADABLE};
use crate::{filter, naming, page};

/// A search, understood.
struct Asked {
    filter: Filter,
    period: Period,
    wanted: Wanted,
    size: usize,
    /// What its page tokens hold for.
    text: String,
    after: Option<u128>,
}

/// What a page may still look at.
struct Budget {
    outlines: usize,
    records: usize,
}

impl Incidents {
    /// The incidents of `who` that it asks for, at their newest revision, by ascending id. A page holds fewer than asked for when it gets large or looked at much; the list
    /// ends where there is no next token. A report that was withdrawn is found by what it named before.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with every violation: page size, page token, filter, time, report key. UNAVAILABLE when the log cannot be read just now.
    pub fn search(
        &self,
        who: &Principal,
        request: &v1::SearchIncidentsRequest,
        now: Timestamp,
    ) -> Result<v1::SearchIncidentsResponse, Status> {
        let asked = self.asked(who, request)?;
        // Before anything is looked at: what comes in meanwhile may be missed.
        let searched_to = self.searched_to();
        let mut answer = v1::SearchIncidentsResponse {
            searched_to: Some(time::to_wire(searched_to)),
            stale: now.as_millis().saturating_sub(searched_to.as_millis()) > self.stale_after_ms,
            ..v1::SearchIncidentsResponse::default()
        };
        let mut budget = Budget {
            outlines: OUTLINES_PER_PAGE,
            records: RECORDS_PER_PAGE,
        };
        let (mut after, mut bytes) = (asked.after, 0);
        loop {
            let stride = self.stride(who, &asked.wanted, after);
            for standing in &stride.found {
                if answer.incidents.len() >= asked.size || bytes >= PAGE_BYTES || budget.records == 0 {
                    answer.next_page_token = self.token(who, &asked, after);
                    return Ok(answer);
                }
                let found = self.look_at(who, &asked, standing, &mut budget)?;
                after = Some(standing.newest.id());
                if let Some(accepted) = found {
                    let wire = incident::to_wire(&accepted);
                    bytes += wire.encoded_len();
                    answer.incidents.push(wire);
                }
            }
            let Some(seen_to) = stride.seen_to else {
                return Ok(answer);
            };
            after = Some(seen_to);
            budget.outlines = budget.outlines.saturating_sub(stride.looked_at);
            if budget.outlines == 0 {
                answer.next_page_token = self.token(who, &asked, after);
                return Ok(answer);
            }
        }
    }

    fn asked(&self, who: &Principal, request: &v1::SearchIncidentsRequest) -> Result<Asked, Status> {
        let mut bad = Violations::default();
        let filter = filter::of_incidents(request.filter.as_ref(), &self.secret, &mut bad);
        let period = filter::period(request.since.as_ref(), request.until.as_ref(), &mut bad);
        let key = match request.report_key.as_str() {
            "" => None,
            text => bad.check("report_key", ReportKey::parse(text)),
        };
        let size = page::size(request.page_size, &mut bad);
        // Quoted, so that where a key ends is plain.
        let of_key = key.as_ref().map(|key| format!(" key={:?}", key.as_str()));
        let text = format!("incidents {filter}{period}{}", of_key.unwrap_or_default());
        let after = if bad.is_empty() {
            page::open(&request.page_token, &text, &self.secret, &who.member, &mut bad)
        } else {
            None
        };
        if !bad.is_empty() {
            return Err(invalid_argument(&bad.into_vec()));
        }
        let wanted = Wanted {
            probes: naming::probes(&filter.sought, &self.secret),
            only: key.map(|key| number(self.secret.incident_id(&who.member, &key))),
            sketch: Sketch::of(&filter, &period),
        };
        Ok(Asked {
            filter,
            period,
            wanted,
            size,
            text,
            after: after.map(u128::from_be_bytes),
        })
    }

    fn stride(&self, who: &Principal, wanted: &Wanted, after: Option<u128>) -> Stride {
        let shelves = self.shelves();
        let shelf = shelves.get(&who.member);
        shelf.map(|shelf| shelf.stride(wanted, after)).unwrap_or_default()
    }

    fn token(&self, who: &Principal, asked: &Asked, after: Option<u128>) -> String {
        page::seal(
            &after.unwrap_or_default().to_be_bytes(),
            &asked.text,
            &self.secret,
            &who.member,
        )
    }

    /// Reads a candidate and decides on it.
    fn look_at(
        &self,
        who: &Principal,
        asked: &Asked,
        standing: &Standing,
        budget: &mut Budget,
    ) -> Result<Option<Accepted>, Status> {
        budget.records -= 1;
        let id = id_of(standing.newest.id());
        let Some(newest) = self.read(id, standing.newest.place())? else {
            return Ok(None);
        };
        if !may_see_incident(who, &newest) || !asked.period.holds_incident(&newest) {
            return Ok(None);
        }
        let before = match standing.named.filter(|_| newest.incident.retracted) {
            Some(place) => {
                budget.records = budget.records.saturating_sub(1);
                self.read(id, place)?
            }
            None => None,
        };
        let named: &BTreeSet<Indicator> = &before.as_ref().unwrap_or(&newest).incident.indicators;
        Ok(asked.filter.finds(&newest.incident, named).then_some(newest))
    }

    /// The record of a revision; none where the log no longer holds it.
    fn read(&self, id: IncidentId, place: Place) -> Result<Option<Accepted>, Status> {
        let partition = Secret::partition(id, self.log.partitions(Topic::Incidents));
        let only = ReadLimit {
            records: 1,
            ..ReadLimit::default()
        };
        let records = self.log.read(Topic::Incidents, partition, place.position, only);
        let records = records.map_err(|error| {
            tracing::warn!(%error, "a report cannot be read for a search");
            let message = "reports cannot be read at the moment: search again later";
            status::unavailable("LOG_UNREADABLE", message, RETRY_UNREADABLE)
        })?;
        let record = records.first().filter(|(position, _)| *position == place.position);
        let decoded = record.and_then(|(_, record)| incident::decode(&record.payload).ok());
        let is_it = |accepted: &Accepted| accepted.id == id && accepted.incident.revision == place.revision;
        Ok(decoded.map(|(accepted, _)| accepted).filter(is_it))
    }
}
