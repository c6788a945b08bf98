//! Sigma rules and correlations (specification 2.0) in YAML: text in, rules or faults out.
//!
//! [`load`] reads files together: rules may refer to each other across them. A correlation that no other refers to becomes a
//! [`chappe_model::Rule`]; the rules that it looks at become its sources, and their detections filters. Documents with `test` beside them are
//! [`Case`]s. `docs/rules.md` is the operator's view, with everything of Sigma that is refused, and why.
//!
//! What it is not: it judges nothing and reads no file. How conditions fire is `chappe-correlate`'s.
//!
//! Invariants:
//! - Nothing is ignored but documentation: whatever has no meaning here is refused, at its file, line and column, with what to write instead.
//! - All faults come in one go, up to [`limits::FAULTS`].
//! - Every size is bounded ([`limits`]); any text is read in time that its length bounds.
//! - The rules that every installation starts with are such files ([`BUILT_IN`]), and equal to [`chappe_model::built_in_rules`].
//!
//! # Example
//! ```
//! use chappe_sigma::{SourceText, load};
//! let text = "\
//! title: Phishing
//! name: phishing
//! logsource: {product: chappe, category: report}
//! detection:
//!   lure: {incident_type: fraud/phishing, domain|endswith: .exmaple}
//!   condition: lures
//! ";
//! let refused = load(&[SourceText::new("rules.yml", text)]).unwrap_err();
//! let told: Vec<String> = refused.faults().iter().map(ToString::to_string).collect();
//! assert_eq!(told[0], "rules.yml:1:1: no correlation refers to this rule: a single report raises no alert; write an event_count with gte: 1");
//! assert_eq!(told[1], "rules.yml:6:14: there is no selection 'lures': did you mean 'lure'?");
//! ```

mod case;
mod chain;
mod collection;
mod correlation;
mod detection;
mod fault;
mod head;
pub mod limits;
mod mapping;
mod nearest;
mod values;
mod words;
mod yaml;

use std::sync::Arc;

use chappe_model::Rule;

pub use case::{Case, CaseReport};
pub use fault::{Fault, Refused};
pub use nearest::nearest;

use collection::Collection;
use fault::Faults;

/// A file, as it was read.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// Its name, for messages.
    pub name: Arc<str>,
    /// What it holds.
    pub text: Arc<str>,
}

impl SourceText {
    /// A file of this name.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// What files hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Rules that are in force once taken, by id, each as version 1.
    pub rules: Vec<Rule>,
    /// Tests.
    pub cases: Vec<Case>,
}

/// The rules that every installation starts with: name and text of each file.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("cross_border.yml", include_str!("../rules/cross_border.yml")),
    (
        "cross_border_critical_sector.yml",
        include_str!("../rules/cross_border_critical_sector.yml"),
    ),
    ("urgent.yml", include_str!("../rules/urgent.yml")),
];

/// Reads files together. No file is no rule.
///
/// # Errors
/// Every fault, at its place.
pub fn load(files: &[SourceText]) -> Result<Loaded, Refused> {
    let names: Vec<Arc<str>> = files.iter().map(|file| Arc::clone(&file.name)).collect();
    let mut faults = Faults::default();
    let mut collection = Collection {
        names: names.clone(),
        ..Collection::default()
    };
    let mut whole = files.len() <= limits::FILES;
    if !whole {
        let at = fault::At {
            file: limits::FILES,
            line: 1,
            column: 1,
        };
        faults.push(
            at,
            format!("{} files: at most {} are read together", files.len(), limits::FILES),
        );
    }
    for (index, file) in files.iter().enumerate().take(limits::FILES) {
        match yaml::documents(index, &file.text, &mut faults) {
            Some(documents) => documents.iter().for_each(|node| collection.add(node, &mut faults)),
            None => whole = false,
        }
    }
    if let Some(excess) = collection.documents.get(limits::RULES_TOGETHER) {
        let (at, count) = (excess.head().at, collection.documents.len());
        faults.push(
            at,
            format!("{count} rules: at most {} are read together", limits::RULES_TOGETHER),
        );
        whole = false;
    }
    // What stands in a file that cannot be read may be all that is missing.
    if !whole {
        return Err(faults.into_refused(&names));
    }
    let mut rules: Vec<Rule> = chain::rules(&collection, &mut faults)
        .into_iter()
        .map(|(_, rule)| rule)
        .collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    if rules.len() > chappe_model::limits::RULES {
        let at = fault::At {
            file: 0,
            line: 1,
            column: 1,
        };
        faults.push(
            at,
            format!("{} rules: at most {}", rules.len(), chappe_model::limits::RULES),
        );
    }
    let cases = cases(&collection, &rules, &names, &mut faults);
    if faults.is_empty() {
        Ok(Loaded { rules, cases })
    } else {
        Err(faults.into_refused(&names))
    }
}

/// The tests, under the ids of rules.
fn cases(collection: &Collection, rules: &[Rule], names: &[Arc<str>], faults: &mut Faults) -> Vec<Case> {
    let mut found = Vec::new();
    // A rule that is faulty itself is not missing.
    let sound = faults.is_empty();
    for written in &collection.cases {
        let mut case = written.case.clone();
        case.file = names.get(written.at.file).cloned().unwrap_or_default();
        for (at, name) in &written.fires {
            let id = name.replace('_', "-");
            if sound && !rules.iter().any(|rule| *rule.id == *id) {
                let near = nearest::suggestion(&id, rules.iter().map(|rule| &*rule.id).collect::<Vec<_>>());
                faults.push(*at, format!("no rule in force is called '{}'{near}", values::cut(name)));
            }
            case.fires.push(id);
        }
        case.fires.sort();
        case.fires.dedup();
        found.push(case);
    }
    found
}
