//! From correlations and what they refer to, to rules: references, cycles, keys.

use std::collections::BTreeSet;

use chappe_model::limits::{RULE_DEPTH, RULE_ID_BYTES, RULE_SOURCES, SOURCES_BYTES};
use chappe_model::{
    AlertKind, Condition, Field, Filter, Measure, Of, Policy, Rule, Source, Subject, Test, Texts, WidestAudience,
};

use crate::collection::{Collection, Document};
use crate::correlation::{Body, Correlation, Named, field};
use crate::fault::{At, Faults};
use crate::limits::RULE_PARTS;
use crate::words;

/// The rules in force: correlations that are no part of another, or whose other asks for them with `generate`.
pub(crate) fn rules(collection: &Collection, faults: &mut Faults) -> Vec<(At, Rule)> {
    let mut uses = Uses::of(collection, faults);
    uses.unresolved |= !collection.are_unique(faults);
    let mut found: Vec<(At, Rule)> = Vec::new();
    for (index, document) in collection.documents.iter().enumerate() {
        let (used, generated) = (uses.used.contains(&index), uses.generated.contains(&index));
        match document {
            // A name that was not found may have meant this one.
            Document::Detection(_) if !used && !uses.unresolved => {
                let message = "no correlation refers to this rule: a single report raises no alert; write an event_count with gte: 1";
                faults.push(document.head().at, message);
            }
            Document::Detection(_) => {}
            Document::Correlation(correlation) if used && !generated => {
                if let Some(at) = correlation.manner.as_ref().and_then(|manner| manner.at) {
                    let message = "'chappe' says what alerts are like, and this rule raises none: it is part of another without generate: true";
                    faults.push(at, message);
                }
            }
            Document::Correlation(correlation) if uses.cyclic.contains(&index) => {
                debug_assert!(!faults.is_empty(), "{}", correlation.head.label());
            }
            Document::Correlation(correlation) => {
                let Some((at, rule)) = rule(collection, correlation, faults) else {
                    continue;
                };
                if let Some((earlier, _)) = found.iter().find(|(_, earlier)| earlier.id == rule.id) {
                    let place = collection.place(*earlier);
                    faults.push(at, format!("its id '{}' is that of the rule at {place}", rule.id));
                }
                found.push((at, rule));
            }
        }
    }
    found
}

/// Which rules are parts of others.
#[derive(Default)]
struct Uses {
    used: BTreeSet<usize>,
    generated: BTreeSet<usize>,
    cyclic: BTreeSet<usize>,
    unresolved: bool,
}

impl Uses {
    fn of(collection: &Collection, faults: &mut Faults) -> Self {
        let mut uses = Self::default();
        let mut edges: Vec<Vec<(usize, At)>> = vec![Vec::new(); collection.documents.len()];
        for (index, document) in collection.documents.iter().enumerate() {
            let Document::Correlation(correlation) = document else {
                continue;
            };
            uses.unresolved |= correlation.body.is_none();
            for reference in correlation.body.iter().flat_map(|body| &body.rules) {
                let Some(target) = collection.find(reference, faults) else {
                    uses.unresolved = true;
                    continue;
                };
                edges[index].push((target, reference.at));
                uses.used.insert(target);
            }
            if let Some(at) = correlation.generate {
                uses.generate(collection, &edges[index], at, faults);
            }
        }
        for start in 0..edges.len() {
            uses.follow(collection, &edges, start, faults);
        }
        uses
    }

    /// The correlations among what another refers to; what matches single reports raises no alerts by itself.
    fn generate(&mut self, collection: &Collection, edges: &[(usize, At)], at: At, faults: &mut Faults) {
        let parts = edges.iter().map(|(target, _)| *target);
        let correlations = parts.filter(|target| matches!(collection.documents[*target], Document::Correlation(_)));
        let correlations: Vec<usize> = correlations.collect();
        if correlations.is_empty() && !edges.is_empty() {
            let message =
                "'generate' with no correlation among 'rules': a rule that matches single reports raises no alert";
            faults.push(at, message);
        }
        self.generated.extend(correlations);
    }

    /// Whether a rule leads back to itself. A cycle is told once, where it leads back to the first of its rules.
    fn follow(&mut self, collection: &Collection, edges: &[Vec<(usize, At)>], start: usize, faults: &mut Faults) {
        if self.cyclic.contains(&start) {
            return;
        }
        let (seen, back) = reached(edges, start, start);
        let Some(at) = back else { return };
        let name = collection.documents[start].head().label();
        let message = format!("'{name}' refers to itself, if not at once then by way of others: chains have an end");
        faults.push(at, message);
        let of_cycle = seen
            .into_iter()
            .filter(|index| reached(edges, *index, start).1.is_some());
        self.cyclic.extend(of_cycle);
        self.cyclic.insert(start);
    }
}

/// What can be reached from a rule, and where a reference to `to` stands among it.
fn reached(edges: &[Vec<(usize, At)>], from: usize, to: usize) -> (BTreeSet<usize>, Option<At>) {
    let (mut seen, mut back) = (BTreeSet::new(), None);
    let mut open: Vec<(usize, At)> = edges[from].clone();
    while let Some((index, at)) = open.pop() {
        if index == to {
            back = back.max(Some(at));
        } else if seen.insert(index) {
            open.extend(&edges[index]);
        }
    }
    (seen, back)
}

fn rule(collection: &Collection, correlation: &Correlation, faults: &mut Faults) -> Option<(At, Rule)> {
    let id = id(correlation, faults);
    let body = correlation.body.as_ref()?;
    let before = faults.len();
    let mut chain = Chain {
        collection,
        parts: 0,
        sources: Vec::new(),
    };
    let names: Vec<Named> = body.group_by.clone();
    let when = chain.condition(correlation, body, &names, 1, faults);
    let when = when.filter(|_| faults.len() == before)?;
    let group_by = chain
        .sources
        .first()
        .and_then(|source| source.group_by.clone())
        .unwrap_or_default();
    one_value(body, &chain.sources, faults);
    let mut rule = Rule {
        id: id?.into(),
        version: 1,
        kind: AlertKind::Rule,
        sources: chain.sources,
        when,
        quota: 0,
        widest_audience: WidestAudience::Countries,
        condition: "".into(),
        advice: Vec::new(),
        group_by,
    };
    for source in &mut rule.sources {
        source.group_by = source.group_by.take().filter(|fields| *fields != rule.group_by);
    }
    dress(&mut rule, correlation, body, faults);
    let own = correlation.manner.as_ref().and_then(|manner| manner.condition.clone());
    rule.condition = own.unwrap_or_else(|| words::sentence(&rule)).into();
    let size = serde_json::to_string(&rule.sources).map_or(0, |json| json.len());
    if size > SOURCES_BYTES {
        let message = format!(
            "its rules hold {size} bytes of values: at most {SOURCES_BYTES}, as every alert is recorded with its rule"
        );
        faults.push(body.at, message);
    }
    // What no check above has named.
    if faults.len() == before
        && let Err(error) = Policy::new(1, vec![rule.clone()], 0, Vec::new(), Vec::new())
    {
        faults.push(body.at, error.to_string());
    }
    (faults.len() == before).then_some((correlation.head.at, rule))
}

/// `many_logins` is the rule `many-logins`.
fn id(correlation: &Correlation, faults: &mut Faults) -> Option<String> {
    let head = &correlation.head;
    let Some(name) = head.name.as_deref().or(head.id.as_deref()) else {
        faults.push(
            head.at,
            "a correlation without 'name' and 'id': alerts are known by it, so it must be given and stay",
        );
        return None;
    };
    Some(
        name.chars()
            .take(RULE_ID_BYTES)
            .map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() })
            .collect(),
    )
}

struct Chain<'c> {
    collection: &'c Collection,
    /// Correlations so far, each as often as it is referred to.
    parts: usize,
    sources: Vec<Source>,
}

impl Chain<'_> {
    /// The condition of a correlation whose key is these names, in this order, as whoever refers to it calls them.
    fn condition(
        &mut self,
        correlation: &Correlation,
        body: &Body,
        names: &[Named],
        depth: usize,
        faults: &mut Faults,
    ) -> Option<Condition> {
        if depth > RULE_DEPTH {
            faults.push(
                body.at,
                format!("more than {RULE_DEPTH} correlations within each other"),
            );
            return None;
        }
        self.parts += 1;
        if self.parts > RULE_PARTS {
            if self.parts == RULE_PARTS + 1 {
                faults.push(
                    body.at,
                    format!("more than {RULE_PARTS} correlations behind one, each as often as it is referred to"),
                );
            }
            return None;
        }
        self.aliases(body, faults);
        let mut of = Vec::new();
        for reference in &body.rules {
            let target = self.collection.find(reference, faults)?;
            let called = called(self.collection, body, target, names, reference, faults)?;
            match &self.collection.documents[target] {
                Document::Detection(_) => {
                    let filter = self.collection.documents[target].filter()?.clone();
                    let fields: Option<Vec<Field>> = called.iter().map(|name| key_field(name, faults)).collect();
                    let name = self.collection.documents[target].head().label();
                    of.push(Of::Source(self.source(name, filter, fields?, reference.at, faults)?));
                }
                Document::Correlation(inner) => {
                    let inner_body = inner.body.as_ref()?;
                    same_key(correlation, inner, inner_body, &called, reference.at, faults)?;
                    of.push(Of::Firings(self.condition(
                        inner,
                        inner_body,
                        &called,
                        depth + 1,
                        faults,
                    )?));
                }
            }
        }
        Some(Condition {
            measure: body.measure,
            bounds: body.bounds,
            within_ms: body.within_ms,
            of,
        })
    }

    /// The number of a source; the same rule under the same fields is one source.
    fn source(&mut self, name: &str, filter: Filter, fields: Vec<Field>, at: At, faults: &mut Faults) -> Option<u8> {
        let group_by = Some(fields);
        let known = self
            .sources
            .iter()
            .position(|source| &*source.name == name && source.group_by == group_by);
        let place = known.unwrap_or_else(|| {
            self.sources.push(Source {
                name: name.into(),
                filter,
                group_by,
            });
            self.sources.len() - 1
        });
        if place >= RULE_SOURCES {
            faults.push(at, format!("more than {RULE_SOURCES} rules behind one correlation"));
            return None;
        }
        u8::try_from(place).ok()
    }

    /// Aliases that say nothing.
    fn aliases(&self, body: &Body, faults: &mut Faults) {
        for alias in &body.aliases {
            if !body.group_by.iter().any(|name| name.name == alias.alias.name) {
                faults.push(
                    alias.alias.at,
                    format!("alias '{}' is not in group-by", alias.alias.name),
                );
            }
            for (rule, _) in &alias.fields {
                let target = self.collection.find(rule, faults);
                let referred = body.rules.iter().any(|other| {
                    target.is_some_and(|target| self.collection.documents[target].head().is_called(&other.name))
                });
                if target.is_some() && !referred {
                    faults.push(
                        rule.at,
                        format!("'{}' is not in 'rules' of this correlation", rule.name),
                    );
                }
            }
        }
    }
}

/// What the names of a key are called in one of the rules of a correlation.
fn called(
    collection: &Collection,
    body: &Body,
    target: usize,
    names: &[Named],
    reference: &Named,
    faults: &mut Faults,
) -> Option<Vec<Named>> {
    let mut found = Vec::new();
    for name in names {
        let Some(alias) = body.aliases.iter().find(|alias| alias.alias.name == name.name) else {
            found.push(name.clone());
            continue;
        };
        let head = collection.documents[target].head();
        let Some((_, field)) = alias.fields.iter().find(|(rule, _)| head.is_called(&rule.name)) else {
            faults.push(
                alias.alias.at,
                format!("alias '{}' says nothing of the rule '{}'", name.name, reference.name),
            );
            return None;
        };
        found.push(field.clone());
    }
    Some(found)
}

/// A firing is an event on the key on which it fired, and on no other.
fn same_key(
    outer: &Correlation,
    inner: &Correlation,
    body: &Body,
    called: &[Named],
    at: At,
    faults: &mut Faults,
) -> Option<()> {
    let wanted: BTreeSet<&str> = called.iter().map(|name| name.name.as_str()).collect();
    let there: BTreeSet<&str> = body.group_by.iter().map(|name| name.name.as_str()).collect();
    if wanted == there {
        return Some(());
    }
    let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    let message = format!(
        "'{}' groups by [{}] and '{}' by [{}]: a firing belongs to its own key, so chained correlations group by the same",
        inner.head.label(),
        list(there),
        outer.head.label(),
        list(wanted),
    );
    faults.push(at, message);
    None
}

fn key_field(named: &Named, faults: &mut Faults) -> Option<Field> {
    let found = field(named, faults)?;
    if found == Field::AttestedCountry {
        faults.push(
            named.at,
            "whether a country is attested shows over many reports: group by 'country', count 'attested_country'",
        );
        return None;
    }
    Some(found)
}

/// Fields that share no values can never make one key.
fn one_value(body: &Body, sources: &[Source], faults: &mut Faults) {
    let class = |field: Field| {
        if field == Field::CriticalSector {
            Field::Sector
        } else {
            field
        }
    };
    let mut rows = sources.iter().filter_map(|source| source.group_by.as_ref());
    let Some(first) = rows.next() else { return };
    for row in rows {
        for ((one, other), name) in first.iter().zip(row).zip(&body.group_by) {
            if class(*one) != class(*other) {
                let message = format!(
                    "'{}' would be '{one}' here and '{other}' there, which have no value in common: nothing would ever meet",
                    name.name
                );
                faults.push(name.at, message);
            }
        }
    }
}

/// What alerts of the rule are like.
fn dress(rule: &mut Rule, correlation: &Correlation, body: &Body, faults: &mut Faults) {
    let manner = correlation.manner.clone().unwrap_or_default();
    rule.kind = manner.kind.unwrap_or(AlertKind::Rule);
    rule.widest_audience = manner.audience.unwrap_or(WidestAudience::Countries);
    rule.advice = manner.advice.into_iter().map(Into::into).collect();
    if rule.kind == AlertKind::Urgent {
        return urgent(rule, body, manner.quota.map(|(_, quota)| quota), faults);
    }
    if let Some((at, _)) = manner.quota {
        faults.push(at, "'quota' goes with kind: urgent");
    }
    for name in &body.group_by {
        if Field::parse(&name.name).is_some_and(Field::names_members) {
            faults.push(
                name.at,
                format!(
                    "'{}' names a member: alerts show their key, so only kind: urgent groups by reporter",
                    name.name
                ),
            );
        }
    }
}

/// Critical reports are judged one by one, each under its reporter.
fn urgent(rule: &mut Rule, body: &Body, quota: Option<u32>, faults: &mut Faults) {
    let one = rule.when.bounds == Condition::plain(Measure::Events, 1, 1).bounds;
    let plain = rule.when.measure == Measure::Events && rule.is_plain() && one;
    if !plain || rule.group_by != [Field::Reporter] {
        let message = "kind: urgent needs type: event_count, one rule, group-by: [reporter] and condition: {gte: 1}";
        return faults.push(body.at, message);
    }
    if rule.widest_audience == WidestAudience::Eu {
        faults.push(
            body.at,
            "kind: urgent is one member's word: its audience is the countries",
        );
    }
    match quota {
        Some(quota) => rule.quota = quota,
        None => faults.push(
            body.at,
            "kind: urgent needs 'quota': how many alerts of one reporter go out in a timespan",
        ),
    }
    // The measure says it already, so the filter need not.
    let critical = Filter::Has(Subject::Severity, Test::Is(Texts::any_case(["critical"])));
    let Some(source) = rule.sources.first_mut() else { return };
    source.filter = match std::mem::replace(&mut source.filter, Filter::Any) {
        filter if filter == critical => Filter::Any,
        Filter::All(parts) if parts.contains(&critical) => {
            Filter::all(parts.into_iter().filter(|part| *part != critical))
        }
        filter => {
            faults.push(
                body.at,
                "kind: urgent looks at critical reports: let its rule select {severity: critical}",
            );
            filter
        }
    };
    rule.when.measure = Measure::CriticalReport;
}
