//! What requests hold in memory is counted for as long as it is held, whoever goes away.

use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::taxii::inbox::ENVELOPES_PER_MEMBER;

const INBOX: &str = "/chappe/collections/inbox/objects/";

/// A runtime with one thread for blocking work, and what ends the work that holds it.
fn held_up() -> (tokio::runtime::Runtime, mpsc::Sender<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (release, held) = mpsc::channel();
    runtime.spawn_blocking(move || held.recv());
    (runtime, release)
}

#[test]
fn an_envelope_has_its_place_until_it_is_read_also_when_its_sender_went_away() {
    let (runtime, release) = held_up();
    runtime.block_on(async {
        let server = Server::new();
        let envelope = json!({ "objects": [{}] }).to_string();
        let given_up = async |who: &str| {
            let request = server.answer(who, "POST", INBOX, &envelope);
            assert!(tokio::time::timeout(Duration::ZERO, request).await.is_err());
        };
        let room = Arc::clone(&server.front.inbox.as_ref().unwrap().room);
        for n in 1..=ENVELOPES_PER_MEMBER {
            given_up("csirt-at").await;
            assert_eq!(room.taken(), n);
        }
        let (code, head, body) = server.answer("csirt-at", "POST", INBOX, &envelope).await;
        assert_eq!((code, &body["error_code"]), (429, &json!("TOO_MANY_ADDITIONS")));
        assert!(head.contains("\"retry-after\": \"1\""), "{head}");
        given_up("csirt-de").await;
        assert_eq!(server.front.rooms.bodies.taken(), 0);
        release.send(()).unwrap();
        // Behind what was given up.
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        assert_eq!(room.taken(), 0);
    });
}

#[tokio::test]
async fn a_body_has_its_place_while_it_arrives() {
    let server = Server::new();
    let at = Server::member("csirt-at");
    let held: Vec<_> = std::iter::from_fn(|| server.front.rooms.bodies.enter(&at)).collect();
    assert!(!held.is_empty());
    assert_eq!(server.answer("csirt-at", "POST", INBOX, "{}").await.0, 429);
    assert_eq!(server.answer("csirt-de", "POST", INBOX, "{}").await.0, 422);
    drop(held);
    assert_eq!(server.answer("csirt-at", "POST", INBOX, "{}").await.0, 422);
}

#[test]
fn a_member_draws_up_some_pages_and_leaves_room_for_others() {
    let (runtime, release) = held_up();
    runtime.block_on(async {
        let server = Server::new();
        let manifest = "/chappe/collections/alerts/manifest/";
        // Their readers went away; the work goes on.
        let mut begun = 0;
        for _ in 0..LISTS_AT_ONCE {
            let request = server.get("csirt-at", manifest);
            let answer = tokio::time::timeout(Duration::ZERO, request).await;
            begun += usize::from(answer.is_err());
        }
        assert_eq!(server.front.rooms.lists.taken(), begun);
        assert!(begun < LISTS_AT_ONCE / 2, "{begun}");
        assert_eq!(
            server.get("csirt-at", manifest).await.2["error_code"],
            "TOO_MANY_LOOKUPS"
        );
        let other = server.get("csirt-de", manifest);
        assert!(tokio::time::timeout(Duration::ZERO, other).await.is_err());
        assert_eq!(server.front.rooms.lists.taken(), begun + 1);
        release.send(()).unwrap();
        assert_eq!(server.get("csirt-de", manifest).await.0, 200);
        assert_eq!(server.front.rooms.lists.taken(), 0);
    });
}
