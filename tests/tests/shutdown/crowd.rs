//! Who is connected when the program is told to end: streams, connections that never finish their handshake, a client that hangs.

use std::net::SocketAddr;

use chappe_proto::v1;
use chappe_tests::{Client, PATIENCE, Program, report};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tonic::{Code, Streaming};

const STREAMS: usize = 1_000;
/// Streams on one connection: the program takes 64 requests on each.
const STREAMS_PER_CONNECTION: usize = 50;
const STUCK: usize = 50;
/// Half of what every HTTP/2 connection begins with.
const HALF_A_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
/// Requests that the client has open that hangs.
const HUNG_REQUESTS: usize = 8;
const MEMBERS: [&str; 8] = [
    "europol", "enisa", "csirt-at", "csirt-be", "csirt-cz", "csirt-de", "csirt-ee", "csirt-fr",
];

/// All of them. Dropped, it goes.
pub struct Crowd {
    streams: JoinSet<Code>,
    _stuck: Vec<TcpStream>,
    hang: watch::Sender<bool>,
    hung: JoinSet<()>,
    relay: JoinHandle<()>,
}

impl Crowd {
    /// Connects to a program, with streams if it has alerts to tell, and waits until all are there.
    pub async fn gather(program: &Program, has_alerts: bool) -> Self {
        let streams = if has_alerts {
            open_streams(program).await
        } else {
            JoinSet::new()
        };
        let mut stuck = vec![];
        for at in 0..STUCK {
            let mut connection = TcpStream::connect(program.address()).await.unwrap();
            if at % 2 == 0 {
                connection.write_all(HALF_A_PREFACE).await.unwrap();
            }
            stuck.push(connection);
        }
        let hang = watch::Sender::new(false);
        let (address, relay) = relay(program.address(), hang.subscribe()).await;
        let client = Client::new(address, program.token("csirt-it").unwrap()).unwrap();
        let hung = match has_alerts {
            true => hang_on_alerts(&client).await,
            false => hang_on_anything(&client).await,
        };
        Self {
            streams,
            _stuck: stuck,
            hang,
            hung,
            relay,
        }
    }

    /// From here on the one client neither reads nor writes.
    pub fn hang(&self) {
        self.hang.send_replace(true);
    }

    /// After the program has ended: each stream was told so, or broke off.
    pub async fn leave(mut self) {
        let ended = timeout(PATIENCE, self.streams.join_all()).await.expect("streams end");
        assert!(
            ended
                .iter()
                .all(|code| *code == Code::Unavailable || *code == Code::Unknown),
            "{ended:?}"
        );
        self.hung.abort_all();
        self.relay.abort();
    }
}

/// Streams that follow all alerts, each of which has heard something.
async fn open_streams(program: &Program) -> JoinSet<Code> {
    let mut opening = JoinSet::new();
    for connection in 0..STREAMS.div_ceil(STREAMS_PER_CONNECTION) {
        let client = program.client(MEMBERS[connection % MEMBERS.len()]).unwrap();
        for _ in 0..STREAMS_PER_CONNECTION {
            opening.spawn(follow(client.clone()));
        }
    }
    let open = timeout(PATIENCE, opening.join_all()).await.expect("streams open");
    assert_eq!(open.len(), STREAMS);
    open.into_iter().map(to_the_end).collect()
}

async fn follow(client: Client) -> Streaming<v1::SubscribeResponse> {
    let request = v1::SubscribeRequest {
        from_beginning: true,
        ..v1::SubscribeRequest::default()
    };
    let mut stream = client.alerts().subscribe(request).await.unwrap().into_inner();
    stream.message().await.unwrap().expect("a heartbeat each second");
    stream
}

/// How a stream ends.
async fn to_the_end(mut stream: Streaming<v1::SubscribeResponse>) -> Code {
    loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            Ok(None) => return Code::Ok,
            Err(status) => return status.code(),
        }
    }
}

async fn hang_on_alerts(client: &Client) -> JoinSet<()> {
    let mut hung = JoinSet::new();
    for _ in 0..HUNG_REQUESTS {
        let stream = follow(client.clone()).await;
        hung.spawn(async move {
            to_the_end(stream).await;
        });
    }
    hung
}

/// Requests that any service takes or refuses, over a connection that stays open.
async fn hang_on_anything(client: &Client) -> JoinSet<()> {
    let request = || v1::SubmitRequest {
        incident: Some(report("of-the-client-that-hangs")),
        validate_only: true,
    };
    let answered = client.incidents().submit(request()).await;
    assert!(
        answered.is_ok() || answered.is_err_and(|status| status.code() == Code::Unimplemented),
        "it is connected"
    );
    let mut hung = JoinSet::new();
    let client = client.clone();
    hung.spawn(async move {
        // For as long as the connection is there.
        while client.incidents().submit(request()).await.is_ok() {}
        std::future::pending().await
    });
    hung
}

/// Stands between a client and the program, and at a word stops carrying anything while both sides stay connected.
async fn relay(to: SocketAddr, mut hang: watch::Receiver<bool>) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let carrying = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut program = TcpStream::connect(to).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut program) => {}
            _ = hang.wait_for(|hang| *hang) => {}
        }
        std::future::pending::<()>().await;
    });
    (address, carrying)
}
