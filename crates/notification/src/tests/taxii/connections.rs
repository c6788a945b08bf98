//! Connections, in virtual time: how long they may be silent, how old they get, and what becomes of answers that nobody reads.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::*;
use crate::taxii::TAXII_CONNECTION_AGE;
use crate::taxii::connection::{HEAD_PATIENCE, serve};
use crate::taxii::front::ANSWERS_PER_MEMBER;

/// Bytes that are on their way.
const PIPE: usize = 64;

/// A client's end of a connection that is served until the sender tells its end.
fn connect(server: &Server) -> (DuplexStream, watch::Sender<bool>) {
    let (client, io) = tokio::io::duplex(PIPE);
    let ending = watch::Sender::new(false);
    tokio::spawn(serve(Arc::clone(&server.front), io, ending.subscribe()));
    (client, ending)
}

fn head(method: &str, path: &str, more: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer csirt-at\r\naccept: {TAXII}\r\ncontent-type: {TAXII}\r\n{more}\r\n"
    )
}

/// Reads an answer of HTTP/1.1, head and body.
async fn read(client: &mut DuplexStream) -> String {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap().parse().unwrap() {
                return text;
            }
        }
        let mut bytes = [0; 4_096];
        let read = client.read(&mut bytes).await.unwrap();
        assert!(read > 0, "it ended: {text}");
        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_begin_is_not_waited_for() {
    let server = Server::new();
    for begun in ["", "PRI * HTTP/2.0\r\n\r\nSM\r\n", "GET /taxii2/ HTTP/1.1\r\nhost: "] {
        let (mut client, _ending) = connect(&server);
        client.write_all(begun.as_bytes()).await.unwrap();
        let since = Instant::now();
        let mut rest = Vec::new();
        // An error is an end too.
        let _ = client.read_to_end(&mut rest).await;
        assert!(since.elapsed() < HEAD_PATIENCE + Duration::from_secs(1), "{begun:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_got_old_answers_what_is_under_way() {
    let server = Server::new();
    let (mut client, _ending) = connect(&server);
    let born = Instant::now();
    let almost = TAXII_CONNECTION_AGE - Duration::from_secs(5);
    while born.elapsed() < almost {
        client.write_all(head("GET", "/taxii2/", "").as_bytes()).await.unwrap();
        assert!(read(&mut client).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_secs(20).min(almost.saturating_sub(born.elapsed()))).await;
    }
    let post = head("POST", "/chappe/collections/inbox/objects/", "content-length: 15\r\n");
    client.write_all(post.as_bytes()).await.unwrap();
    client.write_all(b"{\"obj").await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(born.elapsed() > TAXII_CONNECTION_AGE);
    client.write_all(b"ects\": []}").await.unwrap();
    let answer = read(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0, "and then it ends");
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_reads_are_bounded_for_each_member() {
    let server = Server::new();
    for n in 1..=40 {
        server.tell(&revision(n, 1));
    }
    server.mark(2_000);
    let objects = "/chappe/collections/alerts/objects/";
    let answers = Arc::clone(&server.front.rooms.answers);
    let mut unread = Vec::new();
    for n in 1..=ANSWERS_PER_MEMBER {
        let (mut client, ending) = connect(&server);
        client.write_all(head("GET", objects, "").as_bytes()).await.unwrap();
        // Its answer has begun.
        client.read_u8().await.unwrap();
        assert_eq!(answers.taken(), n);
        unread.push((client, ending));
    }
    let (code, _, body) = server.get("csirt-at", objects).await;
    assert_eq!((code, &body["error_code"]), (429, &json!("TOO_MANY_ANSWERS")));
    assert_eq!(server.get("csirt-de", objects).await.0, 200);
    let (mut client, _ending) = unread.pop().unwrap();
    read(&mut client).await;
    assert_eq!(server.get("csirt-at", objects).await.0, 200);
    assert_eq!(answers.taken(), ANSWERS_PER_MEMBER - 1);
}
