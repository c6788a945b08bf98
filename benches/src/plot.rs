//! Plots as SVG: bars, beside each other for comparison. Small enough to be read as text.

use crate::table::number;

/// Width of a plot, in pixels.
const WIDTH: f64 = 760.0;
/// Where bars begin.
const LEFT: f64 = 290.0;
/// Kept free on the right for figures.
const RIGHT: f64 = 110.0;
/// Height of a bar with the space below it.
const STEP: f64 = 26.0;
/// Above the first bar.
const TOP: f64 = 64.0;
/// Below the last.
const BOTTOM: f64 = 16.0;

/// One bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// Drawn in the stronger colour.
    pub(crate) ours: bool,
}

impl Bar {
    pub(crate) fn new(label: impl Into<String>, value: f64, ours: bool) -> Self {
        Self {
            label: label.into(),
            value,
            ours,
        }
    }
}

/// How long a bar is for its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// In proportion.
    Linear,
    /// By its digits: from one up, the same length for each factor of ten.
    Log,
}

/// Bars below each other, each with its figure.
pub(crate) fn bars(title: &str, subtitle: &str, bars: &[Bar], scale: Scale) -> String {
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let room = WIDTH - LEFT - RIGHT;
    let length = |value: f64| match scale {
        Scale::Linear => room * value / most.max(f64::MIN_POSITIVE),
        Scale::Log => room * (1.0 + value.max(0.0)).ln() / (1.0 + most).ln().max(f64::MIN_POSITIVE),
    };
    let height = TOP + STEP * bars.len() as f64 + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"bold\" fill=\"#1a1a1a\">{}</text>\n\
         <text x=\"16\" y=\"46\" fill=\"#555555\">{}</text>\n",
        escaped(title),
        escaped(subtitle),
    );
    for (place, bar) in bars.iter().enumerate() {
        let y = TOP + STEP * place as f64;
        let fill = if bar.ours { "#0b5394" } else { "#9fb6cd" };
        let end = LEFT + length(bar.value);
        svg.push_str(&format!(
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#1a1a1a\">{}</text>\
             <rect x=\"{LEFT:.0}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.0}\" fill=\"{fill}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#1a1a1a\">{}</text>\n",
            LEFT - 8.0,
            y + 14.0,
            escaped(&bar.label),
            length(bar.value).max(1.0),
            STEP - 7.0,
            end + 6.0,
            y + 14.0,
            figure(bar.value),
        ));
    }
    svg.push_str("</svg>\n");
    svg
}

fn figure(value: f64) -> String {
    number(value, if value < 10.0 && value.fract() > 0.0 { 2 } else { 0 })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_room_and_labels_are_escaped() {
        let svg = bars(
            "a & b",
            "",
            &[Bar::new("<one>", 50.0, true), Bar::new("two", 100.0, false)],
            Scale::Linear,
        );
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;one&gt;"));
        assert!(svg.contains("width=\"180.0\"") && svg.contains("width=\"360.0\""));
    }

    #[test]
    fn a_factor_of_ten_has_the_same_length_everywhere_on_a_log_scale() {
        let shown = [Bar::new("", 9.0, true), Bar::new("", 99.0, true)];
        let svg = bars("", "", &shown, Scale::Log);
        assert!(svg.contains("width=\"180.0\"") && svg.contains("width=\"360.0\""));
    }
}
