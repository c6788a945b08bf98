use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chappe_model::limits::{DEPENDENCIES, DEPENDENCY_WHY_BYTES};
use chappe_model::{CascadeNode, Country, Sector};
use serde::Serialize;

/// Longest that a dependency may warn for, in hours: two weeks.
pub const WARNED_HOURS: u32 = 336;
const HOUR_MS: u64 = 3_600_000;

/// A sector that depends on another in the same country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The sector that is depended on.
    pub on: Sector,
    /// The sector that depends.
    pub sector: Sector,
    /// What is to come, comes within so many hours: 1 to [`WARNED_HOURS`].
    pub hours: u32,
    /// Why it depends, for whoever is warned: 1 to [`DEPENDENCY_WHY_BYTES`] bytes.
    pub why: Arc<str>,
}

/// A sector of one country that depends on the same of another, and the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The sector.
    pub sector: Sector,
    /// Pairs of countries.
    pub countries: Vec<[Country; 2]>,
    /// As of a [`Dependency`].
    pub hours: u32,
    /// As of a [`Dependency`].
    pub why: Arc<str>,
}

/// Which sectors of which countries depend on which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dependencies {
    version: Arc<str>,
    within: BTreeMap<Sector, Vec<(Sector, Edge)>>,
    between: BTreeMap<CascadeNode, Vec<(Country, Edge)>>,
}

/// What depends on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// The node that depends.
    pub node: CascadeNode,
    /// As of a [`Dependency`].
    pub hours: u32,
    /// As of a [`Dependency`].
    pub why: Arc<str>,
}

/// How one node depends on another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Edge {
    pub(super) within_ms: u64,
    pub(super) why: Arc<str>,
}

/// What is wrong with dependencies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DependencyError {
    /// A bound of [`chappe_model::limits`].
    #[error("at most {DEPENDENCIES} dependencies, and as many pairs of countries")]
    TooMany,
    /// It says nothing.
    #[error("{0} depends on itself: leave it out")]
    OfItself(String),
    /// Which of them counts?
    #[error("{0} depends on {1} twice: say it once")]
    Twice(String, String),
    /// Out of range.
    #[error("a dependency warns for 1 to {WARNED_HOURS} hours, not {0}")]
    Hours(u32),
    /// Whoever is warned must be told why.
    #[error("a dependency says why, in 1 to {DEPENDENCY_WHY_BYTES} bytes, not {0}")]
    Why(usize),
}

impl Dependencies {
    /// Those of a file of a version.
    ///
    /// # Errors
    /// When one says nothing, is out of range or stands twice.
    pub fn new(
        version: &str,
        dependencies: Vec<Dependency>,
        connections: Vec<Connection>,
    ) -> Result<Self, DependencyError> {
        let pairs = connections.iter().map(|connection| connection.countries.len());
        if dependencies.len() > DEPENDENCIES || pairs.sum::<usize>() > DEPENDENCIES {
            return Err(DependencyError::TooMany);
        }
        let mut all = Self {
            version: version.into(),
            ..Self::default()
        };
        let mut known = BTreeSet::new();
        for Dependency { on, sector, hours, why } in dependencies {
            let edge = edge(hours, why)?;
            if on == sector {
                return Err(DependencyError::OfItself(sector.to_string()));
            }
            if !known.insert((on, sector)) {
                return Err(DependencyError::Twice(sector.to_string(), on.to_string()));
            }
            all.within.entry(on).or_default().push((sector, edge));
        }
        for connection in connections {
            all.connect(&connection)?;
        }
        Ok(all)
    }

    fn connect(&mut self, connection: &Connection) -> Result<(), DependencyError> {
        let sector = connection.sector;
        for [one, other] in &connection.countries {
            for (on, country) in [(*one, *other), (*other, *one)] {
                let edge = edge(connection.hours, Arc::clone(&connection.why))?;
                let (on, depends) = (CascadeNode { sector, country: on }, CascadeNode { sector, country });
                if on == depends {
                    return Err(DependencyError::OfItself(on.to_string()));
                }
                let edges = self.between.entry(on).or_default();
                if edges.iter().any(|(known, _)| *known == country) {
                    return Err(DependencyError::Twice(depends.to_string(), on.to_string()));
                }
                edges.push((country, edge));
            }
        }
        Ok(())
    }

    /// Names the file's version.
    #[must_use]
    pub fn version(&self) -> &Arc<str> {
        &self.version
    }

    /// What depends on a node, in the order of nodes.
    #[must_use]
    pub fn of(&self, node: CascadeNode) -> Vec<Dependent> {
        let dependents = self.dependents(node).into_iter();
        let of = |(node, edge): (CascadeNode, &Edge)| Dependent {
            node,
            hours: u32::try_from(edge.within_ms / HOUR_MS).unwrap_or(WARNED_HOURS),
            why: Arc::clone(&edge.why),
        };
        dependents.map(of).collect()
    }

    /// Whether anything depends on a node.
    pub(super) fn has_dependents(&self, node: CascadeNode) -> bool {
        self.within.contains_key(&node.sector) || self.between.contains_key(&node)
    }

    /// What depends on a node, in the order of nodes.
    pub(super) fn dependents(&self, node: CascadeNode) -> Vec<(CascadeNode, &Edge)> {
        let CascadeNode { sector, country } = node;
        let within = self.within.get(&sector).into_iter().flatten();
        let within = within.map(|(sector, edge)| {
            (
                CascadeNode {
                    sector: *sector,
                    country,
                },
                edge,
            )
        });
        let between = self.between.get(&node).into_iter().flatten();
        let between = between.map(|(country, edge)| {
            let country = *country;
            (CascadeNode { sector, country }, edge)
        });
        let mut found: Vec<_> = within.chain(between).collect();
        found.sort_by_key(|(node, _)| *node);
        found
    }
}

fn edge(hours: u32, why: Arc<str>) -> Result<Edge, DependencyError> {
    if !(1..=WARNED_HOURS).contains(&hours) {
        return Err(DependencyError::Hours(hours));
    }
    if why.is_empty() || why.len() > DEPENDENCY_WHY_BYTES {
        return Err(DependencyError::Why(why.len()));
    }
    Ok(Edge {
        within_ms: u64::from(hours) * HOUR_MS,
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(on: &str, sector: &str, hours: u32, why: &str) -> Dependency {
        Dependency {
            on: on.parse().unwrap(),
            sector: sector.parse().unwrap(),
            hours,
            why: why.into(),
        }
    }

    fn grid(pairs: &[(&str, &str)]) -> Connection {
        let country = |code: &str| Country::parse(code).unwrap();
        Connection {
            sector: Sector::Energy,
            countries: pairs
                .iter()
                .map(|(one, other)| [country(one), country(other)])
                .collect(),
            hours: 6,
            why: "one grid".into(),
        }
    }

    #[test]
    fn what_depends_on_a_node_stands_in_the_order_of_nodes() {
        let sectors = vec![on("energy", "health", 24, "power"), on("energy", "banking", 8, "power")];
        let all = Dependencies::new("1", sectors, vec![grid(&[("DE", "AT"), ("DE", "FR")])]).unwrap();
        let node = |sector: &str, country: &str| CascadeNode {
            sector: sector.parse().unwrap(),
            country: Country::parse(country).unwrap(),
        };
        let found: Vec<String> = all
            .dependents(node("energy", "DE"))
            .iter()
            .map(|(node, _)| node.to_string())
            .collect();
        assert_eq!(found, ["banking in DE", "energy in AT", "energy in FR", "health in DE"]);
        let of_france: Vec<_> = all.dependents(node("energy", "FR"));
        assert_eq!(of_france[1].0, node("energy", "DE"), "it runs both ways");
        assert!(all.has_dependents(node("energy", "ES")) && !all.has_dependents(node("health", "DE")));
    }

    #[test]
    fn what_says_nothing_or_stands_twice_is_refused() {
        let refused = |one: Vec<Dependency>, other: Vec<Connection>| Dependencies::new("1", one, other).unwrap_err();
        assert_eq!(
            refused(vec![on("energy", "energy", 1, "x")], vec![]),
            DependencyError::OfItself("energy".into())
        );
        let twice = vec![on("energy", "health", 1, "x"), on("energy", "health", 2, "y")];
        assert_eq!(
            refused(twice, vec![]),
            DependencyError::Twice("health".into(), "energy".into())
        );
        assert_eq!(
            refused(vec![on("energy", "health", 0, "x")], vec![]),
            DependencyError::Hours(0)
        );
        assert_eq!(
            refused(vec![on("energy", "health", 337, "x")], vec![]),
            DependencyError::Hours(337)
        );
        assert_eq!(
            refused(vec![on("energy", "health", 1, "")], vec![]),
            DependencyError::Why(0)
        );
        assert!(matches!(
            refused(vec![], vec![grid(&[("AT", "AT")])]),
            DependencyError::OfItself(_)
        ));
        assert!(matches!(
            refused(vec![], vec![grid(&[("AT", "DE"), ("DE", "AT")])]),
            DependencyError::Twice(..)
        ));
        let many = (0..=DEPENDENCIES).map(|_| on("energy", "health", 1, "x")).collect();
        assert_eq!(refused(many, vec![]), DependencyError::TooMany);
    }
}
