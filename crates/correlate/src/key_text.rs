//! A correlation key's values as one text: a sighting carries it beside the key's hash, and nobody reads it until an alert shows it.

use std::sync::Arc;

use chappe_model::{KeyField, Rule};

/// Between two values. No canonical value holds a control character.
const SEPARATOR: char = '\u{1f}';

/// Joins the values of a key, in the order of the rule's fields.
pub(crate) fn join(values: &[&str]) -> Arc<str> {
    let mut text = String::with_capacity(values.iter().map(|value| value.len() + 1).sum());
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            text.push(SEPARATOR);
        }
        text.push_str(value);
    }
    text.into()
}

/// The fields of a key, as alerts show them.
pub(crate) fn fields(rule: &Rule, text: &str) -> Arc<[KeyField]> {
    let named = rule.group_by.iter().zip(text.split(SEPARATOR));
    named
        .map(|(field, value)| KeyField {
            field: field.as_str().into(),
            value: value.into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_in_order() {
        let rule = &chappe_model::built_in_rules()[1];
        let found = fields(rule, &join(&["domain:one.example", "energy"]));
        let found: Vec<(&str, &str)> = found.iter().map(|f| (&*f.field, &*f.value)).collect();
        assert_eq!(
            found,
            [("indicator", "domain:one.example"), ("critical_sector", "energy")]
        );
    }
}
