use chappe_model::limits::SURGE_BINS;
use chappe_model::{Surge, SurgeBin, SurgeSet};

use crate::incident::RecordError;
use crate::{time, v1};

pub(super) fn to_wire(surge: &Surge) -> v1::Surge {
    let bin = |bin: &SurgeBin| v1::SurgeBin {
        begins_at: Some(time::to_wire(bin.begins)),
        reports: bin.reports,
        expected_milli: bin.expected_milli,
        unusual_from: bin.unusual_from,
    };
    v1::Surge {
        bin_seconds: surge.bin_seconds,
        bins: surge.bins.iter().map(bin).collect(),
        score_milli: surge.score_milli,
        threshold_milli: surge.threshold_milli,
        false_alarms_per_year: surge.false_alarms_per_year,
        lesson: surge.lesson,
        together: surge.together.as_ref().map(set_to_wire),
    }
}

fn set_to_wire(set: &SurgeSet) -> v1::SurgeSet {
    v1::SurgeSet {
        begins_at: Some(time::to_wire(set.begins)),
        countries: set.countries,
        watched: set.watched,
        surprise_milli: set.surprise_milli,
        sectors: set.sectors,
    }
}

fn set_from_wire(wire: &v1::SurgeSet) -> Result<SurgeSet, RecordError> {
    let begins = wire.begins_at.as_ref().and_then(|at| time::from_wire(at).ok());
    Ok(SurgeSet {
        begins: begins.ok_or(RecordError::Field("surge.together.begins_at"))?,
        countries: wire.countries,
        watched: wire.watched,
        surprise_milli: wire.surprise_milli,
        sectors: wire.sectors,
    })
}

pub(super) fn from_wire(wire: &v1::Surge) -> Result<Surge, RecordError> {
    let bin = |bin: &v1::SurgeBin| {
        let begins = bin.begins_at.as_ref().and_then(|at| time::from_wire(at).ok());
        Ok(SurgeBin {
            begins: begins.ok_or(RecordError::Field("surge.bins.begins_at"))?,
            reports: bin.reports,
            expected_milli: bin.expected_milli,
            unusual_from: bin.unusual_from,
        })
    };
    Ok(Surge {
        bin_seconds: wire.bin_seconds,
        bins: wire.bins.iter().take(SURGE_BINS).map(bin).collect::<Result<_, _>>()?,
        score_milli: wire.score_milli,
        threshold_milli: wire.threshold_milli,
        false_alarms_per_year: wire.false_alarms_per_year,
        lesson: wire.lesson,
        together: wire.together.as_ref().map(set_from_wire).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use chappe_model::Timestamp;

    use super::*;

    #[test]
    fn a_surge_comes_back_equal() {
        let surge = Surge {
            bin_seconds: 3_600,
            bins: vec![SurgeBin {
                begins: Timestamp::from_millis(7_200_000),
                reports: 40,
                expected_milli: 6_125,
                unusual_from: 13,
            }],
            score_milli: 18_400,
            threshold_milli: 13_820,
            false_alarms_per_year: 12,
            lesson: 3,
            together: Some(SurgeSet {
                begins: Timestamp::from_millis(7_200_000),
                countries: 7,
                watched: 27,
                surprise_milli: 3_900,
                sectors: 4,
            }),
        };
        assert_eq!(from_wire(&to_wire(&surge)), Ok(surge));
    }
}
