//! The sectors of the NIS2 directive.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::indicator::quoted;

/// One of the 18 sectors of Directive (EU) 2022/2555 (NIS2): eleven of Annex I, seven of Annex II.
///
/// Read and written as the kebab-case code of [`Sector::as_str`]. The labels of MISP's `nis2` taxonomy that differ from it are read too:
/// `financial`, `ict-services`, `courier`, `postal`, `waste`, `chemical`, `digital`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sector {
    /// Electricity, district heating and cooling, oil, gas, hydrogen.
    Energy,
    /// Air, rail, water, road.
    Transport,
    /// Credit institutions.
    Banking,
    /// Trading venues and central counterparties.
    FinancialMarketInfrastructures,
    /// Healthcare providers, laboratories, medicines.
    Health,
    /// Drinking water.
    DrinkingWater,
    /// Waste water.
    WasteWater,
    /// Exchange points, DNS, registries, cloud, data centres, networks, trust services.
    DigitalInfrastructure,
    /// Managed services and managed security services, business to business.
    IctServiceManagementB2b,
    /// Central and regional government.
    PublicAdministration,
    /// Ground-based infrastructure of space services.
    Space,
    /// Postal and courier services.
    PostalCourier,
    /// Waste management.
    WasteManagement,
    /// Manufacture, production and distribution of chemicals.
    Chemicals,
    /// Production, processing and distribution of food.
    Food,
    /// Medical devices, computers, electronics, electrical equipment, machinery, vehicles.
    Manufacturing,
    /// Online marketplaces, search engines, social networks.
    DigitalProviders,
    /// Research organisations.
    Research,
}

/// The annex of NIS2 that lists a sector.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Annex {
    /// Sectors of high criticality.
    I,
    /// Other critical sectors.
    II,
}

/// A text that names no sector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a NIS2 sector: give one of {}", quoted(value), codes())]
pub struct SectorError {
    value: String,
}

/// MISP's labels (taxonomy `nis2`, version 5) that are not the code itself.
const ALIASES: [(&str, Sector); 7] = [
    ("financial", Sector::FinancialMarketInfrastructures),
    ("ict-services", Sector::IctServiceManagementB2b),
    ("courier", Sector::PostalCourier),
    ("postal", Sector::PostalCourier),
    ("waste", Sector::WasteManagement),
    ("chemical", Sector::Chemicals),
    ("digital", Sector::DigitalProviders),
];

impl Sector {
    /// Every sector, in the order of the annexes.
    pub const ALL: [Self; 18] = [
        Self::Energy,
        Self::Transport,
        Self::Banking,
        Self::FinancialMarketInfrastructures,
        Self::Health,
        Self::DrinkingWater,
        Self::WasteWater,
        Self::DigitalInfrastructure,
        Self::IctServiceManagementB2b,
        Self::PublicAdministration,
        Self::Space,
        Self::PostalCourier,
        Self::WasteManagement,
        Self::Chemicals,
        Self::Food,
        Self::Manufacturing,
        Self::DigitalProviders,
        Self::Research,
    ];

    /// The canonical code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Transport => "transport",
            Self::Banking => "banking",
            Self::FinancialMarketInfrastructures => "financial-market-infrastructures",
            Self::Health => "health",
            Self::DrinkingWater => "drinking-water",
            Self::WasteWater => "waste-water",
            Self::DigitalInfrastructure => "digital-infrastructure",
            Self::IctServiceManagementB2b => "ict-service-management-b2b",
            Self::PublicAdministration => "public-administration",
            Self::Space => "space",
            Self::PostalCourier => "postal-courier",
            Self::WasteManagement => "waste-management",
            Self::Chemicals => "chemicals",
            Self::Food => "food",
            Self::Manufacturing => "manufacturing",
            Self::DigitalProviders => "digital-providers",
            Self::Research => "research",
        }
    }

    /// The annex that lists the sector.
    #[must_use]
    pub fn annex(self) -> Annex {
        if self <= Self::Space { Annex::I } else { Annex::II }
    }

    /// Whether NIS2 calls it a sector of high criticality (Annex I).
    #[must_use]
    pub fn is_critical(self) -> bool {
        self.annex() == Annex::I
    }
}

fn codes() -> String {
    Sector::ALL.map(Sector::as_str).join(", ")
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Sector {
    type Err = SectorError;

    fn from_str(text: &str) -> Result<Self, SectorError> {
        let by_code = Self::ALL.into_iter().find(|sector| sector.as_str() == text);
        let by_alias = || {
            ALIASES
                .iter()
                .find(|(alias, _)| *alias == text)
                .map(|(_, sector)| *sector)
        };
        by_code
            .or_else(by_alias)
            .ok_or_else(|| SectorError { value: text.to_owned() })
    }
}

impl TryFrom<String> for Sector {
    type Error = SectorError;

    fn try_from(text: String) -> Result<Self, SectorError> {
        text.parse()
    }
}

impl From<Sector> for String {
    fn from(sector: Sector) -> Self {
        sector.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_annexes_hold_eleven_and_seven_sectors() {
        assert_eq!(
            Sector::ALL.into_iter().filter(|sector| sector.is_critical()).count(),
            11
        );
        assert_eq!(
            Sector::ALL
                .into_iter()
                .filter(|sector| sector.annex() == Annex::II)
                .count(),
            7
        );
    }

    #[test]
    fn codes_are_read_back() {
        for sector in Sector::ALL {
            assert_eq!(sector.to_string().parse::<Sector>().unwrap(), sector);
        }
        assert!(Sector::ALL.is_sorted());
    }

    #[test]
    fn labels_of_misp_are_read_as_the_code() {
        assert_eq!(
            "financial".parse::<Sector>().unwrap().as_str(),
            "financial-market-infrastructures"
        );
        assert_eq!(
            "courier".parse::<Sector>().unwrap(),
            "postal".parse::<Sector>().unwrap()
        );
    }

    #[test]
    fn another_word_is_refused_with_every_code() {
        for wrong in ["", "Energy", "oil", "energy "] {
            let error = wrong.parse::<Sector>().unwrap_err().to_string();
            assert!(
                error.contains("energy, transport") && error.ends_with("research"),
                "{error}"
            );
        }
    }
}
