//! An installation in one thread: who runs next, and what goes wrong, is drawn from the seed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use chappe_eventlog::{EventLog, MemoryLog, Partitions, Position, ReadLimit, Record, Topic, append_blocking};
use chappe_model::Timestamp;
use chappe_testkit::Case;
use fastrand::Rng;

use crate::faults::Faults;
use crate::line::{Leftover, Trouble};
use crate::members::{Request, Script, Watcher};
use crate::process::{Body, Disk, Kind, MEMBERS, Process, START, Settings};
use crate::standing::Standing;

/// Partitions of the incidents.
const PARTITIONS: u16 = 4;
/// Virtual time between two turns, in milliseconds.
const STEPS_MS: [u64; 8] = [0, 0, 1, 1, 3, 5, 10, 25];
/// Rounds after the last fault within which all must have come to rest.
const ROUNDS: u64 = 3_000;
/// Rounds until every lot has the owner that it keeps: longer than a silence and a calm.
const CALM_ROUNDS: u64 = 250;
/// Virtual time of one such round, in milliseconds.
const ROUND_MS: u64 = 20;
/// Longer than anything waits that is told late, in milliseconds of log time.
const LATE_MS: u64 = 40_000;

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Turns that were given.
    pub turns: u64,
    /// Faults of any kind.
    pub faults: u64,
    /// Processes that were started again.
    pub restarts: u64,
    /// Correlation processes that ended by themselves.
    pub failures: u64,
    /// Revisions with a receipt.
    pub receipts: u64,
    /// Requests that were refused for good.
    pub refusals: u64,
    /// Lots that changed hands.
    pub takeovers: u64,
    /// Alerts that stand.
    pub alerts: u64,
    /// Records of replaced owners.
    pub fenced: u64,
    /// Feeds that went on by a cursor.
    pub resumed: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            turns: self.turns + other.turns,
            faults: self.faults + other.faults,
            restarts: self.restarts + other.restarts,
            failures: self.failures + other.failures,
            receipts: self.receipts + other.receipts,
            refusals: self.refusals + other.refusals,
            takeovers: self.takeovers + other.takeovers,
            alerts: self.alerts + other.alerts,
            fenced: self.fenced + other.fenced,
            resumed: self.resumed + other.resumed,
        }
    }
}

pub(crate) struct Installation {
    pub(crate) rng: Rng,
    pub(crate) now: u64,
    pub(crate) log: MemoryLog,
    pub(crate) settings: Settings,
    pub(crate) processes: Vec<Process>,
    pub(crate) requests: Vec<Request>,
    leaps: Vec<(u64, u64)>,
    pub(crate) watchers: Vec<Watcher>,
    /// What may still be written of processes that have gone, and when.
    pub(crate) left: Vec<(u64, Leftover)>,
    trace: DefaultHasher,
    pub(crate) tally: Tally,
    pub(crate) standing: Standing,
    end: u64,
}

impl Installation {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x51_4d);
        let case = Case::generate(seed % 998);
        let log = MemoryLog::with_faults(
            Partitions::default().with(Topic::Incidents, PARTITIONS),
            chappe_eventlog::FaultPlan::none(),
        )
        .shared();
        let script = Script::draw(&case, &mut rng);
        let mut processes = vec![];
        for nth in 0..rng.u64(2..4) {
            processes.push(Process::new(Kind::Ingest, nth, &log, Arc::default(), &mut rng));
        }
        let (shared, disk) = (rng.u8(0..4) == 0, Arc::<Disk>::default());
        let instances = [1, 2, 2, 3, 3][rng.usize(0..5)];
        for nth in 0..instances {
            let own = if shared { Arc::clone(&disk) } else { Arc::default() };
            let mut process = Process::new(Kind::Correlation, nth, &log, own, &mut rng);
            if nth == 2 {
                process.down_until = rng.u64(0..script.end);
            }
            processes.push(process);
        }
        for nth in 0..2 {
            processes.push(Process::new(Kind::Notification, nth, &log, Arc::default(), &mut rng));
        }
        for process in &mut processes {
            process.skew_ms = rng.u64(0..3) * rng.u64(0..1_000);
        }
        let watchers = MEMBERS.iter().take(2).map(|(id, home)| Watcher::new(id, Some(home)));
        Self {
            now: 0,
            settings: Settings {
                policy: case.policy,
                snapshot_ms: [200, 1_000, 5_000][rng.usize(0..3)],
            },
            log,
            processes,
            requests: script.requests,
            leaps: script.leaps,
            watchers: watchers.chain([Watcher::new("europol", None)]).collect(),
            left: vec![],
            trace: DefaultHasher::new(),
            tally: Tally::default(),
            standing: Standing::default(),
            end: script.end,
            rng,
        }
    }

    /// What the clocks of all processes say, but for what they are wrong by.
    fn clock(&self) -> Timestamp {
        let leaps = self.leaps.iter().filter(|(from, _)| *from <= self.now);
        START.plus(self.now + leaps.map(|(_, leap)| leap).sum::<u64>())
    }

    fn note(&mut self, what: impl Hash) {
        (self.now, what).hash(&mut self.trace);
    }

    /// One number for everything that happened and all that stands in the log.
    pub(crate) fn trace(&self) -> u64 {
        let mut trace = self.trace.clone();
        for topic in Topic::ALL {
            for partition in 0..self.log.partitions(topic) {
                for (_, record) in self.records(topic, partition) {
                    (record.kind, record.stamp_ms, &record.key[..], &record.payload[..]).hash(&mut trace);
                }
            }
        }
        trace.finish()
    }

    pub(crate) fn records(&self, topic: Topic, partition: u16) -> Vec<(Position, Record)> {
        let all = ReadLimit {
            records: usize::MAX,
            bytes: usize::MAX,
        };
        self.log.read(topic, partition, Position(0), all).expect("a partition")
    }

    /// While reports come and faults happen.
    pub(crate) fn live(&mut self, faults: &Faults) -> Result<(), String> {
        while self.now < self.end {
            self.now += STEPS_MS[self.rng.usize(0..STEPS_MS.len())];
            self.start_and_end();
            if self.rng.u32(0..faults.one_in) == 0 {
                self.tally.faults += 1;
                let fault = faults.strike(self);
                self.note(fault);
            }
            match self.rng.u8(0..10) {
                0 => self.ask(),
                1 => self.watch()?,
                _ => self.run_one(),
            }
            self.standing.read_on(&self.log)?;
        }
        Ok(())
    }

    /// Processes come and go as their time has come, and so does trouble.
    fn start_and_end(&mut self) {
        let (now, clock) = (self.now, self.clock());
        for process in &mut self.processes {
            if process.body.is_none() && process.down_until <= now {
                process.start(&self.settings, now, clock, &mut self.rng);
                self.tally.restarts += u64::from(process.starts > 1);
                process.down_until = now + 500;
            }
            if process.troubled_until <= now && process.line.trouble() != Trouble::default() {
                process.line.set_trouble(Trouble::default());
            }
            if process.line.trouble() == Trouble::default() {
                process.line.release(usize::MAX);
            }
            if let Some(reason) = process.ended() {
                self.tally.failures += u64::from(reason != "stopped");
                let left = process.crash(&mut self.rng);
                process.down_until = now + self.rng.u64(0..2_000);
                self.left.extend(left.into_iter().map(|left| (now + 100, left)));
            }
        }
        let (due, later) = std::mem::take(&mut self.left)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.left = later;
        let due: Vec<(u64, Leftover)> = due;
        for (_, ((topic, partition), record)) in due {
            append_blocking(&self.log, topic, partition, record).expect("the log itself takes everything");
        }
    }

    /// A process that may run gets some turns.
    fn run_one(&mut self) {
        let nth = self.rng.usize(0..self.processes.len());
        let (now, clock) = (self.now, self.clock());
        let process = &mut self.processes[nth];
        if !process.runs(now) {
            return;
        }
        match self.rng.u8(0..4) {
            0 => process.line.release(self.rng.usize(0..4)),
            1 => process.line.refresh(self.rng.usize(0..64)),
            _ => {}
        }
        let actors = process.actors();
        for _ in 0..self.rng.usize(1..=actors) {
            // The reader, the custodian and the linker as often as all shards together.
            let actor = match self.rng.usize(0..6) {
                few @ 0..3 => few.min(actors - 1),
                _ => self.rng.usize(0..actors),
            };
            let did = process.step(actor, now, clock);
            self.tally.turns += 1;
            (now, nth, actor, did).hash(&mut self.trace);
        }
    }

    /// One member asks, or hears.
    fn ask(&mut self) {
        let now = self.now;
        for nth in 0..self.requests.len() {
            self.hear(nth);
            let request = &self.requests[nth];
            if request.is_done() || request.due > now || request.awaits().is_some() {
                continue;
            }
            let desk = self.rng.usize(0..self.processes.len());
            let process = &self.processes[desk];
            if let Some(Body::Ingest(at, _)) = &process.body
                && process.runs(now)
            {
                self.requests[nth].send(desk, process.starts, at);
                self.note(("ask", nth, desk));
            }
        }
    }

    fn hear(&mut self, nth: usize) {
        let request = &mut self.requests[nth];
        if let Some((process, start)) = request.awaits() {
            let process = &self.processes[process];
            let is_gone = process.starts != start || process.body.is_none();
            request.hear(self.now, is_gone);
        }
    }

    /// One watcher takes what there is, or goes elsewhere.
    fn watch(&mut self) -> Result<(), String> {
        let nth = self.rng.usize(0..self.watchers.len());
        let (at_most, beats) = (self.rng.usize(1..6), self.rng.u8(0..3) == 0);
        if self.rng.u8(0..8) == 0 {
            self.watchers[nth].feed = None;
        }
        let at = self.rng.usize(0..self.processes.len());
        self.watch_at(nth, at, at_most, beats).map(drop)
    }

    /// Returns how much there was.
    fn watch_at(&mut self, nth: usize, at: usize, at_most: usize, beats: bool) -> Result<usize, String> {
        let (now, beat) = (self.now, beats.then(|| self.clock()));
        let watcher = &mut self.watchers[nth];
        let at = watcher.feed.as_ref().map_or(at, |(process, ..)| *process);
        let process = &self.processes[at];
        let Some(Body::Notification(board)) = process.body.as_ref().filter(|_| process.runs(now)) else {
            return Ok(0);
        };
        if watcher
            .feed
            .as_ref()
            .is_some_and(|(_, start, _)| *start != process.starts)
        {
            watcher.feed = None;
        }
        if watcher.feed.is_none() {
            watcher.resume(at, process.starts, board);
        }
        let count = watcher.watch(board, at_most, beat)?;
        self.note(("watch", nth, at, count));
        Ok(count)
    }

    /// A record that somebody else wrote.
    pub(crate) fn poison(&mut self) {
        let topic = [Topic::Incidents, Topic::Alerts, Topic::Pulse][self.rng.usize(0..3)];
        let partition = self.rng.u16(0..self.log.partitions(topic));
        let noise: Vec<u8> = (0..self.rng.usize(0..20)).map(|_| self.rng.u8(..)).collect();
        let stamp_ms = START.as_millis();
        let payload = Bytes::from(noise);
        let record = match self.rng.bool() && topic != Topic::Incidents {
            true => Record {
                payload,
                ..Record::mark(stamp_ms)
            },
            false => Record::data(stamp_ms, Bytes::new(), payload),
        };
        append_blocking(&self.log, topic, partition, record).expect("the log itself takes everything");
    }

    /// Nothing goes wrong any more: all come to rest, after log time has passed for the last time.
    pub(crate) fn come_to_rest(&mut self) -> Result<(), String> {
        for process in &mut self.processes {
            (process.paused_until, process.troubled_until, process.down_until) = (0, 0, 0);
        }
        self.left.iter_mut().for_each(|(at, _)| *at = 0);
        self.answer_all()?;
        for _ in 0..CALM_ROUNDS {
            self.round()?;
        }
        if self.rng.u8(0..3) == 0 {
            self.leaps.push((self.now, 200_000)); // all is over, and let go of
            self.until("log time passes", |it| it.is_judged())?;
        }
        self.leaps.push((self.now, LATE_MS));
        let now = self.now;
        self.processes.iter_mut().for_each(|process| process.mark_at = now);
        self.round()?;
        self.processes.iter_mut().for_each(|process| process.mark_at = u64::MAX);
        self.until("all is judged", Self::is_judged)?;
        let (now, clock) = (self.now, self.clock());
        for at in 0..self.processes.len() {
            if self.processes[at].kind != Kind::Notification {
                continue;
            }
            self.processes[at].step(0, now, clock);
            for nth in 0..self.watchers.len() {
                while self.watch_at(nth, at, 64, false)? > 0 {}
            }
        }
        Ok(())
    }

    /// Desks that are each in doubt of another content of one revision refuse both until one is started anew (ADR 0016).
    fn answer_all(&mut self) -> Result<(), String> {
        let what = "every request is answered";
        let is_done = |it: &mut Self| it.requests.iter().all(Request::is_done);
        if self.until(what, is_done).is_ok() {
            return Ok(());
        }
        for process in self.processes.iter_mut().filter(|process| process.kind == Kind::Ingest) {
            process.crash(&mut self.rng);
        }
        self.until(what, is_done).map_err(|reason| {
            let open = self.requests.iter().filter(|request| !request.is_done());
            format!("{reason}: {:?}", open.map(Request::story).collect::<Vec<_>>())
        })
    }

    /// Whether a time mark says that all is judged that stands before the last time marks of the incidents.
    fn is_judged(&mut self) -> bool {
        let marked = (0..PARTITIONS).map(|partition| {
            let marks = self.records(Topic::Incidents, partition).into_iter();
            let marks = marks.filter(|(_, record)| record.kind == chappe_eventlog::RecordKind::Mark);
            marks.map(|(_, record)| record.stamp_ms).max().unwrap_or_default()
        });
        let marked = marked.min().unwrap_or_default();
        self.standing.watermark.as_millis() >= marked && marked > 0
    }

    fn until(&mut self, what: &str, done: impl Fn(&mut Self) -> bool) -> Result<(), String> {
        for _ in 0..ROUNDS {
            self.round()?;
            if done(self) {
                return Ok(());
            }
        }
        Err(format!("not within {} s: {what}", ROUNDS * ROUND_MS / 1_000))
    }

    fn round(&mut self) -> Result<(), String> {
        self.now += ROUND_MS;
        self.start_and_end();
        let (now, clock) = (self.now, self.clock());
        for process in &mut self.processes {
            for actor in 0..process.actors() {
                let mut left = 64;
                while process.step(actor, now, clock) && left > 0 {
                    left -= 1;
                }
            }
        }
        self.ask();
        self.standing.read_on(&self.log)
    }
}
