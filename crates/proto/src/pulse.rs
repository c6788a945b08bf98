//! What processes say of themselves, in the `pulse` topic.

use chappe_model::{Live, MemberId, Timestamp};
use prost::Message;

use crate::incident::RecordError;
use crate::v1;

/// Format of a [`v1::PulseRecord`] that this version writes.
pub const PULSE_FORMAT: u32 = 1;

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// A correlation process lives.
    Beat(Beat),
    /// How much is live.
    Live(Live),
}

/// A correlation process lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Which.
    pub instance: String,
    /// It has read the log up to its end and could own any lot.
    pub ready: bool,
    /// The lots it owns.
    pub held: Vec<HeldLot>,
}

/// A lot and how far its owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLot {
    /// Which.
    pub lot: u16,
    /// Under which epoch it is owned.
    pub epoch: u64,
    /// Log time up to which its alerts are durable.
    pub reached: Timestamp,
}

/// Encodes one record of the topic.
#[must_use]
pub fn encode(pulse: &Pulse) -> Vec<u8> {
    let said = match pulse {
        Pulse::Beat(beat) => v1::pulse_record::Said::Beat(v1::Beat {
            instance: beat.instance.clone(),
            ready: beat.ready,
            held: beat.held.iter().map(held_to_record).collect(),
        }),
        Pulse::Live(live) => v1::pulse_record::Said::Live(v1::LiveRecord {
            read_to: live.read_to.clone(),
            members: live.members.iter().map(member_to_record).collect(),
        }),
    };
    v1::PulseRecord {
        format: PULSE_FORMAT,
        said: Some(said),
    }
    .encode_to_vec()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When the bytes are of another format or damaged.
pub fn decode(bytes: &[u8]) -> Result<Pulse, RecordError> {
    let record = v1::PulseRecord::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if record.format != PULSE_FORMAT {
        return Err(RecordError::Format(record.format));
    }
    match record.said.ok_or(RecordError::Field("said"))? {
        v1::pulse_record::Said::Beat(beat) => {
            let held = beat.held.iter().map(held_from_record).collect::<Result<_, _>>()?;
            let (instance, ready) = (beat.instance, beat.ready);
            Ok(Pulse::Beat(Beat { instance, ready, held }))
        }
        v1::pulse_record::Said::Live(live) => {
            let members = live.members.iter().map(member_from_record).collect::<Result<_, _>>()?;
            let read_to = live.read_to;
            Ok(Pulse::Live(Live { read_to, members }))
        }
    }
}

fn held_to_record(held: &HeldLot) -> v1::HeldLot {
    v1::HeldLot {
        lot: held.lot.into(),
        epoch: held.epoch,
        reached_ms: held.reached.as_millis(),
    }
}

fn held_from_record(held: &v1::HeldLot) -> Result<HeldLot, RecordError> {
    Ok(HeldLot {
        lot: u16::try_from(held.lot).map_err(|_| RecordError::Field("beat.held.lot"))?,
        epoch: held.epoch,
        reached: Timestamp::from_millis(held.reached_ms),
    })
}

fn member_to_record((member, contributions): (&MemberId, &u64)) -> v1::MemberLive {
    v1::MemberLive {
        member: member.to_string(),
        contributions: *contributions,
    }
}

fn member_from_record(live: &v1::MemberLive) -> Result<(MemberId, u64), RecordError> {
    let member = MemberId::parse(&live.member).map_err(|_| RecordError::Field("live.members.member"))?;
    Ok((member, live.contributions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_read_back() {
        let member = MemberId::parse("csirt-at").unwrap();
        let held = HeldLot {
            lot: 7,
            epoch: u64::MAX,
            reached: Timestamp::from_millis(5),
        };
        for pulse in [
            Pulse::Beat(Beat {
                instance: "one".into(),
                ready: true,
                held: vec![held],
            }),
            Pulse::Beat(Beat::default()),
            Pulse::Live(Live {
                read_to: vec![3, 0],
                members: [(member, 9)].into(),
            }),
        ] {
            assert_eq!(decode(&encode(&pulse)), Ok(pulse));
        }
        assert!(decode(b"").is_err() && decode(&[0xff]).is_err());
    }
}
