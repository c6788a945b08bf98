//! Arguments of `surge`.

use std::path::PathBuf;

use chappe_correlate::FALSE_ALARMS_PER_YEAR;
use chappe_surge::Bin;
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::ConnectionArgs;

/// Arguments of `surge`.
#[derive(Debug, Args)]
pub struct SurgeArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SurgeCommand,
}

/// What to do with counts.
#[derive(Debug, Subcommand)]
pub enum SurgeCommand {
    /// Look for surges in counts from a CSV file, as an installation would have done day by day, and write a page with plots.
    #[command(
        after_help = "Example:\n  chappe surge report phishing.csv --by country --bin week --out phishing.html\n"
    )]
    Report(ReportArgs),
    /// What a budget of false alarms means: which surges are found, and how soon, in an installation like yours.
    #[command(after_help = "Example:\n  chappe surge simulate --false-alarms-per-year 12 --bin week\n")]
    Simulate(SimulateArgs),
    /// How many surges of an installation were judged to be false alarms, beside what its budget states.
    Realised(RealisedArgs),
}

/// Arguments of `surge realised`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  chappe surge realised --since 2026-01-01 --as europol\n")]
pub struct RealisedArgs {
    /// The first day, UTC; without it the last 365 days, or since the first surge if that is later.
    #[arg(long, value_name = "DATE")]
    pub since: Option<Date>,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object, its fields as docs/surge.md says.
    #[arg(long)]
    pub json: bool,
}

/// The width of a bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Width {
    /// Of a day.
    Day,
    /// From Monday on.
    Week,
    /// Of the calendar.
    Month,
}

/// Arguments of `surge simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The budget, over all series together.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=i64::from(FALSE_ALARMS_PER_YEAR)))]
    pub false_alarms_per_year: u32,
    /// The width of a bin: hour, day or week. Hours take minutes.
    #[arg(long, value_name = "BIN", default_value = "day", value_parser = bin)]
    pub bin: Bin,
    /// Types of incidents, each a series in each country.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=40))]
    pub types: u32,
    /// Countries.
    #[arg(long, value_name = "N", default_value_t = 27, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub countries: u32,
    /// Incidents a day in each series, on average.
    #[arg(long, value_name = "X", default_value_t = 2.0, value_parser = per_day)]
    pub per_day: f64,
    /// Variance over mean of a bin: 1 where incidents come by themselves, more where they come together.
    #[arg(long, value_name = "X", default_value_t = 1.5, value_parser = dispersion)]
    pub dispersion: f64,
    /// Another draw.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// One JSON object, its fields as docs/surge.md says.
    #[arg(long)]
    pub json: bool,
}

fn bin(text: &str) -> Result<Bin, String> {
    Bin::parse(text).ok_or_else(|| "a bin is hour, day or week".to_owned())
}

fn per_day(text: &str) -> Result<f64, String> {
    within(text, 0.001, 10_000.0)
}

fn dispersion(text: &str) -> Result<f64, String> {
    within(text, 1.0, 100.0)
}

fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("a number from {least} to {most}"))
}

/// Arguments of `surge report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Counts, or incidents one a row, with a line of names. Dates as 2026-03-02; what follows the day is left aside.
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// The column of dates.
    #[arg(long, value_name = "COLUMN", default_value = "date")]
    pub date: String,
    /// The column of counts; without it each row is one incident.
    #[arg(long, value_name = "COLUMN")]
    pub count: Option<String>,
    /// A column whose values are series of their own; without it all rows are one.
    #[arg(long, value_name = "COLUMN")]
    pub by: Option<String>,
    /// The width of a bin.
    #[arg(long, value_enum, default_value = "day")]
    pub bin: Width,
    /// The budget, over all series together.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=i64::from(FALSE_ALARMS_PER_YEAR)))]
    pub false_alarms_per_year: u32,
    /// The first day that is learned from; without it the first of the file.
    #[arg(long, value_name = "DATE")]
    pub since: Option<Date>,
    /// The first day that is watched; without it a year after the first that is learned from.
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The last day that is watched; without it the last of the file.
    #[arg(long, value_name = "DATE")]
    pub until: Option<Date>,
    /// Days whose counts are not to be believed: each is taken as its bin is on average between its neighbours.
    #[arg(long, value_name = "DATE", value_delimiter = ',')]
    pub without: Vec<Date>,
    /// What is known of a day, for the page: 2023-03-23="a zero-day was used on many at once". May stand several times.
    #[arg(long, value_name = "DATE=TEXT", value_parser = note)]
    pub note: Vec<(Date, String)>,
    /// Where to write the page.
    #[arg(long, value_name = "FILE.html", default_value = "surges.html")]
    pub out: PathBuf,
    /// One JSON object for each surge, its fields as docs/surge.md says.
    #[arg(long)]
    pub json: bool,
}

fn note(text: &str) -> Result<(Date, String), String> {
    let (date, note) = text.split_once('=').ok_or("write it as DATE=TEXT")?;
    let date = date.parse().map_err(|error| format!("{date}: {error}"))?;
    Ok((date, note.to_owned()))
}
