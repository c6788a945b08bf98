//! Reports with one fault each, unary and on a stream.

use chappe_proto::v1;
use chappe_proto::v1::submit_stream_response::Outcome;
use chappe_tests::{indicator, now};
use prost_types::Timestamp;
use tokio_stream::StreamExt;
use tonic::{Code, Status};

use super::bystander::{Bystander, SENDER, assert_fault, check_fault, shared_report};

/// A fault, where it stands, and what the answer must say.
struct Case {
    name: &'static str,
    spoil: fn(&mut v1::Incident),
    field: &'static str,
    says: &'static str,
}

const fn case(name: &'static str, spoil: fn(&mut v1::Incident), field: &'static str, says: &'static str) -> Case {
    Case {
        name,
        spoil,
        field,
        says,
    }
}

fn marking(tlp: i32, pap: i32, usage: i32, recipients: &[&str]) -> Option<v1::Marking> {
    let recipients = recipients.iter().map(ToString::to_string).collect();
    Some(v1::Marking {
        tlp,
        pap,
        r#use: usage,
        recipients,
    })
}

fn observe(incident: &mut v1::Incident, kind: v1::IndicatorType, value: &str) {
    incident.indicators.push(indicator(kind, value));
}

fn in_minutes(minutes: i64) -> Option<Timestamp> {
    let seconds = i64::try_from(now().as_millis() / 1_000).unwrap() + minutes * 60;
    Some(Timestamp { seconds, nanos: 0 })
}

const AMBER: i32 = v1::Tlp::Amber as i32;
const RED: i32 = v1::Tlp::Red as i32;
const SHARE: i32 = v1::Use::Share as i32;
const NAMED: i32 = v1::Use::NamedRecipientsOnly as i32;

const MARKINGS: &[Case] = &[
    case(
        "no marking",
        |r| r.marking = None,
        "incident.marking.tlp",
        "give a TLP 2.0 label",
    ),
    case(
        "no label",
        |r| r.marking = marking(0, 2, 0, &[]),
        "incident.marking.tlp",
        "give a TLP 2.0 label",
    ),
    case(
        "no such label",
        |r| r.marking = marking(9, 0, 0, &[]),
        "incident.marking.tlp",
        "1 (CLEAR) to 5 (RED)",
    ),
    case(
        "no such PAP",
        |r| r.marking = marking(AMBER, -1, 0, &[]),
        "incident.marking.pap",
        "1 (CLEAR) to 4 (RED)",
    ),
    case(
        "no such use",
        |r| r.marking = marking(AMBER, 0, 4, &[]),
        "incident.marking.use",
        "2 (match-only)",
    ),
    case(
        "a use without a label",
        |r| r.marking = marking(0, 0, SHARE, &[]),
        "incident.marking.tlp",
        "without a TLP label",
    ),
    case(
        "RED to share",
        |r| r.marking = marking(RED, 0, SHARE, &[]),
        "incident.marking",
        "set use to named-recipients-only",
    ),
    case(
        "RED for nobody",
        |r| r.marking = marking(RED, 0, 0, &[]),
        "incident.marking",
        "list the member ids",
    ),
    case(
        "recipients without the use",
        |r| r.marking = marking(AMBER, 0, 0, &["europol"]),
        "incident.marking",
        "or set the use",
    ),
    case(
        "unknown recipient",
        |r| r.marking = marking(RED, 0, NAMED, &["europol", "csirt-xx"]),
        "incident.marking.recipients[1]",
        "no member of this installation",
    ),
    case(
        "no member id",
        |r| r.marking = marking(RED, 0, NAMED, &["europol", "CSIRT XX"]),
        "incident.marking.recipients[1]",
        "a-z, 0-9",
    ),
    case(
        "too many recipients",
        |r| r.marking = marking(RED, 0, NAMED, &["europol"; 33]),
        "incident.marking.recipients",
        "at most 32",
    ),
];

const TEXTS: &[Case] = &[
    case(
        "no report key",
        |r| r.report_key.clear(),
        "incident.report_key",
        "give each incident a key",
    ),
    case(
        "long report key",
        |r| r.report_key = "k".repeat(257),
        "incident.report_key",
        "at most 256",
    ),
    case(
        "control character in the key",
        |r| r.report_key = "a\u{7}b".into(),
        "incident.report_key",
        "control character",
    ),
    case(
        "control character in the title",
        |r| r.title = "\u{1b}[31mred".into(),
        "incident.title",
        "control character",
    ),
    case(
        "long title",
        |r| r.title = "t".repeat(513),
        "incident.title",
        "at most 512",
    ),
    case(
        "long summary",
        |r| r.summary = "s".repeat(16 * 1024 + 1),
        "incident.summary",
        "at most 16384",
    ),
    case(
        "no type",
        |r| r.incident_type.clear(),
        "incident.incident_type",
        "such as 'fraud/phishing'",
    ),
    case(
        "no such type",
        |r| r.incident_type = "fraud/theft".into(),
        "incident.incident_type",
        "RSIT",
    ),
    case(
        "no such severity",
        |r| r.severity = 6,
        "incident.severity",
        "1 (info) to 5 (critical)",
    ),
    case(
        "no country",
        |r| r.countries.clear(),
        "incident.countries",
        "ISO 3166-1 alpha-2",
    ),
    case(
        "no such country",
        |r| r.countries.push("UK".into()),
        "incident.countries[1]",
        "the United Kingdom is GB",
    ),
    case(
        "a country's name",
        |r| r.countries = vec!["Austria".into()],
        "incident.countries[0]",
        "such as DE",
    ),
    case(
        "too many countries",
        |r| r.countries = vec!["AT".into(); 65],
        "incident.countries",
        "at most 64",
    ),
    case(
        "no such sector",
        |r| r.sectors = vec!["energy".into(), "television".into()],
        "incident.sectors[1]",
        "NIS2",
    ),
    case(
        "too many sectors",
        |r| r.sectors = vec!["energy".into(); 19],
        "incident.sectors",
        "at most 18",
    ),
];

const TIMES: &[Case] = &[
    case(
        "detected in the future",
        |r| r.detected_at = in_minutes(10),
        "incident.detected_at",
        "in the future; the installation's clock says",
    ),
    case(
        "began in the future",
        |r| r.occurred_from = in_minutes(10),
        "incident.occurred_from",
        "in the future",
    ),
    case(
        "ended before it began",
        |r| (r.occurred_from, r.occurred_to) = (in_minutes(-10), in_minutes(-20)),
        "incident.occurred_to",
        "before occurred_from",
    ),
    case(
        "no such moment",
        |r| {
            r.detected_at = Some(Timestamp {
                seconds: i64::MAX,
                nanos: 0,
            })
        },
        "incident.detected_at",
        "9999",
    ),
    case(
        "before 1970",
        |r| r.detected_at = Some(Timestamp { seconds: -1, nanos: 0 }),
        "incident.detected_at",
        "1970",
    ),
    case(
        "nanoseconds of several seconds",
        |r| {
            r.occurred_to = Some(Timestamp {
                seconds: 1,
                nanos: i32::MAX,
            })
        },
        "incident.occurred_to",
        "between 1970 and 9999",
    ),
];

const INDICATORS: &[Case] = &[
    case(
        "no indicator type",
        |r| r.indicators[0].r#type = 0,
        "incident.indicators[0].type",
        "1 (ip) to 20 (technique)",
    ),
    case(
        "unknown indicator type",
        |r| r.indicators[0].r#type = 42,
        "incident.indicators[0].type",
        "1 (ip) to 20 (technique)",
    ),
    case(
        "too many indicators",
        |r| r.indicators = vec![r.indicators[0].clone(); 1_001],
        "incident.indicators",
        "at most 1000; split the report",
    ),
    case(
        "no value",
        |r| observe(r, v1::IndicatorType::Domain, ""),
        "incident.indicators[1].value",
        "labels of letters",
    ),
    case(
        "long value",
        |r| observe(r, v1::IndicatorType::Url, &"u".repeat(2_049)),
        "incident.indicators[1].value",
        "2048",
    ),
    case(
        "no address",
        |r| observe(r, v1::IndicatorType::Ip, "300.1.1.1"),
        "incident.indicators[1].value",
        "IP",
    ),
    case(
        "no domain",
        |r| observe(r, v1::IndicatorType::Domain, "bad..example"),
        "incident.indicators[1].value",
        "labels of letters",
    ),
    case(
        "no URL",
        |r| observe(r, v1::IndicatorType::Url, "https://"),
        "incident.indicators[1].value",
        "URL",
    ),
    case(
        "no SHA-256",
        |r| observe(r, v1::IndicatorType::Sha256, "abc"),
        "incident.indicators[1].value",
        "64 hexadecimal",
    ),
    case(
        "no MD5",
        |r| observe(r, v1::IndicatorType::Md5, &"g".repeat(32)),
        "incident.indicators[1].value",
        "32 hexadecimal",
    ),
    case(
        "no e-mail address",
        |r| observe(r, v1::IndicatorType::Email, "nobody"),
        "incident.indicators[1].value",
        "@",
    ),
    case(
        "no CVE",
        |r| observe(r, v1::IndicatorType::Cve, "CVE-1"),
        "incident.indicators[1].value",
        "CVE-",
    ),
];

fn cases() -> impl Iterator<Item = &'static Case> {
    [MARKINGS, TEXTS, TIMES, INDICATORS].into_iter().flatten()
}

fn spoiled(case: &Case) -> v1::Incident {
    let mut incident = shared_report("wrong", "FR");
    (case.spoil)(&mut incident);
    incident
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_field_is_named_with_its_path_and_changes_nothing() {
    let mut bystander = Bystander::new().await;
    for case in cases() {
        let refusal = bystander.submit(SENDER, spoiled(case)).await.unwrap_err();
        assert_fault(case.name, &refusal, case.field, case.says);
        bystander.is_unharmed(case.name).await;
    }
    bystander.takes_a_sound_report("wrong").await;
    bystander.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_answers_each_fault_as_a_unary_call_and_goes_on() {
    let mut bystander = Bystander::new().await;
    let sound = chappe_tests::report("sound-on-the-stream");
    let all: Vec<v1::Incident> = cases().map(spoiled).chain([sound]).collect();
    let messages = all
        .into_iter()
        .zip(0..)
        .map(|(incident, sequence)| v1::SubmitStreamRequest {
            sequence,
            incident: Some(incident),
        });
    let messages: Vec<v1::SubmitStreamRequest> = messages.collect();
    let mut incidents = bystander.program.client(SENDER).unwrap().incidents();
    let answers = incidents
        .submit_stream(tokio_stream::iter(messages))
        .await
        .unwrap()
        .into_inner();
    let mut answers: Vec<v1::SubmitStreamResponse> = answers.map(Result::unwrap).collect().await;
    answers.sort_by_key(|answer| answer.sequence);
    let (last, faults) = answers.split_last().unwrap();
    assert!(matches!(last.outcome, Some(Outcome::Receipt(_))), "{last:?}");
    assert_eq!(faults.len(), cases().count());
    let failed: Vec<String> = cases()
        .zip(faults)
        .filter_map(|(case, answer)| check_answer(case, answer).err())
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    bystander.expect_accepted(1);
    bystander.is_unharmed("the stream").await;
    bystander.stop().await;
}

fn check_answer(case: &Case, answer: &v1::SubmitStreamResponse) -> Result<(), String> {
    let Some(Outcome::Error(error)) = &answer.outcome else {
        return Err(format!("{}: {answer:?}", case.name));
    };
    let details = prost::Message::encode_to_vec(error).into();
    let refusal = Status::with_details(Code::from(error.code), error.message.clone(), details);
    check_fault(case.name, &refusal, case.field, case.says)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_report_are_named_at_once() {
    let mut bystander = Bystander::new().await;
    let wrong = v1::Incident {
        countries: vec!["AT".into(), "UK".into()],
        severity: 9,
        indicators: vec![indicator(v1::IndicatorType::Ip, "300.1.1.1")],
        ..v1::Incident::default()
    };
    let refusal = bystander.submit(SENDER, wrong).await.unwrap_err();
    let bad = tonic_types::StatusExt::get_details_bad_request(&refusal).unwrap();
    let fields: Vec<&str> = bad.field_violations.iter().map(|v| v.field.as_str()).collect();
    let wanted = [
        "incident.report_key",
        "incident.incident_type",
        "incident.severity",
        "incident.countries[1]",
        "incident.indicators[0].value",
        "incident.marking.tlp",
    ];
    assert_eq!(fields, wanted);
    bystander.is_unharmed("many faults").await;
    bystander.stop().await;
}
