//! Stating a constituency: from a request to a durable record and its answer; and what is stated, for those who may see it.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use bytes::Bytes;
use chappe_constituency::Constituency;
use chappe_eventlog::{Position, ReadError, ReadLimit, Record, Topic, append_blocking};
use chappe_identity::Directory;
use chappe_model::limits::CONSTITUENCY_ENTRIES;
use chappe_model::{MemberId, Principal, Timestamp};
use chappe_proto::constituency::{self, Stated};
use chappe_proto::{Violations, invalid_argument, status, time, v1};
use tonic::{Code, Status};

use crate::board::Board;
use crate::constituencies::{InForce, Read};
use crate::deciding::{FULL, SOON, unreadable};

/// The only partition of the topic.
const PARTITION: u16 = 0;

impl Board {
    /// States the constituency of a member of `directory` in the name of `who`, stamped `now`, and answers once that is durable and in force here.
    /// What stands already is answered alike, without a new record. It waits for the log: never call it on a thread that serves others.
    ///
    /// # Errors
    /// PERMISSION_DENIED unless the caller is of the hub; INVALID_ARGUMENT with every violation; RESOURCE_EXHAUSTED when all constituencies
    /// together would be above [`CONSTITUENCY_ENTRIES`], while another is being recorded, and when the log takes nothing just now; UNAVAILABLE
    /// when the outcome is unknown or the log has stopped: send the same again.
    pub fn state_constituency(
        &self,
        who: &Principal,
        directory: &Directory,
        request: &v1::SetConstituencyRequest,
        now: Timestamp,
    ) -> Result<v1::SetConstituencyResponse, Status> {
        if !who.role.is_of_the_hub() {
            let message = "constituencies are stated by the hub: ask its duty officer";
            return Err(status::refused(Code::PermissionDenied, "HUB_ONLY", message));
        }
        let mut bad = Violations::default();
        let member = known(directory, &request.member, &mut bad);
        let empty = v1::Constituency::default();
        let wire = request.constituency.as_ref().unwrap_or(&empty);
        let wanted = constituency::parse(wire, "constituency", &mut bad);
        let (Some(member), Some(wanted)) = (member, wanted) else {
            return Err(invalid_argument(&bad.into_vec()));
        };
        // One at a time, so that the second finds what the first became. Nobody waits: whoever decides shares the room.
        let Some(_turn) = turn(&self.stating) else {
            let message = "another constituency is being recorded here: send this one again once that is answered";
            return Err(status::exhausted("UNDER_WAY", message, SOON));
        };
        while self.read_constituencies_on().map_err(|error| unreadable(&error))? > 0 {}
        let unchanged = self.stands(&member, &wanted)?;
        if !unchanged {
            self.record_constituency(who, &member, wanted, now)?;
        }
        let view = self.view();
        let in_force = view.constituencies.of(&member);
        Ok(v1::SetConstituencyResponse {
            summary: in_force.map(|in_force| summary(who, &member, in_force)),
            unchanged,
            durability: self.durability_class() as i32,
        })
    }

    /// Whether this is in force already; an error where there is no room for it.
    fn stands(&self, member: &MemberId, wanted: &Constituency) -> Result<bool, Status> {
        let view = self.view();
        if view
            .constituencies
            .of(member)
            .is_some_and(|now| now.constituency == *wanted)
        {
            return Ok(true);
        }
        let entries = view.constituencies.entries_with(member, wanted);
        if entries > CONSTITUENCY_ENTRIES {
            return Err(no_room(entries));
        }
        Ok(false)
    }

    fn record_constituency(
        &self,
        who: &Principal,
        member: &MemberId,
        constituency: Constituency,
        now: Timestamp,
    ) -> Result<(), Status> {
        let stamp = now.max(self.view().constituencies.of(member).map_or(now, |held| held.since));
        let stated = Stated {
            member: member.clone(),
            stated_by: who.member.clone(),
            constituency,
        };
        let (key, payload) = (constituency::key(member), constituency::encode(&stated));
        let record = Record::data(stamp.as_millis(), key.into(), Bytes::from(payload));
        let position = append_blocking(&*self.log, Topic::Config, PARTITION, record)
            .map_err(|error| self.not_appended("the constituency", &error))?;
        self.read_constituency_back(position)?;
        let view = self.view();
        // Of several processes that fill the last room at once the log's order decides.
        let is_in = view
            .constituencies
            .of(member)
            .is_some_and(|now| now.position >= position);
        match is_in {
            true => Ok(()),
            false => Err(no_room(view.constituencies.entries_with(member, &stated.constituency))),
        }
    }

    /// Reads on past a record that was just appended, so that it is in force for whoever asks next.
    fn read_constituency_back(&self, position: Position) -> Result<(), Status> {
        while self.view().constituencies.next() <= position {
            let read = self.read_constituencies_on().map_err(|error| unreadable(&error))?;
            if read == 0 {
                let message = "recorded, and cannot be read back just now: send the same again";
                return Err(status::unavailable("BEHIND", message, SOON));
            }
        }
        Ok(())
    }

    /// One read of the topic; how many records there were.
    pub(crate) fn read_constituencies_on(&self) -> Result<usize, ReadError> {
        let _reading = self.reading_config.lock().unwrap_or_else(PoisonError::into_inner);
        let from = self.view().constituencies.next();
        let records = self.log.read(Topic::Config, PARTITION, from, ReadLimit::default())?;
        // Decoded and laid out before the view is locked.
        let read: Vec<Read> = records
            .iter()
            .map(|(position, record)| Read::of(*position, record))
            .collect();
        let count = read.len();
        if count > 0 {
            let mut view = self.write_view();
            read.into_iter().for_each(|read| view.constituencies.take(read));
        }
        Ok(count)
    }

    /// The constituency of a member; the caller's own where none is named.
    ///
    /// # Errors
    /// NOT_FOUND, in the same words, when none is stated and when the caller may not see it: a member sees its own, the hub everyone's.
    pub fn constituency(
        &self,
        who: &Principal,
        request: &v1::GetConstituencyRequest,
    ) -> Result<v1::GetConstituencyResponse, Status> {
        let view = self.view();
        let named = match request.member.as_str() {
            "" => Some(who.member.clone()),
            text => MemberId::parse(text).ok(),
        };
        let shown = named.filter(|member| may_know(who, member));
        let found = shown.and_then(|member| Some((view.constituencies.of(&member)?, member)));
        let Some((in_force, member)) = found else {
            let message = "no constituency is stated of that member, or not one you may see: ask the hub";
            return Err(status::refused(Code::NotFound, "CONSTITUENCY_NOT_FOUND", message));
        };
        Ok(v1::GetConstituencyResponse {
            summary: Some(summary(who, &member, in_force)),
            constituency: Some(constituency::to_wire(&in_force.constituency)),
        })
    }

    /// Every constituency that `who` may see, in short.
    #[must_use]
    pub fn constituencies(&self, who: &Principal) -> v1::ListConstituenciesResponse {
        let view = self.view();
        let seen = view.constituencies.all().filter(|(member, _)| may_know(who, member));
        v1::ListConstituenciesResponse {
            summaries: seen.map(|(member, in_force)| summary(who, member, in_force)).collect(),
        }
    }
}

fn turn(stating: &Mutex<()>) -> Option<MutexGuard<'_, ()>> {
    match stating.try_lock() {
        Ok(turn) => Some(turn),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn known(directory: &Directory, text: &str, bad: &mut Violations) -> Option<MemberId> {
    let member = bad.check("member", MemberId::parse(text))?;
    if directory.knows(&member) {
        return Some(member);
    }
    bad.push(
        "member",
        format!("'{member}' is no member of this installation: it needs an entry in chappe.toml"),
    );
    None
}

fn may_know(who: &Principal, member: &MemberId) -> bool {
    who.member == *member || who.role.is_of_the_hub()
}

fn summary(who: &Principal, member: &MemberId, in_force: &InForce) -> v1::ConstituencySummary {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let stated_by = who.role.is_of_the_hub().then(|| in_force.stated_by.to_string());
    v1::ConstituencySummary {
        member: member.to_string(),
        in_force_since: Some(time::to_wire(in_force.since)),
        stated_by: stated_by.unwrap_or_default(),
        countries: count(in_force.constituency.countries().count()),
        sectors: count(in_force.constituency.sectors().count()),
        networks: count(in_force.constituency.networks().len()),
        domains: count(in_force.constituency.domains().len()),
    }
}

fn no_room(entries: usize) -> Status {
    let message = format!(
        "all constituencies together would have {entries} networks and domains, and {CONSTITUENCY_ENTRIES} is the most: name broader ones"
    );
    status::exhausted("TOO_MANY_ENTRIES", &message, FULL)
}
