//! The memory budget of an installation as `chappe serve` runs it: a flood of keys by one member is refused, others pass, and log time
//! makes room.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chappe::client::{Following, ServerAddress, Session, Told};
use chappe::{Config, Installation, Pace, Running, Token};
use chappe_clock::{Clock, ManualClock};
use chappe_model::Timestamp;
use chappe_proto::v1::incident_service_client::IncidentServiceClient;
use chappe_proto::v1::submit_stream_response::Outcome;
use chappe_proto::{time, v1};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

const FLOODER: &str = "csirt-at";
const MEMBERS: [(&str, &str, &str); 4] = [
    (FLOODER, "AT", "member"),
    ("csirt-cz", "CZ", "member"),
    ("csirt-de", "DE", "member"),
    ("europol", "", "duty-officer"),
];
/// Indicators of one report of the flood.
const LARGE: u64 = 1_000;
/// Half of 64 MiB, in contributions.
const FREE: u64 = 16_384;
/// Window and lateness of the built-in rules.
const HORIZON_MS: u64 = (24 * 3_600 + 300) * 1_000;
/// Longer than any of this takes: a bound on failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(60);

fn token(member: &str) -> Token {
    Token::parse(&format!("token-of-{member}")).unwrap()
}

fn config(folder: &Path) -> Config {
    let mut text = "memory-mib = 64\n".to_owned();
    for (id, country, role) in MEMBERS {
        let country = match country {
            "" => String::new(),
            country => format!("country = \"{country}\"\n"),
        };
        let digest = token(id).digest();
        text += &format!("[[members]]\nid = \"{id}\"\nrole = \"{role}\"\n{country}token-digest = \"{digest}\"\n");
    }
    Config::parse(&text, Path::new("chappe.toml"), folder).unwrap()
}

async fn start(folder: &Path, clock: &Arc<ManualClock>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pace = Pace {
        heartbeat: Duration::from_millis(50),
        mark_interval: Duration::from_millis(50),
        ..Pace::default()
    };
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Installation::with_pace(pace)
        .start(listener, &config(folder), clock)
        .await
        .unwrap()
}

/// A member's side.
struct Member {
    id: &'static str,
    client: IncidentServiceClient<Channel>,
}

impl Member {
    async fn of(running: &Running, id: &'static str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", running.address())).unwrap();
        let client = IncidentServiceClient::new(endpoint.connect().await.unwrap());
        Self { id, client }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", token(self.id).reveal());
        request.metadata_mut().insert("authorization", bearer.parse().unwrap());
        request
    }

    async fn submit(&mut self, report: v1::Incident) -> Result<v1::Receipt, Status> {
        let request = self.request(v1::SubmitRequest {
            incident: Some(report),
            validate_only: false,
        });
        Ok(self.client.submit(request).await?.into_inner().receipt.unwrap())
    }

    async fn submit_on_a_stream(&mut self, report: v1::Incident) -> Outcome {
        let message = v1::SubmitStreamRequest {
            sequence: 1,
            incident: Some(report),
        };
        let request = self.request(tokio_stream::iter([message]));
        let mut answers = self.client.submit_stream(request).await.unwrap().into_inner();
        answers.message().await.unwrap().unwrap().outcome.unwrap()
    }

    async fn retract(&mut self, report_key: &str, revision: u32) -> Result<(), Status> {
        let request = self.request(v1::RetractRequest {
            report_key: report_key.into(),
            revision,
            reason: String::new(),
        });
        self.client.retract(request).await.map(drop)
    }

    /// How many large reports are taken before the first that is refused for memory.
    async fn flood(&mut self, prefix: &str) -> u64 {
        for n in 0..2 * FREE / LARGE {
            if let Err(status) = self.submit(of_keys(&format!("{prefix}{n}"), LARGE)).await {
                refused(&status);
                return n;
            }
        }
        panic!("never refused");
    }
}

/// A report with so many keys that no other has.
fn of_keys(key: &str, keys: u64) -> v1::Incident {
    let own = |n| v1::Indicator {
        r#type: v1::IndicatorType::Domain as i32,
        value: format!("n{n}-{key}.example").to_lowercase(),
    };
    v1::Incident {
        report_key: key.into(),
        incident_type: "fraud/phishing".into(),
        countries: vec!["AT".into()],
        marking: Some(v1::Marking {
            tlp: v1::Tlp::Amber as i32,
            ..v1::Marking::default()
        }),
        indicators: (0..keys).map(own).collect(),
        ..v1::Incident::default()
    }
}

fn refused(status: &Status) {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    assert_eq!(
        (status.code(), reason),
        (Code::ResourceExhausted, Some("MEMORY_SHARE")),
        "{status:?}"
    );
    let retry = details.retry_info().and_then(|info| info.retry_delay);
    assert_eq!(retry, Some(Duration::from_secs(60)));
}

/// Lets log time pass and waits until everything up to then is judged: correlation has told before that what it holds.
async fn pass(running: &Running, clock: &ManualClock, millis: u64) {
    clock.advance_millis(millis);
    let now = running.ingest().unwrap().mark_now().await.unwrap();
    let address = ServerAddress::parse(&running.address().to_string()).unwrap();
    let session = Session::new(&address, &token("europol")).unwrap();
    let mut following = Following::new(session, v1::SubscribeRequest::default());
    let judged = async {
        loop {
            if let Told::Heartbeat(heartbeat) = following.next().await.unwrap() {
                let upto = heartbeat.log_time.map(|at| time::from_wire(&at).unwrap());
                if upto >= Some(now) {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, judged)
        .await
        .expect("not judged in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_keys_by_one_member_is_refused_while_others_pass() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_764_547_200_000)));
    let running = start(folder.path(), &clock).await;
    let (mut flooder, mut other) = (
        Member::of(&running, FLOODER).await,
        Member::of(&running, "csirt-cz").await,
    );
    assert_eq!(flooder.flood("f").await, FREE.div_ceil(LARGE));
    let Outcome::Error(status) = flooder.submit_on_a_stream(of_keys("streamed", 1)).await else {
        panic!("taken on a stream");
    };
    assert_eq!(status.code, Code::ResourceExhausted as i32);

    // Others are not touched, in single reports and large ones.
    for n in 0..50 {
        other.submit(of_keys(&format!("own{n}"), 1)).await.unwrap();
    }
    other.submit(of_keys("own-large", LARGE)).await.unwrap();

    // What opens no key is taken from the flooder, and what is critical.
    flooder.retract("f0", 1).await.unwrap();
    let fewer = v1::Incident {
        revision: 1,
        ..of_keys("f1", 500)
    };
    flooder.submit(fewer).await.unwrap();
    let urgent = v1::Incident {
        severity: v1::Severity::Critical as i32,
        ..of_keys("urgent", 1)
    };
    flooder.submit(urgent).await.unwrap();

    // A restart forgets nothing: it is counted again from the log.
    running.shutdown().await.unwrap();
    let running = start(folder.path(), &clock).await;
    pass(&running, &clock, 1).await;
    let mut flooder = Member::of(&running, FLOODER).await;
    refused(&flooder.submit(of_keys("after", 1)).await.unwrap_err());

    // Once nothing of it may be revised any more, there is room again.
    pass(&running, &clock, HORIZON_MS + 1).await;
    assert_eq!(flooder.flood("g").await, FREE.div_ceil(LARGE));
    running.shutdown().await.unwrap();
}
