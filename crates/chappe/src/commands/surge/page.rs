//! The page: self-contained HTML that an analyst can read, print and pass on.

use std::fmt::Write;

use jiff::civil::Date;

use super::counts::Counts;
use super::plot::plot;
use super::watched::{Series, Watched};
use crate::cli::ReportArgs;
use crate::words::{count, plain};

/// Marks below a plot, at most.
const LABELS: usize = 12;
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1040px;margin:2em auto;padding:0 1em;color:#1a1a1a}\
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.3em .7em;border-bottom:1px solid #ddd;vertical-align:top}td.n,th.n{text-align:right}\
svg{width:100%;height:auto}text{font-size:11px;fill:#444}text.left{text-anchor:end}.grid{stroke:#e4e4e4}.count{fill:#8a97a8}\
.surge{fill:#b3261e}.usual{fill:#eef3f8}polyline{fill:none}.expected{stroke:#1f4e8c;stroke-width:1.5}\
.score{stroke:#444;stroke-width:1.2}.threshold{stroke:#b3261e;stroke-dasharray:5 3}.open{color:#666}";

/// All of it.
pub(super) fn page(counts: &Counts, watched: &Watched, args: &ReportArgs) -> String {
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (name, width) = (escaped(&name), counts.width.name());
    let bins = watched.series.first().map_or(0, |series| series.bins.len());
    let from = counts.width.begins(watched.first);
    let until = counts.width.begins(watched.first + bins as i64 - 1);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Surges in {name}</title><style>{STYLE}</style></head><body>\n\
         <h1>Surges in {name}</h1>\n<p>{} from {from} to {until}, {} series by the {width}: <strong>{}</strong>. The budget was {} a year for no reason, \
         over all series together; in this time that makes {:.1}.</p>\n",
        count(bins, width),
        watched.series.len(),
        count(watched.surges.len(), "surge"),
        count(args.false_alarms_per_year as usize, "alert"),
        f64::from(args.false_alarms_per_year) * bins as f64 / counts.width.calendar().coarse_a_year(),
    );
    put(
        &mut page,
        format_args!("<h2>Which {width}s, and why</h2>\n{}", table(counts, watched, args)),
    );
    for series in &watched.series {
        put(
            &mut page,
            format_args!("<h2>{}</h2>\n{}", escaped(&series.name), drawn(counts, watched, series)),
        );
    }
    put(&mut page, format_args!("{}</body></html>\n", reading(counts, args)));
    page
}

fn table(counts: &Counts, watched: &Watched, args: &ReportArgs) -> String {
    if watched.surges.is_empty() {
        return "<p>None: nothing stood out.</p>\n".to_owned();
    }
    let mut rows = String::from(
        "<table><tr><th>from</th><th>to</th><th>series</th><th class=\"n\">incidents</th><th class=\"n\">expected</th>\
         <th class=\"n\">score</th><th class=\"n\">needed</th><th>what is known of it</th></tr>\n",
    );
    for surge in &watched.surges {
        let (first, next) = (counts.width.begins(surge.first), counts.width.begins(surge.last + 1));
        let last = next.yesterday().unwrap_or(next);
        put(
            &mut rows,
            format_args!(
                "<tr><td>{first}</td><td>{last}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.1}</td><td class=\"n\">{:.1}</td>\
                 <td class=\"n\">{:.1}</td><td>{}</td></tr>\n",
                escaped(&watched.series[surge.series].name),
                surge.incidents,
                surge.expected,
                surge.highest,
                surge.threshold,
                known([first, next], args)
            ),
        );
    }
    rows.push_str("</table>\n");
    rows
}

/// What the arguments know of its time.
fn known([first, next]: [Date; 2], args: &ReportArgs) -> String {
    let within = args.note.iter().filter(|(date, _)| first <= *date && *date < next);
    let notes: Vec<String> = within
        .map(|(date, note)| format!("{date}: {}", escaped(note)))
        .collect();
    if notes.is_empty() {
        return "<span class=\"open\">open</span>".to_owned();
    }
    notes.join("<br>")
}

fn drawn(counts: &Counts, watched: &Watched, series: &Series) -> String {
    let every = series.bins.len().div_ceil(LABELS).max(1);
    let labels: Vec<(usize, String)> = (0..series.bins.len())
        .step_by(every)
        .map(|at| (at, counts.width.begins(watched.first + at as i64).to_string()))
        .collect();
    plot(&series.bins, &labels, &escaped(&series.name))
}

/// How to read it.
fn reading(counts: &Counts, args: &ReportArgs) -> String {
    let width = counts.width.name();
    let without: Vec<String> = args.without.iter().map(ToString::to_string).collect();
    let without = if without.is_empty() {
        String::new()
    } else {
        format!(
            "<p>Left out, and taken as their neighbours say: {}.</p>\n",
            without.join(", ")
        )
    };
    format!(
        "<h2>How to read it</h2>\n<p>Bars are incidents by the {width}; the line is what level, trend and season led to expect; up to the top of the \
         pale area chance brings ninety-nine of a hundred {width}s. The score says how much the series stands out, in one {width} or in several together: \
         a logarithm, of which 14 is about one in a million. A surge (red) begins where it rises above the dashed threshold and is over once it is {} \
         or less. Expectation and threshold were learned each quarter from what lay before it, from {} on, as an installation would have done; reports \
         are taken to be there at the end of their {width}.</p>\n<p>That something stands out says nothing of why. Where the last column says <em>open</em>, \
         nobody has said so yet.</p>\n{without}",
        chappe_surge::OVER_AT,
        counts.width.begins(counts.first),
    )
}

/// Text of others, as text.
fn escaped(text: &str) -> String {
    let text = plain(text);
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what); // writing to a String cannot fail
}
