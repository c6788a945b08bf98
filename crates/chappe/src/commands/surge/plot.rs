//! Plots of a series, as SVG: what was counted beside what was to be expected, and the score beside the threshold.

use std::fmt::Write;

use super::watched::Seen;

const WIDTH: f64 = 1_000.0;
const LEFT: f64 = 52.0;
const COUNTS: f64 = 220.0;
const SCORES: f64 = 110.0;
const GAP: f64 = 34.0;
const TOP: f64 = 14.0;

/// One plot. `labels` are bins, by their place, with what stands below them.
pub(super) fn plot(bins: &[Seen], labels: &[(usize, String)], title: &str) -> String {
    let height = TOP + COUNTS + GAP + SCORES + 30.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">\n");
    let step = (WIDTH - LEFT) / bins.len().max(1) as f64;
    let x = |at: usize| LEFT + at as f64 * step;
    let most = bins
        .iter()
        .map(|bin| (bin.count as f64).max(bin.unusual_from as f64))
        .fold(1.0, f64::max);
    let y = |count: f64| TOP + COUNTS * (1.0 - count / most);
    let highest = bins
        .iter()
        .map(|bin| bin.score.max(bin.threshold * 1.1))
        .fold(1.0, f64::max);
    let z = |score: f64| TOP + COUNTS + GAP + SCORES * (1.0 - score / highest);
    axis(&mut svg, most, &y, "incidents");
    axis(&mut svg, highest, &z, "score");
    for (at, label) in labels {
        let (at, bottom) = (x(*at), height - 18.0);
        put(
            &mut svg,
            format_args!(
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\" class=\"grid\"/><text x=\"{at:.1}\" y=\"{}\">{label}</text>\n",
                height - 4.0
            ),
        );
    }
    steps(
        &mut svg,
        bins.iter().map(|bin| y(bin.unusual_from as f64)),
        y(0.0),
        &x,
        "usual",
    );
    for (at, bin) in bins.iter().enumerate() {
        let (top, wide) = (y(bin.count as f64), (step * 0.85).max(0.6));
        let class = if bin.in_surge { "surge" } else { "count" };
        put(
            &mut svg,
            format_args!(
                "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{wide:.2}\" height=\"{:.1}\" class=\"{class}\"/>",
                x(at),
                y(0.0) - top
            ),
        );
    }
    line(&mut svg, bins.iter().map(|bin| y(bin.expected)), &x, "expected");
    line(&mut svg, bins.iter().map(|bin| z(bin.threshold)), &x, "threshold");
    line(&mut svg, bins.iter().map(|bin| z(bin.score)), &x, "score");
    svg.push_str("</svg>\n");
    svg
}

/// Three lines across, with their values.
fn axis(svg: &mut String, most: f64, y: &dyn Fn(f64) -> f64, what: &str) {
    for part in [0.0, 0.5, 1.0] {
        let (value, at) = (most * part, y(most * part));
        put(
            svg,
            format_args!(
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" class=\"grid\"/><text x=\"{}\" y=\"{:.1}\" class=\"left\">{value:.0}</text>",
                LEFT - 6.0,
                at + 4.0
            ),
        );
    }
    put(
        svg,
        format_args!("<text x=\"{}\" y=\"{:.1}\">{what}</text>\n", LEFT + 4.0, y(most) + 11.0),
    );
}

fn line(svg: &mut String, values: impl Iterator<Item = f64>, x: &dyn Fn(usize) -> f64, class: &str) {
    let points: Vec<String> = values
        .enumerate()
        .map(|(at, y)| format!("{:.1},{y:.1}", x(at)))
        .collect();
    put(
        svg,
        format_args!("<polyline points=\"{}\" class=\"{class}\"/>\n", points.join(" ")),
    );
}

/// An area from `bottom` up to each value, in steps.
fn steps(svg: &mut String, values: impl Iterator<Item = f64>, bottom: f64, x: &dyn Fn(usize) -> f64, class: &str) {
    let mut points = format!("{:.1},{bottom:.1}", x(0));
    let mut last = 0;
    for (at, y) in values.enumerate() {
        put(
            &mut points,
            format_args!(" {:.1},{y:.1} {:.1},{y:.1}", x(at), x(at + 1)),
        );
        last = at + 1;
    }
    put(
        svg,
        format_args!(
            "<polygon points=\"{points} {:.1},{bottom:.1}\" class=\"{class}\"/>\n",
            x(last)
        ),
    );
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what); // writing to a String cannot fail
}
