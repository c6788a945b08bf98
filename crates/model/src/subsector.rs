//! The subsectors of the NIS2 directive.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Sector;
use crate::indicator::quoted;

/// A subsector of Directive (EU) 2022/2555 (NIS2): of energy and transport in Annex I, of manufacturing in Annex II. The other sectors have none.
///
/// Read and written as the kebab-case code of [`Subsector::as_str`]; the labels of MISP's taxonomy `nis2` (version 5) that differ from it are read too, with and
/// without `-subsector`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subsector {
    /// Energy: electricity.
    Electricity,
    /// Energy: district heating and cooling.
    DistrictHeatingCooling,
    /// Energy: oil.
    Oil,
    /// Energy: gas.
    Gas,
    /// Energy: hydrogen.
    Hydrogen,
    /// Transport: air.
    Air,
    /// Transport: rail.
    Rail,
    /// Transport: water.
    Water,
    /// Transport: road.
    Road,
    /// Manufacture of medical devices and in vitro diagnostic medical devices.
    MedicalDevices,
    /// Manufacture of computer, electronic and optical products.
    ComputerElectronicOptical,
    /// Manufacture of electrical equipment.
    ElectricalEquipment,
    /// Manufacture of machinery and equipment that is not elsewhere classified.
    MachineryNec,
    /// Manufacture of motor vehicles, trailers and semi-trailers.
    MotorVehicles,
    /// Manufacture of other transport equipment.
    OtherTransportEquipment,
}

/// A text that names no subsector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a NIS2 subsector: give one of {}", quoted(value), codes())]
pub struct SubsectorError {
    value: String,
}

/// MISP's labels that are not the code itself.
const ALIASES: [(&str, Subsector); 10] = [
    ("district-heating-and-cooling", Subsector::DistrictHeatingCooling),
    ("electronic-optical", Subsector::ComputerElectronicOptical),
    ("machine-tool", Subsector::MachineryNec),
    ("vehicle-manufacturing", Subsector::MotorVehicles),
    ("medical-devices-manufacturing", Subsector::MedicalDevices),
    ("computer-manufacturing", Subsector::ComputerElectronicOptical),
    ("electrical-equipment-manufacturing", Subsector::ElectricalEquipment),
    ("machinery-equipment-manufacturing", Subsector::MachineryNec),
    ("vehicles-trailers-manufacturing", Subsector::MotorVehicles),
    ("other-transport-manufacturing", Subsector::OtherTransportEquipment),
];

impl Subsector {
    /// Every subsector, in the order of the annexes.
    pub const ALL: [Self; 15] = [
        Self::Electricity,
        Self::DistrictHeatingCooling,
        Self::Oil,
        Self::Gas,
        Self::Hydrogen,
        Self::Air,
        Self::Rail,
        Self::Water,
        Self::Road,
        Self::MedicalDevices,
        Self::ComputerElectronicOptical,
        Self::ElectricalEquipment,
        Self::MachineryNec,
        Self::MotorVehicles,
        Self::OtherTransportEquipment,
    ];

    /// The canonical code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Electricity => "electricity",
            Self::DistrictHeatingCooling => "district-heating-cooling",
            Self::Oil => "oil",
            Self::Gas => "gas",
            Self::Hydrogen => "hydrogen",
            Self::Air => "air",
            Self::Rail => "rail",
            Self::Water => "water",
            Self::Road => "road",
            Self::MedicalDevices => "medical-devices",
            Self::ComputerElectronicOptical => "computer-electronic-optical",
            Self::ElectricalEquipment => "electrical-equipment",
            Self::MachineryNec => "machinery-nec",
            Self::MotorVehicles => "motor-vehicles",
            Self::OtherTransportEquipment => "other-transport-equipment",
        }
    }

    /// The sector that it is a part of.
    #[must_use]
    pub fn sector(self) -> Sector {
        match self {
            Self::Electricity | Self::DistrictHeatingCooling | Self::Oil | Self::Gas | Self::Hydrogen => Sector::Energy,
            Self::Air | Self::Rail | Self::Water | Self::Road => Sector::Transport,
            _ => Sector::Manufacturing,
        }
    }
}

fn codes() -> String {
    Subsector::ALL.map(Subsector::as_str).join(", ")
}

impl fmt::Display for Subsector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Subsector {
    type Err = SubsectorError;

    fn from_str(text: &str) -> Result<Self, SubsectorError> {
        let name = text.strip_suffix("-subsector").unwrap_or(text);
        let by_code = Self::ALL.into_iter().find(|one| one.as_str() == name);
        let by_alias = || ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, one)| *one);
        by_code
            .or_else(by_alias)
            .ok_or_else(|| SubsectorError { value: text.to_owned() })
    }
}

impl TryFrom<String> for Subsector {
    type Error = SubsectorError;

    fn try_from(text: String) -> Result<Self, SubsectorError> {
        text.parse()
    }
}

impl From<Subsector> for String {
    fn from(subsector: Subsector) -> Self {
        subsector.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn codes_and_labels_of_misp_are_read_back() {
        for subsector in Subsector::ALL {
            assert_eq!(subsector.to_string().parse::<Subsector>().unwrap(), subsector);
            let labelled = format!("{subsector}-subsector");
            assert_eq!(labelled.parse::<Subsector>().unwrap(), subsector);
        }
        assert_eq!(
            "machine-tool-subsector".parse::<Subsector>().unwrap().sector(),
            Sector::Manufacturing
        );
        let of = |sector| Subsector::ALL.into_iter().filter(|one| one.sector() == sector).count();
        assert_eq!(
            (of(Sector::Energy), of(Sector::Transport), of(Sector::Manufacturing)),
            (5, 4, 6)
        );
        for wrong in ["", "Oil", "energy", "subsector"] {
            assert!(
                wrong
                    .parse::<Subsector>()
                    .unwrap_err()
                    .to_string()
                    .ends_with("other-transport-equipment"),
                "{wrong}"
            );
        }
    }
}
