use std::collections::HashMap;

use super::{Call, Moment, Target};

/// What went out on every connection, and when each byte began to.
#[derive(Debug, Default)]
pub struct BytesSent {
    connections: HashMap<String, Connection>,
}

#[derive(Debug, Default)]
struct Connection {
    bytes: Vec<u8>,
    /// Where each write's bytes begin, and when it began.
    writes: Vec<(usize, Moment)>,
}

impl BytesSent {
    /// Puts the bytes of each connection together, of each write as many as the kernel took.
    #[must_use]
    pub fn of(calls: &[Call]) -> Self {
        let mut sent = Self::default();
        for call in calls {
            let (Target::Connection(ends), Some(taken)) = (&call.target, call.returned) else {
                continue;
            };
            let taken = usize::try_from(taken).unwrap_or(usize::MAX).min(call.bytes.len());
            let connection = sent.connections.entry(ends.clone()).or_default();
            connection.writes.push((connection.bytes.len(), call.begun));
            connection.bytes.extend_from_slice(&call.bytes[..taken]);
        }
        sent
    }

    /// Every text of `len` bytes that begins with `prefix`, with the moment at which the write of its first byte began.
    #[must_use]
    pub fn texts(&self, prefix: &[u8], len: usize) -> Vec<(Vec<u8>, Moment)> {
        let mut found = Vec::new();
        for connection in self.connections.values() {
            for at in positions(&connection.bytes, prefix) {
                let Some(text) = connection.bytes.get(at..at + len) else {
                    continue;
                };
                let write = connection.writes.partition_point(|(from, _)| *from <= at);
                let moment = write.checked_sub(1).and_then(|last| connection.writes.get(last));
                found.extend(moment.map(|(_, begun)| (text.to_vec(), *begun)));
            }
        }
        found
    }
}

/// Where `wanted` stands in `bytes`.
pub(super) fn positions(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    let Some(first) = wanted.first() else {
        return Vec::new();
    };
    let candidates = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    candidates
        .filter(|(at, _)| bytes[*at..].starts_with(wanted))
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_text_split_over_writes_began_with_its_first_byte() {
        let write = |bytes: &[u8], taken, begun| Call {
            name: "sendto".to_owned(),
            target: Target::Connection("9".to_owned()),
            bytes: bytes.to_vec(),
            number: None,
            creates: false,
            begun,
            ended: Some(begun),
            returned: taken,
        };
        // The second takes two of its five bytes, the third nothing, the fourth the rest.
        let calls = [
            write(b"xx", Some(2), 1),
            write(b"-key1", Some(2), 5),
            write(b"ey1", None, 6),
            write(b"ey1-key2", Some(8), 9),
        ];
        let found = BytesSent::of(&calls).texts(b"-key", 5);
        assert_eq!(found, [(b"-key1".to_vec(), 5), (b"-key2".to_vec(), 9)]);
    }
}
