//! The attribute `chappe` of a correlation: what Sigma has no word for.

use chappe_model::{AlertKind, WidestAudience};

use crate::fault::{At, Faults};
use crate::head::one_of;
use crate::limits::{ADVICE, DESCRIPTION_CHARS, TITLE_CHARS};
use crate::mapping::Mapping;
use crate::values::{text, texts};
use crate::yaml::{Key, Node};

/// What the alerts of a rule are like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    pub(crate) at: Option<At>,
    pub(crate) kind: Option<AlertKind>,
    pub(crate) audience: Option<WidestAudience>,
    /// Number of urgent alerts, and where it stands.
    pub(crate) quota: Option<(At, u32)>,
    pub(crate) condition: Option<String>,
    pub(crate) advice: Vec<String>,
}

/// The kinds that a rule's alerts may have; the others come from other detectors, or from people.
const KINDS: [AlertKind; 3] = [AlertKind::Rule, AlertKind::CrossBorder, AlertKind::Urgent];

impl Manner {
    pub(super) fn read(key: &Key, node: &Node, faults: &mut Faults) -> Option<Self> {
        let mut map = Mapping::of(node, "'chappe'", faults)?;
        let mut manner = Self {
            at: Some(key.at),
            ..Self::default()
        };
        if let Some((_, node)) = map.take("kind") {
            let word = one_of(node, "kind", &KINDS.map(AlertKind::as_str), faults);
            manner.kind = KINDS.into_iter().find(|kind| Some(kind.as_str()) == word);
        }
        if let Some((_, node)) = map.take("audience") {
            manner.audience = match one_of(node, "audience", &["eu", "countries"], faults) {
                Some("eu") => Some(WidestAudience::Eu),
                Some(_) => Some(WidestAudience::Countries),
                None => None,
            };
        }
        if let Some((key, node)) = map.take("quota") {
            match node.number() {
                Some(quota) => manner.quota = Some((key.at, quota)),
                None => faults.push(node.at, "'quota' takes a whole number"),
            }
        }
        if let Some((_, node)) = map.take("condition") {
            manner.condition = text(node, "condition", DESCRIPTION_CHARS, faults).map(str::to_owned);
        }
        if let Some((_, node)) = map.take("advice") {
            manner.advice = texts(node, "advice", TITLE_CHARS, faults)
                .into_iter()
                .map(str::to_owned)
                .collect();
            if manner.advice.len() > ADVICE {
                faults.push(
                    node.at,
                    format!("{} pieces of advice: at most {ADVICE}", manner.advice.len()),
                );
            }
        }
        map.refuse(
            "version",
            "the installation counts versions itself, up with every edit",
            faults,
        );
        map.finish(faults);
        Some(manner)
    }
}
