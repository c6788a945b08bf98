use chappe_model::limits::SECTORS;
use chappe_model::{Cascade, CascadeNode, CascadeWarning, Country, WarningState};

use crate::incident::RecordError;
use crate::{time, v1};

pub(super) fn to_wire(cascade: &Cascade) -> v1::Cascade {
    let node = |node: &CascadeNode| v1::CascadeNode {
        sector: node.sector.as_str().to_owned(),
        country: node.country.as_str().to_owned(),
    };
    let warning = |warning: &CascadeWarning| v1::CascadeWarning {
        path: warning.path.iter().map(node).collect(),
        state: match warning.state {
            WarningState::Pending => v1::WarningState::Pending,
            WarningState::Confirmed => v1::WarningState::Confirmed,
            WarningState::Expired => v1::WarningState::Expired,
        } as i32,
        until: Some(time::to_wire(warning.until)),
        reports: warning.reports,
        members: warning.members,
        why: warning.why.to_string(),
    };
    v1::Cascade {
        warnings: cascade.warnings.iter().map(warning).collect(),
        dependencies: cascade.dependencies.to_string(),
    }
}

pub(super) fn from_wire(wire: &v1::Cascade) -> Result<Cascade, RecordError> {
    let warnings = wire.warnings.iter().take(SECTORS).map(warning);
    Ok(Cascade {
        warnings: warnings.collect::<Result<_, _>>()?,
        dependencies: wire.dependencies.as_str().into(),
    })
}

fn warning(wire: &v1::CascadeWarning) -> Result<CascadeWarning, RecordError> {
    let until = wire.until.as_ref().and_then(|at| time::from_wire(at).ok());
    Ok(CascadeWarning {
        path: wire.path.iter().map(node).collect::<Result<_, _>>()?,
        state: match v1::WarningState::try_from(wire.state) {
            Ok(v1::WarningState::Pending) => WarningState::Pending,
            Ok(v1::WarningState::Confirmed) => WarningState::Confirmed,
            Ok(v1::WarningState::Expired) => WarningState::Expired,
            _ => return Err(RecordError::Field("cascade.warnings.state")),
        },
        until: until.ok_or(RecordError::Field("cascade.warnings.until"))?,
        reports: wire.reports,
        members: wire.members,
        why: wire.why.as_str().into(),
    })
}

fn node(wire: &v1::CascadeNode) -> Result<CascadeNode, RecordError> {
    let wrong = RecordError::Field("cascade.warnings.path");
    Ok(CascadeNode {
        sector: wire.sector.parse().map_err(|_| wrong.clone())?,
        country: Country::parse(&wire.country).map_err(|_| wrong)?,
    })
}

#[cfg(test)]
mod tests {
    use chappe_model::Timestamp;

    use super::*;

    #[test]
    fn a_cascade_comes_back_equal() {
        let node = |sector: &str| CascadeNode {
            sector: sector.parse().unwrap(),
            country: Country::parse("AT").unwrap(),
        };
        let warning = |state| CascadeWarning {
            path: vec![node("energy"), node("health")],
            state,
            until: Timestamp::from_millis(7_200_000),
            reports: 2,
            members: 1,
            why: "hospitals need power".into(),
        };
        let states = [WarningState::Pending, WarningState::Confirmed, WarningState::Expired];
        let cascade = Cascade {
            warnings: states.map(warning).to_vec(),
            dependencies: "2026-11".into(),
        };
        assert_eq!(from_wire(&to_wire(&cascade)), Ok(cascade));
        let unknown = v1::CascadeWarning {
            state: 9,
            ..v1::CascadeWarning::default()
        };
        assert_eq!(
            super::warning(&unknown),
            Err(RecordError::Field("cascade.warnings.state"))
        );
    }
}
