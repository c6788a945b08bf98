//! Sectors of the first NIS directive, as two of MISP's taxonomies name them, by the sectors of NIS2.

use chappe_model::Sector;

/// Operators of essential services and providers of digital services (taxonomy `eu-nis-sector-and-subsectors`).
const OPERATORS: [(&str, Sector); 16] = [
    ("air-transport", Sector::Transport),
    ("banking", Sector::Banking),
    ("cloud-dsp", Sector::DigitalInfrastructure),
    ("digitalinfrastructure", Sector::DigitalInfrastructure),
    ("electricity-energy", Sector::Energy),
    ("energy", Sector::Energy),
    ("financial", Sector::FinancialMarketInfrastructures),
    ("gas-energy", Sector::Energy),
    ("health", Sector::Health),
    ("market-dsp", Sector::DigitalProviders),
    ("oil-energy", Sector::Energy),
    ("rail-transport", Sector::Transport),
    ("road-transport", Sector::Transport),
    ("search-dsp", Sector::DigitalProviders),
    ("transport", Sector::Transport),
    ("water-transport", Sector::Transport),
];

/// Sectors that are hit (taxonomy `nis`), as far as NIS2 has the same. What it calls digital services and communications NIS2 parts otherwise.
const IMPACTED: [(&str, Sector); 9] = [
    ("banking", Sector::Banking),
    ("digital-infrastructure", Sector::DigitalInfrastructure),
    ("drinking-water", Sector::DrinkingWater),
    ("energy", Sector::Energy),
    ("financial", Sector::FinancialMarketInfrastructures),
    ("government", Sector::PublicAdministration),
    ("health", Sector::Health),
    ("transport", Sector::Transport),
    ("trust-and-identification-services", Sector::DigitalInfrastructure),
];

/// The sector that a tag names.
pub(super) fn sector(tag: &str) -> Option<Sector> {
    let (taxonomy, rest) = tag.split_once(':')?;
    let (predicate, value) = rest.split_once("=\"")?;
    let value = value.strip_suffix('"')?;
    let table: &[(&str, Sector)] = match (taxonomy, predicate) {
        ("eu-nis-sector-and-subsectors", _) if predicate.starts_with("eu-nis-") => &OPERATORS,
        ("nis", "impact-sectors-impacted") => &IMPACTED,
        _ => return None,
    };
    table
        .iter()
        .find(|(known, _)| *known == value)
        .map(|(_, sector)| *sector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sectors_of_the_first_directive_are_those_of_the_second() {
        for (tag, expected) in [
            (
                "eu-nis-sector-and-subsectors:eu-nis-oes-transport=\"rail-transport\"",
                Some(Sector::Transport),
            ),
            (
                "eu-nis-sector-and-subsectors:eu-nis-oes=\"health\"",
                Some(Sector::Health),
            ),
            ("eu-nis-sector-and-subsectors:eu-nis-oes=\"water\"", None),
            (
                "nis:impact-sectors-impacted=\"government\"",
                Some(Sector::PublicAdministration),
            ),
            ("nis:impact-severity=\"red\"", None),
            ("nis2:impact-sectors-impacted=\"energy\"", None),
        ] {
            assert_eq!(sector(tag), expected, "{tag}");
        }
    }
}
