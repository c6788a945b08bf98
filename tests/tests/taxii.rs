//! Members read their alerts over TAXII 2.1, and report over it: what they may see, and not a byte more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use chappe_proto::v1;
use chappe_tests::{Feed, Options, Program, Reply, basic, chappe, http, indicator, now, report, submit};
use serde_json::{Value, json};

const TAXII: &str = "application/taxii+json;version=2.1";
/// What three members saw.
const SHARED: &str = "wave.example";
/// What only the urgent report of Germany says.
const HIDDEN: &str = "hidden.example";

fn start(folder: &Path) -> Program {
    let options = Options::default().set("taxii.listen", "127.0.0.1:0");
    Program::start_with(folder, options).unwrap()
}

fn ask(program: &Program, member: &str, method: &str, path: &str, body: &str) -> Reply {
    let who = basic(member, program.token(member).unwrap());
    let headers = [
        ("authorization", who.as_str()),
        ("accept", TAXII),
        ("content-type", TAXII),
    ];
    http(program.taxii().unwrap().unwrap(), method, path, &headers, body).unwrap()
}

fn get(program: &Program, member: &str, path: &str) -> Reply {
    ask(program, member, "GET", path, "")
}

/// What is below a collection, such as `objects/`.
fn of(program: &Program, member: &str, collection: &str, rest: &str) -> Value {
    let reply = get(program, member, &format!("/chappe/collections/{collection}/{rest}"));
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some(TAXII)),
        "{reply:?}"
    );
    reply.json().unwrap()
}

fn by_id(objects: &Value) -> BTreeMap<String, Value> {
    let objects = objects.as_array().into_iter().flatten();
    objects
        .map(|object| (object["id"].as_str().unwrap().to_owned(), object.clone()))
        .collect()
}

fn seen(domain: &str, country: &str) -> v1::Incident {
    v1::Incident {
        countries: vec![country.into()],
        indicators: vec![indicator(v1::IndicatorType::Domain, domain)],
        ..report("wave")
    }
}

async fn wave(program: &Program, domain: &str) {
    for (member, country) in [("csirt-at", "AT"), ("csirt-de", "DE"), ("csirt-fr", "FR")] {
        let report = v1::Incident {
            report_key: domain.to_owned(),
            ..seen(domain, country)
        };
        submit(program, member, report).await;
    }
}

async fn urgent(program: &Program) {
    let report = v1::Incident {
        severity: v1::Severity::Critical as i32,
        ..seen(HIDDEN, "DE")
    };
    submit(program, "csirt-de", report).await;
}

/// Waits until what was reported so far is judged, as every viewer sees it.
async fn judged(program: &Program) {
    for member in ["csirt-de", "csirt-fr"] {
        let mut feed = Feed::from_beginning(&program.client(member).unwrap()).await.unwrap();
        feed.until_judged(now()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collection_holds_what_its_reader_may_see_and_as_the_export_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path());
    assert_eq!(of(&program, "csirt-fr", "alerts", "objects/"), json!({}), "nothing yet");
    wave(&program, SHARED).await;
    urgent(&program).await;
    judged(&program).await;

    for member in ["csirt-fr", "csirt-de", "europol"] {
        let exported = chappe(&program, member, &["export", "stix"]);
        let bundle: Value = serde_json::from_slice(&exported.stdout).unwrap();
        let envelope = of(&program, member, "alerts", "objects/?limit=1000");
        assert_eq!(by_id(&envelope["objects"]), by_id(&bundle["objects"]), "{member}");
        assert_eq!(envelope["more"], false);
        assert_eq!(envelope.to_string().contains(HIDDEN), member != "csirt-fr");
    }
    // By label and by audience; an alias stands for an id.
    let types = |member: &str, collection: &str| {
        let envelope = of(&program, member, collection, "objects/?match[type]=report,indicator");
        let objects = envelope["objects"].as_array().map_or(0, Vec::len);
        (objects, envelope.to_string().contains(HIDDEN))
    };
    assert_eq!(types("csirt-fr", "tlp-amber"), (2, false));
    assert_eq!(types("csirt-fr", "4e6cfe53-1e09-4d58-87df-7dceff75f90e"), (2, false));
    assert_eq!(types("csirt-fr", "tlp-green"), (0, false));
    assert_eq!(types("csirt-fr", "audience-eu"), (2, false));
    assert_eq!(types("csirt-fr", "audience-countries"), (0, false));
    assert_eq!(types("csirt-de", "audience-countries"), (2, true));
    assert_eq!(types("csirt-de", "exercise"), (0, false));

    // What is hidden is answered like what is not there.
    let urgent = of(
        &program,
        "csirt-de",
        "audience-countries",
        "manifest/?match[type]=report",
    );
    let id = urgent["objects"][0]["id"].as_str().unwrap();
    let path = |id: &str| format!("/chappe/collections/alerts/objects/{id}/");
    assert_eq!(get(&program, "csirt-de", &path(id)).status, 200);
    let hidden = get(&program, "csirt-fr", &path(id));
    let absent = get(
        &program,
        "csirt-fr",
        &path("report--00000000-0000-4000-8000-000000000000"),
    );
    assert_eq!((hidden.status, hidden.body), (404, absent.body));
    program.stop().unwrap();
}

/// Pages of a collection to its end: by `next`, or by the date of the last object.
fn paged(program: &Program, path: &str, limit: usize, by_date: bool) -> Vec<Value> {
    let (mut all, mut more) = (Vec::new(), String::new());
    loop {
        let reply = get(
            program,
            "csirt-fr",
            &format!("/chappe/collections/alerts/{path}limit={limit}{more}"),
        );
        let page = reply.json().unwrap();
        let Some(objects) = page["objects"].as_array() else {
            return all;
        };
        assert!(objects.len() <= limit);
        all.extend(objects.iter().cloned());
        if page["more"] == false {
            assert_eq!(page.get("next"), None);
            return all;
        }
        more = match by_date {
            true => format!("&added_after={}", reply.header("x-taxii-date-added-last").unwrap()),
            false => format!("&next={}", page["next"].as_str().unwrap()),
        };
    }
}

/// What was revised has its versions, each of which is asked for.
fn assert_versions(program: &Program) {
    let revised = by_id(&of(program, "csirt-fr", "alerts", "objects/?match[type]=report")["objects"]);
    let (id, newest) = revised
        .iter()
        .find(|(_, report)| report.to_string().contains(SHARED))
        .unwrap();
    let versions = of(program, "csirt-fr", "alerts", &format!("objects/{id}/versions/"));
    let versions = versions["versions"].as_array().unwrap();
    assert!(
        versions.len() >= 2 && versions.last() == Some(&newest["modified"]),
        "{versions:?}"
    );
    let all = of(
        program,
        "csirt-fr",
        "alerts",
        &format!("objects/{id}/?match[version]=all"),
    );
    let found: Vec<&Value> = all["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| &object["modified"])
        .collect();
    assert_eq!(found, versions.iter().collect::<Vec<_>>());
    let first = of(
        program,
        "csirt-fr",
        "alerts",
        &format!("objects/{id}/?match[version]=first"),
    );
    assert_eq!(first["objects"][0]["modified"], versions[0]);
    let of_type = of(
        program,
        "csirt-fr",
        "alerts",
        "objects/?match[type]=indicator&limit=100",
    );
    assert_eq!(of_type["objects"].as_array().unwrap().len(), 2);
    assert_eq!(
        of(program, "csirt-fr", "alerts", "objects/?match[spec_version]=2.0"),
        json!({})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_filters_and_versions() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path());
    wave(&program, SHARED).await;
    judged(&program).await;
    let before = paged(&program, "objects/?", 1_000, false);
    let reply = get(&program, "csirt-fr", "/chappe/collections/alerts/objects/");
    let (first, last) = (
        reply.header("x-taxii-date-added-first").unwrap(),
        reply.header("x-taxii-date-added-last").unwrap(),
    );
    assert!(
        first < last && first.len() == "2026-03-02T06:15:00.000000Z".len(),
        "{first} {last}"
    );

    // A fourth country is a revision, another domain another alert.
    submit(&program, "csirt-it", v1::Incident { ..seen(SHARED, "IT") }).await;
    wave(&program, "other.example").await;
    judged(&program).await;
    let manifest = paged(&program, "manifest/?", 1_000, false);
    let after: Vec<Value> = paged(&program, &format!("objects/?added_after={last}&"), 1_000, false);
    assert!(
        after.iter().all(|object| !before.contains(object)) && after.len() >= 5,
        "{after:?}"
    );
    for by_date in [false, true] {
        for limit in [1, 2, 3, 7] {
            assert_eq!(paged(&program, "manifest/?", limit, by_date), manifest, "{limit}");
        }
    }
    let dates: Vec<&str> = manifest
        .iter()
        .map(|record| record["date_added"].as_str().unwrap())
        .collect();
    assert!(dates.windows(2).all(|pair| pair[0] < pair[1]), "{dates:?}");

    assert_versions(&program);
    // A date is of the log: the same after a restart.
    program.stop().unwrap();
    program.restart().unwrap();
    assert_eq!(paged(&program, "manifest/?", 3, false), manifest);
    program.stop().unwrap();
}

/// What is asked, and the code of the answer.
const ASKED: [(&str, &str, u16); 16] = [
    ("GET", "/chappe/collections/", 200),
    ("GET", "/chappe/collections", 404),
    ("GET", "/other/", 404),
    ("GET", "/chappe/collections/nothing/", 404),
    ("GET", "/chappe/collections/nothing/objects/", 404),
    ("GET", "/chappe/status/2d086da7-4bdc-4f91-900e-d77486753710/", 404),
    ("GET", "/chappe/collections/alerts/objects/?limit=0", 400),
    ("GET", "/chappe/collections/alerts/objects/?added_after=now", 400),
    (
        "GET",
        "/chappe/collections/alerts/manifest/?match[version]=all,last",
        400,
    ),
    ("GET", "/chappe/collections/alerts/objects/?next=x", 400),
    ("GET", "/chappe/collections/inbox/objects/", 403),
    ("POST", "/chappe/collections/alerts/objects/", 403),
    ("DELETE", "/chappe/collections/alerts/objects/report--1/", 403),
    ("DELETE", "/chappe/collections/nothing/objects/report--1/", 404),
    ("POST", "/chappe/", 405),
    ("PUT", "/chappe/collections/alerts/objects/", 405),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_refused_by_the_codes_of_the_specification() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path());
    let address = program.taxii().unwrap().unwrap();
    let token = program.token("csirt-at").unwrap().to_owned();
    let (bearer, named, another) = (
        format!("Bearer {token}"),
        basic("csirt-at", &token),
        basic("csirt-de", &token),
    );
    let code = |method: &str, path: &str, who: &str, accept: &str| {
        let reply = http(address, method, path, &[("authorization", who), ("accept", accept)], "").unwrap();
        assert_eq!(reply.header("content-type"), Some(TAXII), "{reply:?}");
        if reply.status >= 400 {
            let error = reply.json().unwrap();
            assert_eq!(error["http_status"], reply.status.to_string());
            assert!(error["title"].is_string() && error["description"].is_string());
        }
        reply.status
    };
    for who in [&bearer, &named] {
        assert_eq!(code("GET", "/taxii2/", who, TAXII), 200);
    }
    for who in [another.as_str(), "Bearer x", "Basic x", "x"] {
        assert_eq!(code("GET", "/taxii2/", who, TAXII), 401);
        assert_eq!(code("GET", "/nowhere/", who, TAXII), 401, "no path is told");
    }
    let reply = http(address, "GET", "/taxii2/", &[("accept", TAXII)], "").unwrap();
    assert_eq!((reply.status, reply.header("www-authenticate").is_some()), (401, true));
    for (accept, wanted) in [
        (TAXII, 200),
        ("application/taxii+json", 200),
        ("application/json, application/taxii+json;version=2.1", 200),
        ("application/taxii+json;version=2.0", 406),
        ("*/*", 406),
        ("application/json", 406),
    ] {
        assert_eq!(code("GET", "/chappe/", &named, accept), wanted, "{accept}");
    }
    for (method, path, wanted) in ASKED {
        assert_eq!(code(method, path, &named, TAXII), wanted, "{method} {path}");
    }
    let head = http(
        address,
        "HEAD",
        "/taxii2/",
        &[("authorization", &named), ("accept", TAXII)],
        "",
    )
    .unwrap();
    assert_eq!((head.status, head.body.as_str()), (200, ""));

    // A connection that asks nothing, and one that stops in the middle, keep nobody from ending.
    let _silent = TcpStream::connect(address).unwrap();
    let mut broken = TcpStream::connect(address).unwrap();
    broken.write_all(b"GET /taxii2/ HTTP/1.1\r\nhost: ").unwrap();
    program.stop().unwrap();
}

/// An envelope with one indicator in a report of its own.
fn envelope(n: u8, domain: &str, more: &Value) -> String {
    let time = "2026-03-02T06:15:00.000Z";
    let id = |kind: &str| format!("{kind}--00000000-0000-4000-8000-{n:012}");
    let object = |kind: &str, own: Value| {
        let mut object =
            json!({ "type": kind, "spec_version": "2.1", "id": id(kind), "created": time, "modified": time });
        object.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        object
    };
    let pattern = format!("[domain-name:value = '{domain}']");
    let objects = json!([
        object(
            "indicator",
            json!({ "pattern": pattern, "pattern_type": "stix", "valid_from": time })
        ),
        object(
            "report",
            json!({
                "name": "A wave", "published": time, "object_refs": [id("indicator")],
                "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
            })
        ),
        more,
    ]);
    json!({ "objects": objects }).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_members_add_is_reported_in_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path());
    let inbox = "/chappe/collections/inbox/objects/";
    let listed = get(&program, "csirt-at", "/chappe/collections/inbox/").json().unwrap();
    assert_eq!(
        (&listed["can_read"], &listed["can_write"]),
        (&json!(false), &json!(true))
    );
    let nothing = json!({
        "type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-000000000099", "created": "2026-03-02T06:15:00.000Z",
        "modified": "2026-03-02T06:15:00.000Z", "pattern": "[x", "pattern_type": "stix", "valid_from": "2026-03-02T06:15:00.000Z",
    });
    for (n, member) in [(1, "csirt-at"), (2, "csirt-de"), (3, "csirt-fr")] {
        // The same again is no error.
        for _ in 0..2 {
            let added = ask(&program, member, "POST", inbox, &envelope(n, SHARED, &nothing));
            assert_eq!(
                (added.status, added.header("content-type")),
                (202, Some(TAXII)),
                "{added:?}"
            );
            let status = added.json().unwrap();
            assert_eq!(status["status"], "complete");
            let counts = ["total_count", "success_count", "failure_count", "pending_count"]
                .map(|count| status[count].as_u64().unwrap());
            assert_eq!(counts, [3, 2, 1, 0], "{status}");
            assert!(status["failures"].to_string().contains("pattern"), "{status}");
            let path = format!("/chappe/status/{}/", status["id"].as_str().unwrap());
            assert_eq!(get(&program, member, &path).json().unwrap(), status);
            assert_eq!(get(&program, "csirt-it", &path).status, 404, "another's");
        }
    }
    judged(&program).await;
    let alerts = of(&program, "csirt-fr", "tlp-amber", "objects/?match[type]=indicator");
    assert_eq!(alerts["objects"].as_array().unwrap().len(), 1, "{alerts}");
    assert!(alerts.to_string().contains(SHARED));

    for (body, wanted) in [("", 422), ("{", 422), ("{\"objects\": []}", 422), ("[1]", 422)] {
        assert_eq!(ask(&program, "csirt-at", "POST", inbox, body).status, wanted, "{body}");
    }
    let long = format!("{{\"objects\": [\"{}\"]}}", "x".repeat(4 * 1024 * 1024));
    let who = basic("csirt-at", program.token("csirt-at").unwrap());
    let address = program.taxii().unwrap().unwrap();
    let headers = [
        ("authorization", who.as_str()),
        ("accept", TAXII),
        ("content-type", "application/json"),
    ];
    assert_eq!(http(address, "POST", inbox, &headers, "{}").unwrap().status, 415);
    let claimed = [
        ("authorization", who.as_str()),
        ("accept", TAXII),
        ("content-type", TAXII),
    ];
    assert_eq!(
        http(address, "POST", inbox, &claimed, &long).map_or(413, |reply| reply.status),
        413,
        "or it broke off"
    );
    program.stop().unwrap();
}
