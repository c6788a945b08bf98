//! How a record stands in a Kafka message, and what is made of a message that is no record.
//!
//! The value is one byte of format, one byte of kind, eight bytes of stamp (big endian), then the payload. The message's key is the record's; an
//! empty one is left out.

use bytes::{BufMut, Bytes, BytesMut};
use chappe_eventlog::{MAX_KEY_BYTES, MAX_RECORD_BYTES, Record, RecordKind};

/// The first byte of every value. A version that changes what follows changes the number.
const FORMAT: u8 = 1;

/// Bytes before the payload.
pub(crate) const HEADER_BYTES: usize = 10;

/// The payload of what stands for a message that is no record: what no Protobuf message begins with (field 0, wire type 7), so every reader
/// finds it unreadable.
const FOREIGN_PAYLOAD: &[u8] = b"\x07not a record of this log";

/// The value of a record's message.
pub(crate) fn encode(record: &Record) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEADER_BYTES + record.payload.len());
    value.put_u8(FORMAT);
    value.put_u8(record.kind.code());
    value.put_u64(record.stamp_ms);
    value.put_slice(&record.payload);
    value
}

/// The record of a message; none if it is not one that [`encode`] makes.
pub(crate) fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Option<Record> {
    let (key, value) = (key.unwrap_or_default(), value?);
    let (header, payload) = value.split_first_chunk::<HEADER_BYTES>()?;
    let [format, kind, stamp @ ..] = *header;
    let kind = RecordKind::from_code(kind)?;
    if format != FORMAT || key.len() > MAX_KEY_BYTES || key.len() + payload.len() > MAX_RECORD_BYTES {
        return None;
    }
    // One buffer for both, so that a record held in memory is one allocation.
    let mut buffer = BytesMut::with_capacity(key.len() + payload.len());
    buffer.put_slice(key);
    buffer.put_slice(payload);
    let mut key_and_payload = buffer.freeze();
    let key = key_and_payload.split_to(key.len());
    Some(Record {
        kind,
        stamp_ms: u64::from_be_bytes(stamp),
        key,
        payload: key_and_payload,
    })
}

/// What stands in the place of a message that is no record: data that nobody can read, of no time and about nothing.
pub(crate) fn foreign() -> Record {
    Record::data(0, Bytes::new(), Bytes::from_static(FOREIGN_PAYLOAD))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_form_on_the_wire_is_fixed() {
        let record = Record::data(0x0102, Bytes::from_static(b"k"), Bytes::from_static(b"pay"));
        assert_eq!(encode(&record), b"\x01\x01\0\0\0\0\0\0\x01\x02pay");
        let mark = Record {
            kind: RecordKind::Mark,
            ..Record::mark(u64::MAX)
        };
        assert_eq!(encode(&mark), b"\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff");
    }

    #[test]
    fn what_is_no_record_is_known_as_such() {
        for value in [
            &b""[..],
            b"\x01\x01short",
            b"\x02\x01\0\0\0\0\0\0\0\0",
            b"\x01\x03\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(decode(None, Some(value)), None, "{value:?}");
        }
        assert_eq!(decode(Some(b"key"), None), None, "a tombstone");
        let large = [encode(&Record::mark(1)), vec![0; MAX_RECORD_BYTES + 1]].concat();
        assert_eq!(decode(None, Some(&large)), None);
        assert_eq!(
            decode(Some(&[0; MAX_KEY_BYTES + 1]), Some(&encode(&Record::mark(1)))),
            None
        );
    }

    proptest! {
        #[test]
        fn records_read_back(
            stamp_ms: u64,
            mark: bool,
            key in proptest::collection::vec(any::<u8>(), 0..64),
            payload in proptest::collection::vec(any::<u8>(), 0..512),
        ) {
            let kind = if mark { RecordKind::Mark } else { RecordKind::Data };
            let record = Record { kind, stamp_ms, key: key.into(), payload: payload.into() };
            let key = (!record.key.is_empty()).then_some(&record.key[..]);
            prop_assert_eq!(decode(key, Some(&encode(&record))), Some(record.clone()));
        }

        #[test]
        fn foreign_bytes_never_panic(
            key in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64)),
            value in proptest::option::of(proptest::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..64)),
        ) {
            if let Some(record) = decode(key.as_deref(), value.as_deref()) {
                prop_assert_eq!(Some(encode(&record)), value);
            }
        }
    }
}
