//! What was learned of counts, in the `incidents` topic: see `SurgeLessonRecord`.

use chappe_model::limits::SURGE_SECTORS;
use chappe_model::{Country, SurgeLessonPart, SurgeNumbers, SurgeSector};
use prost::Message;

use crate::incident::RecordError;
use crate::v1;

/// Format of a [`v1::SurgeLessonRecord`] that this version writes.
pub const LESSON_FORMAT: u32 = 1;

/// Encodes one part of a lesson.
#[must_use]
pub fn encode(part: &SurgeLessonPart) -> Vec<u8> {
    let country = |column: &Option<Country>| column.map_or_else(String::new, |country| country.as_str().to_owned());
    v1::SurgeLessonRecord {
        format: LESSON_FORMAT,
        number: part.number,
        nonce: part.nonce,
        bin_seconds: part.bin_seconds,
        false_alarms_per_year: part.false_alarms_per_year,
        threshold_milli: part.threshold_milli,
        known: part.known.clone(),
        columns: part.columns.iter().map(country).collect(),
        types: part.types.iter().map(|of| of.as_str().to_owned()).collect(),
        part: u32::try_from(part.part).unwrap_or(u32::MAX),
        cells: part.cells.iter().map(numbers_to_wire).collect(),
        whole: part.whole.as_ref().map(numbers_to_wire),
        sectors: part.sectors.iter().map(sector_to_wire).collect(),
    }
    .encode_to_vec()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When the bytes are of another format or damaged.
pub fn decode(bytes: &[u8]) -> Result<SurgeLessonPart, RecordError> {
    let record = v1::SurgeLessonRecord::decode(bytes).map_err(|e| RecordError::Protobuf(e.to_string()))?;
    if record.format != LESSON_FORMAT {
        return Err(RecordError::Format(record.format));
    }
    let column = |code: &String| (!code.is_empty()).then(|| Country::parse(code)).transpose();
    let columns: Result<Vec<_>, _> = record.columns.iter().map(column).collect();
    let types: Result<Vec<_>, _> = record.types.iter().map(|name| name.parse()).collect();
    Ok(SurgeLessonPart {
        number: record.number,
        nonce: record.nonce,
        bin_seconds: record.bin_seconds,
        false_alarms_per_year: record.false_alarms_per_year,
        threshold_milli: record.threshold_milli,
        known: record.known,
        columns: columns.map_err(|_| RecordError::Field("columns"))?,
        types: types.map_err(|_| RecordError::Field("types"))?,
        part: usize::try_from(record.part).map_err(|_| RecordError::Field("part"))?,
        cells: record.cells.into_iter().map(numbers_from_wire).collect(),
        whole: record.whole.map(numbers_from_wire),
        sectors: (record.sectors.into_iter().take(SURGE_SECTORS))
            .map(sector_from_wire)
            .collect::<Result<_, _>>()?,
    })
}

fn sector_to_wire(of: &SurgeSector) -> v1::SurgeSectorRecord {
    v1::SurgeSectorRecord {
        sector: of.sector.as_str().to_owned(),
        shares: of.shares.clone(),
        whole: of.whole.as_ref().map(numbers_to_wire),
    }
}

fn sector_from_wire(wire: v1::SurgeSectorRecord) -> Result<SurgeSector, RecordError> {
    Ok(SurgeSector {
        sector: wire.sector.parse().map_err(|_| RecordError::Field("sectors.sector"))?,
        shares: wire.shares,
        whole: wire.whole.map(numbers_from_wire),
    })
}

fn numbers_to_wire(numbers: &SurgeNumbers) -> v1::SurgeBaseline {
    v1::SurgeBaseline {
        origin: numbers.origin,
        coefficients: numbers.coefficients.clone(),
        information: numbers.information.clone(),
        profile: numbers.profile.clone(),
        dispersion: numbers.dispersion,
    }
}

fn numbers_from_wire(wire: v1::SurgeBaseline) -> SurgeNumbers {
    SurgeNumbers {
        origin: wire.origin,
        coefficients: wire.coefficients,
        information: wire.information,
        profile: wire.profile,
        dispersion: wire.dispersion,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_back_equal_and_damage_is_told() {
        let numbers = SurgeNumbers {
            origin: -3,
            coefficients: vec![1.5, -0.1],
            information: vec![2.0, 0.1, 4.0],
            profile: vec![0.5; 48],
            dispersion: 1.25,
        };
        let part = SurgeLessonPart {
            number: 2,
            nonce: 7,
            bin_seconds: 3_600,
            false_alarms_per_year: 12,
            threshold_milli: 13_820,
            known: vec![0.4, 1.0],
            columns: vec![Some(Country::parse("AT").unwrap()), None],
            types: vec!["fraud/phishing".parse().unwrap()],
            part: 0,
            cells: vec![numbers.clone(), numbers.clone()],
            sectors: vec![SurgeSector {
                sector: "energy".parse().unwrap(),
                shares: vec![0.25, 0.5],
                whole: Some(numbers.clone()),
            }],
            whole: Some(numbers),
        };
        let bytes = encode(&part);
        assert_eq!(decode(&bytes), Ok(part));
        assert!(decode(&bytes[..bytes.len() - 3]).is_err());
        assert_eq!(decode(&[]), Err(RecordError::Format(0)));
    }
}
