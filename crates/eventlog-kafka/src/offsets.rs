//! Where partitions begin and end, asked of the brokers in one request each.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
};

use crate::context::Listener;

/// One partition of one topic.
pub(crate) type At<'a> = (&'a str, u16);

/// The offsets at one end of each partition, in the order asked: `Offset::Beginning` or `Offset::End`.
pub(crate) fn query(
    consumer: &BaseConsumer<Listener>,
    partitions: &[At<'_>],
    end: Offset,
    timeout: Duration,
) -> Result<Vec<u64>, KafkaError> {
    let mut asked = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        // The two ends are what a point in time may be given as, too.
        asked.add_partition_offset(topic, i32::from(*partition), end)?;
    }
    let told = consumer.offsets_for_times(asked, timeout)?;
    let each = |(topic, partition): &At<'_>| {
        let element = told.find_partition(topic, i32::from(*partition));
        let element = element.ok_or(KafkaError::NoMessageReceived)?;
        element.error()?;
        match element.offset() {
            Offset::Offset(offset) => Ok(u64::try_from(offset).unwrap_or(0)),
            // An empty partition may be told as its end.
            Offset::End | Offset::Beginning | Offset::Invalid | Offset::Stored | Offset::OffsetTail(_) => {
                watermark(consumer, topic, *partition, end, timeout)
            }
        }
    };
    partitions.iter().map(each).collect()
}

fn watermark(
    consumer: &BaseConsumer<Listener>,
    topic: &str,
    partition: u16,
    end: Offset,
    timeout: Duration,
) -> Result<u64, KafkaError> {
    let (low, high) = consumer.fetch_watermarks(topic, i32::from(partition), timeout)?;
    let offset = if end == Offset::Beginning { low } else { high };
    Ok(u64::try_from(offset).unwrap_or(0))
}

/// Makes a consumer read these partitions from these positions, and nothing else.
pub(crate) fn aim(consumer: &BaseConsumer<Listener>, at: &[(At<'_>, u64)]) -> Result<(), KafkaError> {
    consumer.assign(&positions(at)?)
}

/// Partitions, each with where to read it from.
pub(crate) fn positions(at: &[(At<'_>, u64)]) -> Result<TopicPartitionList, KafkaError> {
    let mut wanted = TopicPartitionList::with_capacity(at.len());
    for ((topic, partition), position) in at {
        let offset = Offset::Offset(i64::try_from(*position).unwrap_or(i64::MAX));
        wanted.add_partition_offset(topic, i32::from(*partition), offset)?;
    }
    Ok(wanted)
}
