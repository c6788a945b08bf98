//! Tables in Markdown, readable in a terminal too.

/// One line of a table.
pub(crate) fn row(cells: &[&str]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// The first two lines of a table: names, and what Markdown wants below them.
pub(crate) fn head(names: &[&str]) -> Vec<String> {
    vec![row(names), row(&vec!["---"; names.len()])]
}

/// With commas between thousands.
pub(crate) fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    fraction.map_or(grouped.clone(), |fraction| format!("{grouped}.{fraction}"))
}

/// The middle one of some figures, the mean of the two in the middle for an even number; zero of none.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let (low, high) = (figures.len().saturating_sub(1) / 2, figures.len() / 2);
    match (figures.get(low), figures.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_and_the_digits_asked_for() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(999.456, 2), "999.46");
        assert_eq!(number(1_000.0, 1), "1,000.0");
    }

    #[test]
    fn the_middle_is_found_of_odd_and_even_numbers_of_figures() {
        assert!((median([9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 9.0]) - 3.0).abs() < 1e-9);
        assert!(median([]).abs() < 1e-9);
    }
}
