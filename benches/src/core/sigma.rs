//! The rules as Sigma correlations, in YAML.

use super::correlation::{Column, Correlation};

/// What both look at.
const REPORT: &str = "\
title: Any report
name: report
logsource: {product: chappe, category: report}
detection:
  every_report: {severity|exists: true}
  condition: every_report
";

/// One file with all of them.
pub(super) fn text(rules: &[&Correlation]) -> String {
    let rules = rules.iter().map(|rule| one(rule));
    rules.fold(REPORT.to_owned(), |text, rule| text + "---\n" + &rule)
}

fn one(rule: &Correlation) -> String {
    let keys: Vec<&str> = rule.group_by.iter().map(|column| field(*column)).collect();
    let (kind, counted) = match rule.distinct {
        Some(column) => ("value_count", format!("field: {}, ", field(column))),
        None => ("event_count", String::new()),
    };
    format!(
        "title: {}\nname: {}\ncorrelation:\n  type: {kind}\n  rules: [report]\n  group-by: [{}]\n  timespan: {}s\n  \
         condition: {{{counted}gte: {}}}\n",
        rule.sentence(),
        rule.name,
        keys.join(", "),
        rule.within_ms / 1000,
        rule.at_least,
    )
}

fn field(column: Column) -> &'static str {
    match column {
        Column::Indicator => "indicator",
        Column::Country => "country",
        Column::Type => "incident_type",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use chappe_model::{Field, Measure};
    use chappe_sigma::{SourceText, load};

    use super::super::correlation::Pair;

    #[test]
    fn the_loader_reads_what_was_meant() {
        let rules = Pair::shared();
        let text = super::text(&[&rules.first, &rules.second]);
        let loaded = load(&[SourceText::new("bench.yml", &text)]).unwrap().rules;
        let told: Vec<_> = loaded
            .iter()
            .map(|rule| (&*rule.id, rule.when.measure, rule.when.within_ms))
            .collect();
        let day = 24 * 3600 * 1000;
        assert_eq!(
            told,
            [
                ("r1", Measure::Distinct(Field::Country), day),
                ("r2", Measure::Events, day / 24)
            ]
        );
        assert_eq!(loaded[1].group_by, [Field::Country, Field::IncidentType]);
    }
}
