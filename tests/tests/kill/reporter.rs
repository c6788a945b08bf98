//! A member that reports without end, through every crash.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chappe_proto::v1;
use chappe_proto::v1::submit_stream_response::Outcome;
use chappe_tests::{Client, PATIENCE, indicator, report};
use fastrand::Rng;
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, Interval, MissedTickBehavior, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

/// The members that report, each from its own country.
pub const REPORTERS: [(&str, &str); 6] = [
    ("csirt-at", "AT"),
    ("csirt-be", "BE"),
    ("csirt-cz", "CZ"),
    ("csirt-de", "DE"),
    ("csirt-ee", "EE"),
    ("csirt-fr", "FR"),
];

/// Reports of a member that wait for their answer, unless `CHAPPE_WINDOW` says otherwise.
const WINDOW: usize = 32;
/// A member makes one report in this time, unless `CHAPPE_PACE_MICROS` says otherwise: enough to have some under way at any moment, few
/// enough for the log to stay short.
const PACE: Duration = Duration::from_millis(5);
/// Reports of a member in one wave.
const PER_WAVE: usize = 3;
/// One wave in so many stays in two countries.
const NARROW_ONE_IN: usize = 5;
/// One report in so many names a sector of high criticality.
const ENERGY_ONE_IN: usize = 4;
/// One report in so many gets a second revision.
const REVISED_ONE_IN: usize = 7;
/// After a broken stream the next is tried after this long at the latest.
const COMES_BACK: Duration = Duration::from_millis(500);
/// Acknowledged revisions that are asked for, and as many that are submitted again, after each crash.
const LOOKED_AT: usize = 3;

/// A revision of a report.
pub type Key = (String, u32);

/// The member.
pub struct Reporter {
    of: usize,
    token: String,
    addresses: watch::Receiver<Vec<SocketAddr>>,
    stop: watch::Receiver<bool>,
    rng: Rng,
    made: usize,
    sequence: u64,
    pending: BTreeMap<u64, v1::Incident>,
    /// Everything that was ever handed to the program.
    pub submitted: BTreeMap<Key, v1::Incident>,
    /// Everything that it acknowledged.
    pub acked: BTreeMap<Key, v1::Receipt>,
    latest: Vec<Key>,
    /// How many streams it took.
    pub streams: usize,
}

/// The connection broke: the program was killed.
struct Broken;

impl From<Status> for Broken {
    fn from(status: Status) -> Self {
        let broken = [
            Code::Unavailable,
            Code::Unknown,
            Code::Cancelled,
            Code::Internal,
            Code::Aborted,
        ];
        assert!(
            broken.contains(&status.code()),
            "not what a crash looks like: {status:?}"
        );
        Self
    }
}

impl Reporter {
    pub fn new(
        of: usize,
        token: &str,
        addresses: watch::Receiver<Vec<SocketAddr>>,
        stop: watch::Receiver<bool>,
        rng: Rng,
    ) -> Self {
        Self {
            of,
            token: token.to_owned(),
            addresses,
            stop,
            rng,
            made: 0,
            sequence: 0,
            pending: BTreeMap::new(),
            submitted: BTreeMap::new(),
            acked: BTreeMap::new(),
            latest: Vec::new(),
            streams: 0,
        }
    }

    /// Reports until told to stop, and then until all is acknowledged.
    pub async fn run(mut self) -> Self {
        let mut progress = Instant::now();
        loop {
            let addresses = self.addresses.borrow_and_update().clone();
            let client = Client::new(addresses[self.rng.usize(0..addresses.len())], &self.token).unwrap();
            let acked = self.acked.len();
            self.streams += 1;
            if self.session(&client).await.is_ok() {
                return self;
            }
            if self.acked.len() > acked {
                progress = Instant::now();
            }
            assert!(
                progress.elapsed() < PATIENCE,
                "nothing was acknowledged for {PATIENCE:?}"
            );
            // It comes back under another address, or there is another.
            let _ = timeout(COMES_BACK, self.addresses.changed()).await;
        }
    }

    async fn session(&mut self, client: &Client) -> Result<(), Broken> {
        for at in (1..=LOOKED_AT).filter_map(|back| self.latest.len().checked_sub(back)) {
            self.look(client, &self.latest[at]).await?;
        }
        for _ in 0..LOOKED_AT.min(self.latest.len()) {
            // Submitted again, it must get the receipt that it got.
            let again = self.submitted[&self.latest[self.rng.usize(0..self.latest.len())]].clone();
            self.expect_answer(again);
        }
        let (send, sent) = mpsc::channel(2 * window() + LOOKED_AT);
        for (sequence, incident) in &self.pending {
            send.try_send(message(*sequence, incident))
                .expect("room for what is pending");
        }
        let answers = client.incidents().submit_stream(ReceiverStream::new(sent)).await?;
        self.report_on(&send, answers.into_inner()).await
    }

    async fn report_on(
        &mut self,
        send: &mpsc::Sender<v1::SubmitStreamRequest>,
        mut answers: Streaming<v1::SubmitStreamResponse>,
    ) -> Result<(), Broken> {
        let (mut pace, window) = (paced(), window());
        loop {
            let stopping = *self.stop.borrow();
            if stopping && self.pending.is_empty() {
                return Ok(());
            }
            tokio::select! {
                answer = answers.message() => self.hear(answer?.ok_or(Broken)?)?,
                _ = pace.tick(), if !stopping && self.pending.len() < window => {
                    let incident = self.next();
                    let sequence = self.expect_answer(incident);
                    send.send(message(sequence, &self.pending[&sequence])).await.map_err(|_| Broken)?;
                }
                _ = self.stop.changed(), if !stopping => {}
            }
        }
    }

    /// An acknowledged revision is there.
    async fn look(&self, client: &Client, key: &Key) -> Result<(), Broken> {
        let name = self.acked[key].incident.clone();
        match client.incidents().get_incident(v1::GetIncidentRequest { name }).await {
            Ok(answer) => {
                let stored = answer.into_inner().incident.unwrap();
                assert_eq!(stored.report_key, key.0);
                assert!(
                    stored.revision >= key.1,
                    "{key:?} was acknowledged, and revision {} is the newest",
                    stored.revision
                );
                Ok(())
            }
            Err(status) if status.code() == Code::NotFound => panic!("{key:?} was acknowledged and is lost"),
            Err(status) => Err(status.into()),
        }
    }

    fn expect_answer(&mut self, incident: v1::Incident) -> u64 {
        self.sequence += 1;
        self.pending.insert(self.sequence, incident);
        self.sequence
    }

    fn hear(&mut self, answer: v1::SubmitStreamResponse) -> Result<(), Broken> {
        match answer.outcome.unwrap() {
            Outcome::Receipt(receipt) => {
                let incident = self
                    .pending
                    .remove(&answer.sequence)
                    .expect("an answer to what was sent");
                let key = (incident.report_key, incident.revision);
                assert_eq!((&receipt.report_key, receipt.revision), (&key.0, key.1));
                match self.acked.get(&key) {
                    Some(before) => assert_eq!(before, &receipt, "another receipt for the same"),
                    None => {
                        self.latest.push(key.clone());
                        self.acked.insert(key, receipt);
                    }
                }
            }
            // It stays pending, and is sent again on the next connection.
            Outcome::Error(error) => {
                assert_eq!(error.code, Code::Unavailable as i32, "{error:?}");
                return Err(Broken);
            }
        }
        Ok(())
    }

    /// A report of a wave that runs through the members, or the second revision of one that was acknowledged.
    fn next(&mut self) -> v1::Incident {
        let revise = self.made % REVISED_ONE_IN == REVISED_ONE_IN - 1;
        let incident = if let Some((key, 1)) = self.latest.last().filter(|_| revise).cloned()
            && !self.submitted.contains_key(&(key.clone(), 2))
        {
            let first = self.submitted[&(key, 1)].clone();
            v1::Incident {
                revision: 2,
                severity: v1::Severity::High as i32,
                ..first
            }
        } else {
            self.report_of_wave()
        };
        self.made += 1;
        self.submitted
            .insert((incident.report_key.clone(), incident.revision), incident.clone());
        incident
    }

    fn report_of_wave(&self) -> v1::Incident {
        let (member, country) = REPORTERS[self.of];
        let wave = self.made / PER_WAVE;
        let takes_part = if wave.is_multiple_of(NARROW_ONE_IN) {
            self.of < 2
        } else {
            !(wave + self.of).is_multiple_of(3)
        };
        let value = if takes_part {
            format!("wave{wave}.example")
        } else {
            format!("own{}-{member}.example", self.made)
        };
        let mut incident = report(&format!("{member}-{}", self.made));
        incident.countries = vec![country.to_owned()];
        incident.indicators = vec![indicator(v1::IndicatorType::Domain, &value)];
        if self.made.is_multiple_of(ENERGY_ONE_IN) {
            incident.sectors = vec!["energy".to_owned()];
        }
        incident
    }
}

fn message(sequence: u64, incident: &v1::Incident) -> v1::SubmitStreamRequest {
    v1::SubmitStreamRequest {
        sequence,
        incident: Some(incident.clone()),
    }
}

fn window() -> usize {
    std::env::var("CHAPPE_WINDOW").map_or(WINDOW, |window| window.parse().expect("a number of reports"))
}

fn paced() -> Interval {
    let micros = std::env::var("CHAPPE_PACE_MICROS");
    let every = micros.map_or(PACE, |micros| {
        Duration::from_micros(micros.parse().expect("a number of microseconds"))
    });
    let mut pace = interval(every);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}
