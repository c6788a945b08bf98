//! TAXII over a board in memory: answers as a member gets them, whatever is hidden from it.

mod connections;
mod rooms;

use std::sync::Arc;

use bytes::Bytes;
use chappe_eventlog::MemoryLog;
use chappe_exchange::Draft;
use chappe_model::{Alert, Audience, Principal, Tlp};
use chappe_proto::{status, v1};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use serde_json::{Value, json};

use super::rig::{self, SMALL, append, confined, directory, retracted, revision};
use crate::options::LISTS_AT_ONCE;
use crate::taxii::front::{self, Front, Rooms};
use crate::taxii::inbox::{Inbox, SubmitReport, Submitted};
use crate::taxii::library::Library;

const TAXII: &str = "application/taxii+json;version=2.1";

struct Server {
    log: MemoryLog,
    front: Arc<Front>,
}

impl Server {
    /// With an inbox whose reports are taken, but for one whose key ends in 9.
    fn new() -> Self {
        let submit: SubmitReport = Arc::new(|_: &Principal, draft: Draft, done: Submitted| {
            let refused = draft.report_key.ends_with('9');
            done(match refused {
                false => Ok(v1::Receipt::default()),
                true => Err(status::refused(tonic::Code::InvalidArgument, "X", "no label")),
            });
        });
        let clock = chappe_clock::ManualClock::starting_at(chappe_model::Timestamp::from_millis(10_000));
        Self::on(MemoryLog::new(), Some(Inbox::new(submit, Arc::new(clock))))
    }

    fn on(log: MemoryLog, inbox: Option<Inbox>) -> Self {
        let board = Arc::new(rig::board(Arc::new(log.clone()), SMALL));
        let front = Front {
            library: Arc::new(Library::open(board).unwrap()),
            directory: Arc::new(directory()),
            inbox: inbox.map(Arc::new),
            rooms: Rooms::default(),
        };
        Self {
            log,
            front: Arc::new(front),
        }
    }

    fn tell(&self, alert: &Alert) {
        append(&self.log, alert);
    }

    /// Marks time, so that what was told is dated.
    fn mark(&self, log_time_ms: u64) {
        rig::mark(&self.log, log_time_ms, 1);
        self.front.library.board.catch_up().unwrap();
    }

    /// The answer to a member whose token is its name, as text: head and body.
    async fn answer(&self, who: &str, method: &str, path: &str, body: &str) -> (u16, String, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {who}"))
            .header("accept", TAXII)
            .header("content-type", TAXII)
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let answer = front::answer(Arc::clone(&self.front), request).await;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let headers = format!("{:?}", head.headers);
        (head.status.as_u16(), headers, serde_json::from_slice(&body).unwrap())
    }

    fn member(id: &str) -> chappe_model::MemberId {
        chappe_model::MemberId::parse(id).unwrap()
    }

    async fn get(&self, who: &str, path: &str) -> (u16, String, Value) {
        self.answer(who, "GET", path, "").await
    }

    /// Revisions of the reports of a collection, as `alert.revision`.
    async fn reports(&self, who: &str, rest: &str) -> Vec<String> {
        let (code, _, body) = self.get(who, &format!("/chappe/collections/{rest}")).await;
        assert_eq!(code, 200, "{body}");
        let objects = body["objects"].as_array().cloned().unwrap_or_default();
        let told = objects
            .iter()
            .flat_map(|object| object["extensions"].as_object())
            .flat_map(|all| all.values());
        let told = told.filter(|told| told["alert"].is_string());
        told.map(|told| {
            format!(
                "{}.{}",
                &told["alert"].as_str().unwrap()["alerts/".len()..][..2],
                told["revision"]
            )
        })
        .collect()
    }
}

/// To Germany alone.
fn to_germany(alert: Alert) -> Alert {
    let audience = Audience::Countries(rig::countries(&["DE"]));
    Alert { audience, ..alert }
}

#[tokio::test]
async fn what_is_hidden_changes_no_byte_of_any_answer() {
    let (with, without) = (Server::new(), Server::new());
    for (n, ms) in [(1, 2_000), (2, 3_000), (3, 4_000)] {
        with.tell(&confined(revision(n + 10, 1), &["csirt-de"]));
        with.tell(&to_germany(revision(n + 20, 1)));
        for server in [&with, &without] {
            server.tell(&revision(n, 1));
            server.tell(&revision(1, u32::from(n) + 1));
        }
        with.tell(&to_germany(revision(n + 20, 2)));
        with.mark(ms);
        without.mark(ms);
    }
    let report = |n: u8| {
        let told = chappe_exchange::Told::from(&revision(n, 1));
        chappe_exchange::stix_ids(&told).pop().unwrap()
    };
    let (seen, hidden) = (report(1), report(21));
    let collections = [
        "alerts",
        "tlp-amber",
        "tlp-red",
        "audience-eu",
        "audience-countries",
        "audience-recipients",
    ];
    for collection in collections {
        for path in [
            "".to_owned(),
            "objects/".to_owned(),
            "objects/?limit=2".to_owned(),
            "objects/?added_after=1970-01-01T00:00:03.000000Z&match[version]=all".to_owned(),
            "manifest/?match[version]=all&limit=3".to_owned(),
            "manifest/?match[type]=location".to_owned(),
            format!("objects/?match[id]={hidden},{seen}"),
            format!("objects/{seen}/?match[version]=all"),
            format!("objects/{seen}/versions/"),
            format!("objects/{hidden}/"),
            format!("objects/{hidden}/versions/"),
        ] {
            let path = format!("/chappe/collections/{collection}/{path}");
            assert_eq!(
                with.get("csirt-at", &path).await,
                without.get("csirt-at", &path).await,
                "{path}"
            );
        }
    }
    assert_eq!(
        with.get("csirt-at", "/chappe/collections/").await,
        without.get("csirt-at", "/chappe/collections/").await
    );
    assert_eq!(
        with.reports("csirt-de", "audience-countries/objects/").await,
        ["15.2", "16.2", "17.2"]
    );
    assert_eq!(
        with.reports("csirt-de", "tlp-red/objects/").await,
        ["0b.1", "0c.1", "0d.1"]
    );
    assert_eq!(
        with.reports("csirt-at", "alerts/objects/").await,
        ["02.1", "03.1", "01.4"]
    );
}

#[tokio::test]
async fn versions_come_from_the_log_and_the_newest_revision_decides() {
    let server = Server::new();
    for n in 1..=6 {
        server.tell(&revision(1, n));
        server.mark(2_000 + u64::from(n));
    }
    let all = server
        .reports("csirt-at", "alerts/objects/?match[version]=all&match[type]=report")
        .await;
    assert_eq!(all, ["01.1", "01.2", "01.3", "01.4", "01.5", "01.6"]);
    assert_eq!(
        server.reports("csirt-at", "alerts/objects/?match[version]=first").await,
        ["01.1"]
    );
    // Not dated yet, and what stood there stands.
    server.tell(&retracted(revision(1, 7)));
    server.front.library.board.catch_up().unwrap();
    assert_eq!(server.reports("csirt-at", "alerts/objects/").await, ["01.6"]);
    server.mark(3_000);
    let (_, _, body) = server
        .get("csirt-at", "/chappe/collections/alerts/objects/?match[type]=report")
        .await;
    assert_eq!(body["objects"][0]["revoked"], true);
    // Another label, another collection; and hidden at once.
    server.tell(&Alert {
        tlp: Tlp::AmberStrict,
        ..revision(1, 8)
    });
    server.mark(3_001);
    assert_eq!(
        server
            .reports("csirt-at", "tlp-amber/objects/?match[version]=all")
            .await,
        [""; 0]
    );
    assert_eq!(server.reports("csirt-at", "tlp-amber-strict/objects/").await, ["01.8"]);
    server.tell(&to_germany(revision(1, 9)));
    server.front.library.board.catch_up().unwrap();
    assert_eq!(
        server.reports("csirt-at", "alerts/objects/?match[version]=all").await,
        [""; 0]
    );
}

#[tokio::test]
async fn an_object_that_is_hidden_is_answered_as_what_is_not_there() {
    let server = Server::new();
    server.tell(&revision(1, 1));
    server.mark(2_000);
    let id = chappe_exchange::stix_ids(&chappe_exchange::Told::from(&revision(1, 1)))
        .pop()
        .unwrap();
    let of_one = |rest: &str| format!("/chappe/collections/alerts/objects/{id}/{rest}");
    assert_eq!(server.get("csirt-at", &of_one("")).await.0, 200);
    server.tell(&to_germany(revision(1, 9)));
    server.front.library.board.catch_up().unwrap();
    assert_eq!(
        server.get("csirt-at", &of_one("")).await.2,
        server
            .get(
                "csirt-at",
                "/chappe/collections/alerts/objects/report--00000000-0000-5000-8000-000000000000/"
            )
            .await
            .2,
        "as what is not there"
    );
    // Not dated yet, and hidden at once; by no other id than its own.
    server.mark(3_002);
    for (n, rest) in ["", "versions/", "?match[spec_version]=2.0"].into_iter().enumerate() {
        let path = of_one(rest);
        let (code, _, body) = server.get("csirt-de", &path).await;
        assert_eq!((code, body == json!({})), (200, n == 2), "{path} {body}");
        assert_eq!(server.get("csirt-at", &path).await.0, 404, "{path}");
    }
    let (_, uuid) = id.split_once("--").unwrap();
    for other in [format!("indicator--{uuid}"), format!("report--{}", uuid.to_uppercase())] {
        let path = of_one("").replace(&id, &other);
        assert_eq!(server.get("csirt-de", &path).await.0, 404, "{other}");
    }
}

#[tokio::test]
async fn pages_have_so_much_room_and_come_again() {
    let server = Server::new();
    let all = u32::try_from(LISTS_AT_ONCE).unwrap();
    let lists = Arc::clone(&server.front.library.board.lists);
    let held = lists.try_acquire_many_owned(all).unwrap();
    let (code, head, body) = server.get("csirt-at", "/chappe/collections/alerts/manifest/").await;
    assert_eq!((code, &body["error_code"]), (429, &json!("TOO_MANY_LOOKUPS")));
    assert!(head.contains("\"retry-after\": \"1\""), "{head}");
    drop(held);
    assert_eq!(
        server.get("csirt-at", "/chappe/collections/alerts/manifest/").await.2,
        json!({})
    );
}

#[tokio::test]
async fn without_ingest_there_is_no_inbox() {
    let server = Server::on(MemoryLog::new(), None);
    let (_, _, listed) = server.get("csirt-at", "/chappe/collections/").await;
    assert!(!listed.to_string().contains("inbox") && listed["collections"].as_array().unwrap().len() == 11);
    for path in [
        "/chappe/collections/inbox/",
        "/chappe/collections/inbox/objects/",
        "/chappe/status/1/",
    ] {
        assert_eq!(server.get("csirt-at", path).await.0, 404, "{path}");
    }
    assert_eq!(
        server
            .answer("csirt-at", "POST", "/chappe/collections/inbox/objects/", "{}")
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn a_report_that_is_refused_fails_its_objects() {
    let server = Server::new();
    let indicator = |n: u8| {
        let time = "2026-03-02T06:15:00.000Z";
        json!({
            "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{n:012}"), "created": time,
            "modified": time, "pattern": "[domain-name:value = 'bad.example']", "pattern_type": "stix", "valid_from": time,
        })
    };
    let add = async |n: u8| {
        let envelope = json!({ "objects": [indicator(n)] }).to_string();
        server
            .answer("csirt-de", "POST", "/chappe/collections/inbox/objects/", &envelope)
            .await
    };
    let (code, _, taken) = add(1).await;
    assert_eq!(
        (code, &taken["success_count"], &taken["failure_count"]),
        (202, &json!(1), &json!(0))
    );
    let (code, _, refused) = add(9).await;
    assert_eq!(
        (code, &refused["success_count"], &refused["failures"][0]["message"]),
        (202, &json!(0), &json!("no label"))
    );
    let status = format!("/chappe/status/{}/", refused["id"].as_str().unwrap());
    assert_eq!(server.get("csirt-de", &status).await.2, refused);
    assert_eq!(server.get("csirt-at", &status).await.0, 404);
}
