//! Arguments of `incident`.

use chappe_model::{Country, Indicator, Network, Sector, Severity};
use clap::{Args, Subcommand};

use super::{ConnectionArgs, PeriodArgs};

const SHOW: &str = "\
Examples:
  chappe incident show CASE-2026-17 --as csirt-at
  chappe incident show incidents/00112233445566778899aabbccddeeff --json --as csirt-at
";
const LIST: &str = "\
Examples:
  chappe incident list --type fraud --since 2026-03-01 --as csirt-at
  chappe incident list --domain bad.example --network 192.0.2.0/24 --json --as csirt-at
";

/// Arguments of `incident`.
#[derive(Debug, Args)]
pub struct IncidentArgs {
    /// What to see.
    #[command(subcommand)]
    pub command: IncidentCommand,
}

/// What to see.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// One of your own incidents at its newest revision, whole.
    Show(IncidentShowArgs),
    /// Your own incidents, a line each: those reported last come first.
    List(IncidentListArgs),
}

/// Arguments of `incident show`.
#[derive(Debug, Args)]
#[command(after_help = SHOW)]
pub struct IncidentShowArgs {
    /// Your own key of the report, or its name: incidents/ and its id, as receipts say it.
    #[arg(value_name = "KEY|NAME")]
    pub incident: String,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object, its fields as docs/search.md says.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `incident list`.
#[derive(Debug, Args)]
#[command(after_help = LIST)]
pub struct IncidentListArgs {
    /// Which incidents.
    #[command(flatten)]
    pub filter: IncidentFilterArgs,
    /// When they were: any moment from when one began to when it was last reported.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object a line, its fields as docs/search.md says; in order of ids, as they come.
    #[arg(long)]
    pub json: bool,
}

/// Which incidents. The options restrict together; a list asks for any of its values.
#[derive(Clone, Debug, Default, Args)]
pub struct IncidentFilterArgs {
    /// This severity or above.
    #[arg(long, value_name = "SEVERITY")]
    pub min_severity: Option<Severity>,
    /// Incidents that affect any of these countries.
    #[arg(long, value_delimiter = ',', value_parser = Country::parse)]
    pub country: Vec<Country>,
    /// Incidents of any of these RSIT types or classes.
    #[arg(long = "type", value_name = "RSIT", value_delimiter = ',')]
    pub incident_type: Vec<String>,
    /// Incidents that affect any of these NIS2 sectors, such as energy.
    #[arg(long, value_delimiter = ',')]
    pub sector: Vec<Sector>,
    /// Incidents with this indicator, exactly: kind:value, or the value alone, defanged or not. May stand several times; it asks for any of what --value,
    /// --network and --domain say. Of a retracted one those count that it had before.
    #[arg(long, value_parser = Indicator::recognise)]
    pub value: Vec<Indicator>,
    /// Incidents with an address in this network, such as 192.0.2.0/24, also as the host of a URL.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = Network::parse)]
    pub network: Vec<Network>,
    /// Incidents with this domain or one below it, also as the host of a URL.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub domain: Vec<String>,
    /// Exercise traffic instead of live traffic.
    #[arg(long)]
    pub exercise: bool,
}
