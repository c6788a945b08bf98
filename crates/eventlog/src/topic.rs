//! Topics and how many partitions each has.

use std::fmt;

/// The highest number of partitions a topic may have.
pub const MAX_PARTITIONS: u16 = 1_024;

/// A named sequence of partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// What members submitted: every revision of every incident, keyed by incident id.
    Incidents,
    /// Every revision of every alert, keyed by alert id.
    Alerts,
    /// Rules, thresholds, lists and policies taking effect.
    Config,
    /// What the processes of an installation say of themselves: who lives, how far it is, how much is live. Only the last minute matters.
    Pulse,
    /// What members judged of alerts, keyed by alert id.
    Decisions,
}

impl Topic {
    /// Every topic, in the order of their codes.
    pub const ALL: [Self; 5] = [
        Self::Incidents,
        Self::Alerts,
        Self::Config,
        Self::Pulse,
        Self::Decisions,
    ];

    /// The name, as in file names, metrics and Kafka.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incidents => "incidents",
            Self::Alerts => "alerts",
            Self::Config => "config",
            Self::Pulse => "pulse",
            Self::Decisions => "decisions",
        }
    }

    /// The code that stands for the topic on disk. It never changes and is never given to another topic.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Incidents => 1,
            Self::Alerts => 2,
            Self::Config => 3,
            Self::Pulse => 4,
            Self::Decisions => 5,
        }
    }

    /// The topic of a code, if there is one.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.code() == code)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many partitions each topic has: fixed when a log is created. A topic never has fewer than one partition nor
/// more than [`MAX_PARTITIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partitions {
    counts: [u16; Topic::ALL.len()],
}

impl Partitions {
    /// These counts with another one for `topic`, brought into 1 to [`MAX_PARTITIONS`].
    #[must_use]
    pub fn with(mut self, topic: Topic, count: u16) -> Self {
        if let Some(held) = self.counts.get_mut(topic as usize) {
            *held = count.clamp(1, MAX_PARTITIONS);
        }
        self
    }

    /// The number of partitions of a topic, at least 1.
    #[must_use]
    pub fn of(self, topic: Topic) -> u16 {
        self.counts.get(topic as usize).copied().unwrap_or(1)
    }

    /// The number of partitions of all topics together.
    #[must_use]
    pub fn total(self) -> usize {
        self.counts.iter().map(|&count| usize::from(count)).sum()
    }

    /// The ordinal of a partition among all partitions of all topics, below [`Self::total`]; none if there is no such
    /// partition.
    #[must_use]
    pub fn slot(self, topic: Topic, partition: u16) -> Option<usize> {
        if partition >= self.of(topic) {
            return None;
        }
        let before: usize = self
            .counts
            .iter()
            .take(topic as usize)
            .map(|&count| usize::from(count))
            .sum();
        Some(before + usize::from(partition))
    }

    /// The topic and partition of a slot: the inverse of [`Self::slot`].
    #[must_use]
    pub fn at_slot(self, slot: usize) -> Option<(Topic, u16)> {
        let mut rest = slot;
        for topic in Topic::ALL {
            let count = usize::from(self.of(topic));
            if rest < count {
                return u16::try_from(rest).ok().map(|partition| (topic, partition));
            }
            rest -= count;
        }
        None
    }
}

impl Default for Partitions {
    /// Eight partitions of incidents, one of each other topic.
    fn default() -> Self {
        Self {
            counts: [8, 1, 1, 1, 1],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn codes_and_ordinals_are_stable() {
        for (ordinal, topic) in Topic::ALL.into_iter().enumerate() {
            assert_eq!(topic as usize, ordinal);
            assert_eq!(Topic::from_code(topic.code()), Some(topic));
        }
        assert_eq!(Topic::ALL.map(Topic::code), [1, 2, 3, 4, 5]);
        assert_eq!(Topic::from_code(0), None);
    }

    #[test]
    fn slots_number_every_partition_once() {
        let partitions = Partitions::default().with(Topic::Alerts, 3).with(Topic::Config, 0);
        assert_eq!(partitions.of(Topic::Config), 1, "a topic has at least one partition");
        let mut seen = 0;
        for topic in Topic::ALL {
            for partition in 0..partitions.of(topic) {
                assert_eq!(partitions.slot(topic, partition), Some(seen));
                assert_eq!(partitions.at_slot(seen), Some((topic, partition)));
                seen += 1;
            }
        }
        assert_eq!(seen, partitions.total());
        assert_eq!(partitions.slot(Topic::Incidents, 8), None);
        assert_eq!(partitions.at_slot(seen), None);
    }
}
