//! Countries and sectors by the names that MISP's galaxies and its object `victim` give them. Names that could mean another are left out.

use chappe_model::{Country, Sector};

/// Names of countries as the galaxy `target-information` has them, in lower case: those of Europe. Others are known by their codes.
const COUNTRIES: [(&str, &str); 47] = [
    ("albania", "AL"),
    ("andorra", "AD"),
    ("austria", "AT"),
    ("belarus", "BY"),
    ("belgium", "BE"),
    ("bosnia and herzegovina", "BA"),
    ("bulgaria", "BG"),
    ("croatia", "HR"),
    ("cyprus", "CY"),
    ("czech republic", "CZ"),
    ("czechia", "CZ"),
    ("denmark", "DK"),
    ("estonia", "EE"),
    ("finland", "FI"),
    ("france", "FR"),
    ("germany", "DE"),
    ("greece", "GR"),
    ("hungary", "HU"),
    ("iceland", "IS"),
    ("ireland", "IE"),
    ("italy", "IT"),
    ("latvia", "LV"),
    ("liechtenstein", "LI"),
    ("lithuania", "LT"),
    ("luxembourg", "LU"),
    ("malta", "MT"),
    ("moldova", "MD"),
    ("monaco", "MC"),
    ("montenegro", "ME"),
    ("netherlands", "NL"),
    ("north macedonia", "MK"),
    ("norway", "NO"),
    ("poland", "PL"),
    ("portugal", "PT"),
    ("romania", "RO"),
    ("san marino", "SM"),
    ("serbia", "RS"),
    ("slovakia", "SK"),
    ("slovenia", "SI"),
    ("spain", "ES"),
    ("sweden", "SE"),
    ("switzerland", "CH"),
    ("turkey", "TR"),
    ("ukraine", "UA"),
    ("united kingdom", "GB"),
    ("united states", "US"),
    ("united states of america", "US"),
];

/// Sectors of the galaxy `sector` that NIS2 has too, in lower case.
const SECTORS: [(&str, Sector); 24] = [
    ("bank", Sector::Banking),
    ("chemical", Sector::Chemicals),
    ("civil aviation", Sector::Transport),
    ("digital infrastructure", Sector::DigitalInfrastructure),
    ("electric", Sector::Energy),
    ("energy", Sector::Energy),
    ("food", Sector::Food),
    ("gas", Sector::Energy),
    ("government, administration", Sector::PublicAdministration),
    ("health", Sector::Health),
    ("it - isp", Sector::DigitalInfrastructure),
    ("manufacturing", Sector::Manufacturing),
    ("maritime", Sector::Transport),
    ("oil", Sector::Energy),
    ("online marketplace", Sector::DigitalProviders),
    ("railway", Sector::Transport),
    ("research - innovation", Sector::Research),
    ("shipping", Sector::Transport),
    ("social networks", Sector::DigitalProviders),
    ("space", Sector::Space),
    ("telecoms", Sector::DigitalInfrastructure),
    ("transport", Sector::Transport),
    ("waste management", Sector::WasteManagement),
    ("water", Sector::DrinkingWater),
];

/// A country by its alpha-2 code or its name.
pub(super) fn country(text: &str) -> Option<Country> {
    let name = text.trim().to_lowercase();
    let code = COUNTRIES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, code)| *code);
    Country::parse(code.unwrap_or(text.trim())).ok()
}

/// A sector by its NIS2 code or its name.
pub(super) fn sector(text: &str) -> Option<Sector> {
    let name = text.trim().to_lowercase();
    let known = SECTORS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, sector)| *sector);
    known.or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_country_and_tables_are_in_order() {
        for (name, code) in COUNTRIES {
            assert_eq!(
                country(name).map(|country| country.as_str().to_owned()).as_deref(),
                Some(code),
                "{name}"
            );
        }
        assert!(COUNTRIES.is_sorted() && SECTORS.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(country("AT"), country(" Austria "));
        assert_eq!((country("Atlantis"), sector("Hotels")), (None, None));
        assert_eq!(sector("Bank"), sector("banking"));
    }
}
