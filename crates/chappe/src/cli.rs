//! The command line.

mod alert;
mod cascade;
mod config;
mod decide;
mod doctor;
mod export;
mod incident;
mod init;
mod manual;
mod member;
mod replay;
mod rules;
mod search;
mod surge;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use chappe_model::{AlertKind, Country, Indicator, MemberId, Network, Rsit, Sector, Severity, Timestamp, Tlp};
use clap::{Args, Parser, Subcommand};

use crate::client::ServerAddress;
use crate::config::CONFIG_FILE;
use crate::tokens::TOKENS_FILE;

pub(crate) use alert::{AlertArgs, AlertCommand, AlertListArgs, AlertShowArgs};
pub(crate) use cascade::{CascadeArgs, CascadeCommand, ShowArgs};
pub(crate) use config::{ConfigArgs, ConfigCommand, ConfigFileArgs};
pub(crate) use decide::DecideArgs;
pub(crate) use doctor::{DoctorArgs, HealthArgs};
pub(crate) use export::{ExportArgs, ExportFormat, StateArg};
pub(crate) use incident::{IncidentArgs, IncidentCommand, IncidentFilterArgs, IncidentListArgs, IncidentShowArgs};
pub(crate) use init::{InitArgs, TokenArgs};
pub(crate) use manual::{CompletionsArgs, ManArgs};
pub(crate) use member::{
    AddArgs, DEFAULT_DAYS, ListArgs, MemberArgs, MemberCommand, RevokeArgs, SetArgs, ShowMemberArgs,
};
pub(crate) use replay::ReplayArgs;
pub(crate) use rules::{ExplainArgs, RulesArgs, RulesCommand};
pub(crate) use search::{HuntArgs, Only, SearchArgs};
pub(crate) use surge::{RealisedArgs, ReportArgs, SimulateArgs, SurgeArgs, SurgeCommand, Width};
pub(crate) use tls::{TlsArgs, TlsCommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: the message says what and what to do
  2  the command line is wrong
  3  some files, rules or reports were refused or could not be read; the rest is accepted
  4  replay --compare: what results differs from what is recorded
";

/// Rapid alerts on cybercrime: CSIRTs report incidents, Chappe finds what none of them sees alone, analysts are told at once.
#[derive(Debug, Parser)]
#[command(name = "chappe", version, after_help = EXIT_CODES, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a configuration to start from: eight CSIRTs, ENISA, Europol, and a token or certificates for each.
    #[command(
        after_help = "Example:\n  chappe init --dir pilot\n  chappe init --tls --host chappe.example --dir pilot\n"
    )]
    Init(InitArgs),
    /// Make a token for a new member, and the entry that admits it.
    #[command(after_help = "Example:\n  chappe token csirt-lv --country LV\n")]
    Token(TokenArgs),
    /// Run an installation: everything in one process, on a log in the data folder, or on Kafka where the configuration says so.
    #[command(after_help = "Example:\n  chappe serve --config pilot/chappe.toml\n")]
    Serve(ServeArgs),
    /// Run one service of an installation on Kafka: take reports. As many at once as you like.
    #[command(after_help = "Example:\n  chappe ingest --config chappe.toml --instance ingest-2\n")]
    Ingest(ServeArgs),
    /// Run one service of an installation on Kafka: find what reports have in common. Up to eight share the work.
    #[command(after_help = "Example:\n  chappe correlation --config chappe.toml --metrics 127.0.0.1:7611\n")]
    Correlation(ServeArgs),
    /// Run one service of an installation on Kafka: tell those who may know. As many at once as you like.
    #[command(after_help = "Example:\n  chappe notification --config chappe.toml --listen 127.0.0.1:7700\n")]
    Notification(ServeArgs),
    /// Report incidents: MISP events and feeds, STIX bundles, IDEA messages, or Chappe's own JSON.
    #[command(
        after_help = "Example:\n  chappe submit event.json --tlp amber --countries AT --as csirt-at\n  chappe submit feed --tlp green --countries DE --dry-run --as csirt-de\n"
    )]
    Submit(SubmitArgs),
    /// Show alerts as they are raised; goes on by itself after a broken connection.
    #[command(
        after_help = "Example:\n  chappe watch --kind surge,cascade --min-severity high --as europol\n  chappe watch --json --cursor-file place --as csirt-fr\n"
    )]
    Watch(WatchArgs),
    /// Look alerts up: one with all that is behind it, or all of them.
    Alert(AlertArgs),
    /// Look your own incidents up: one whole, or all of them.
    Incident(IncidentArgs),
    /// What is known of a value: the alerts that you may see and your own reports that name it.
    Search(SearchArgs),
    /// A list of indicators against the past: which of them alerts name that you may see, or reports of yours.
    Hunt(HuntArgs),
    /// Say what you judge of an alert: somebody is at work on it, it is real, or it is a false alarm.
    Decide(DecideArgs),
    /// Members: what they answer for, and by which certificates they are known.
    Member(MemberArgs),
    /// The server's side of TLS, where its authority is the development one.
    Tls(TlsArgs),
    /// Write the alerts that you may see as STIX 2.1, as a MISP feed, as IDEA messages or as CSV.
    Export(ExportArgs),
    /// Check, test and explain rules of your own before they are in force.
    Rules(RulesArgs),
    /// Look for surges in counts of your own, see what a budget of false alarms means, and how many came true.
    Surge(SurgeArgs),
    /// What depends on what, and so is warned when a sector is hit.
    Cascade(CascadeArgs),
    /// Look for what is wrong with a set-up: what it is, what it means, what to do. It changes nothing, and may be run beside an installation.
    Doctor(DoctorArgs),
    /// Whether an installation, or one of its services, serves: for containers and load balancers.
    Health(HealthArgs),
    /// See it work: a whole installation, eight CSIRTs and a cross-border wave in fast motion, in a temporary folder.
    #[command(after_help = "Example:\n  chappe demo --seed 7\n")]
    Demo(DemoArgs),
    /// What chappe.toml puts in force, value by value, and whether it can be.
    Config(ConfigArgs),
    /// Judge the recorded reports again, offline: by the rules in force, whether the same comes out, or by others, what would have.
    Replay(ReplayArgs),
    /// Write what makes a shell complete commands and options.
    Completions(CompletionsArgs),
    /// Write manual pages, one for each command.
    Man(ManArgs),
}

/// Arguments of `serve`, `ingest`, `correlation` and `notification`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
    /// Serve gRPC here instead of where the configuration says. Without TLS loopback only.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Serve metrics here instead of where the configuration says. Loopback only.
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    pub metrics: Option<SocketAddr>,
    /// This process's name among those that share a log, instead of the configuration's.
    #[arg(long, value_name = "NAME")]
    pub instance: Option<String>,
}

/// Whose voice, and where to.
#[derive(Debug, Args)]
pub struct ConnectionArgs {
    /// Speak as this member, with its token from tokens.toml. Without it the token in CHAPPE_TOKEN is used.
    #[arg(long = "as", value_name = "MEMBER", value_parser = MemberId::parse)]
    pub member: Option<MemberId>,
    /// The installation, such as https://chappe.example:7600. Without https:// loopback only: a token never travels in plain text.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7600", value_parser = ServerAddress::parse, env = "CHAPPE_SERVER")]
    pub server: ServerAddress,
    /// The file with the members' tokens.
    #[arg(long, value_name = "FILE", default_value = TOKENS_FILE)]
    pub tokens: PathBuf,
    /// Speak by the certificate in this folder: certificate.pem, key.pem, and ca.pem, which says who may sign for the server.
    #[arg(long, value_name = "FOLDER", env = "CHAPPE_IDENTITY")]
    pub identity: Option<PathBuf>,
    /// Speak by this certificate, in PEM, with what stands above it.
    #[arg(long, value_name = "FILE", env = "CHAPPE_CERT", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Its private key, in PEM, readable by you alone.
    #[arg(long, value_name = "FILE", env = "CHAPPE_KEY", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Who may sign for the server: certificates in PEM.
    #[arg(long, value_name = "FILE", env = "CHAPPE_CA")]
    pub ca: Option<PathBuf>,
}

/// Arguments of `submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// MISP event, MISP feed folder, STIX 2 bundle, IDEA0 messages, a report in Chappe's own JSON (one, a list, or one a line), a folder of these, or - for standard input.
    #[arg(value_name = "FILE|DIR|-")]
    pub input: PathBuf,
    /// The input is CSV or JSON lines, and this TOML file says which column is what.
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    #[command(flatten)]
    /// Whose voice, and where to.
    pub connection: ConnectionArgs,
    /// What to fill in where a report lacks it.
    #[command(flatten)]
    pub fill: FillArgs,
    /// Let the server check everything and store nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// List every item that was not read, with its place and the reason.
    #[arg(long, short)]
    pub verbose: bool,
    /// One JSON object for each file, and one for all, their fields as docs/quickstart.md says.
    #[arg(long)]
    pub json: bool,
}

/// What to fill in where a report lacks it. What a report says itself always stands.
#[derive(Clone, Debug, Default, Args)]
pub struct FillArgs {
    /// Affected countries where a report names none: AT,DE.
    #[arg(long, value_delimiter = ',', value_parser = Country::parse)]
    pub countries: Vec<Country>,
    /// TLP label where a report has none: clear, green, amber, amber+strict, red.
    #[arg(long, value_name = "LABEL")]
    pub tlp: Option<Tlp>,
    /// Recipients of TLP:RED reports that name none: europol,csirt-de.
    #[arg(long, value_delimiter = ',', value_parser = MemberId::parse)]
    pub recipients: Vec<MemberId>,
    /// RSIT type where a report has none, such as malicious-code/c2-server. Those of foreign formats are otherwise other/undetermined.
    #[arg(long = "type", value_name = "RSIT")]
    pub incident_type: Option<Rsit>,
    /// Severity where a report has none: info, low, medium, high, critical. Otherwise medium.
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<Severity>,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Which alerts.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// First everything that the log holds, then what is new.
    #[arg(long)]
    pub from_beginning: bool,
    /// One JSON object a line, its fields as docs/quickstart.md says, a heartbeat each second included.
    #[arg(long)]
    pub json: bool,
    /// Keep the place in this file and go on from it at the next start.
    #[arg(long, value_name = "FILE")]
    pub cursor_file: Option<PathBuf>,
}

/// Which alerts. The options restrict together; a list asks for any of its values.
#[derive(Clone, Debug, Default, Args)]
pub struct FilterArgs {
    /// campaign, surge, cross-border, cascade, rule, urgent, advisory.
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    pub kind: Vec<AlertKind>,
    /// This severity or above.
    #[arg(long, value_name = "SEVERITY")]
    pub min_severity: Option<Severity>,
    /// Alerts that affect any of these countries.
    #[arg(long, value_delimiter = ',', value_parser = Country::parse)]
    pub country: Vec<Country>,
    /// Alerts with reports of any of these RSIT types or classes.
    #[arg(long = "type", value_name = "RSIT", value_delimiter = ',')]
    pub incident_type: Vec<String>,
    /// Alerts that affect any of these NIS2 sectors, such as energy.
    #[arg(long, value_delimiter = ',')]
    pub sector: Vec<Sector>,
    /// Alerts that name this indicator, exactly: kind:value, or the value alone, defanged or not. May stand several times; it asks for any of what --value,
    /// --network and --domain say.
    #[arg(long, value_parser = Indicator::recognise)]
    pub value: Vec<Indicator>,
    /// Alerts that name an address in this network, such as 192.0.2.0/24, also as the host of a URL.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = Network::parse)]
    pub network: Vec<Network>,
    /// Alerts that name this domain or one below it, also as the host of a URL or mail address.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub domain: Vec<String>,
    /// Exercise traffic instead of live traffic.
    #[arg(long)]
    pub exercise: bool,
    /// Alerts that hit what you answer for: your countries, sectors, networks and domains.
    #[arg(long)]
    pub mine: bool,
}

/// When alerts were seen, by log time.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct PeriodArgs {
    /// Alerts that were seen from then on: a day in UTC, or a time by RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<Timestamp>,
    /// Alerts that were seen before then.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub until: Option<Timestamp>,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Another seed tells the story with other values, members and times.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// As fast as the machine can, without the pauses that make it readable.
    #[arg(long)]
    pub no_wait: bool,
    /// JSON lines for programs: every report as stored, every delivery to every viewer, the policy, the end.
    #[arg(long)]
    pub json: bool,
}

/// The begin of a day in UTC, or a time with its zone.
fn moment(text: &str) -> Result<Timestamp, String> {
    let day = text.parse::<jiff::civil::Date>().ok();
    let at = match day.filter(|_| !text.contains(['T', 't', ' '])) {
        Some(day) => day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp()),
        None => text.parse::<jiff::Timestamp>().ok(),
    };
    let millis = at.and_then(|at| u64::try_from(at.as_millisecond()).ok());
    millis.map(Timestamp::from_millis).ok_or_else(|| {
        "write a day since 1970, like 2026-03-02, or a time with its zone, like 2026-03-02T06:15:00Z".to_owned()
    })
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "write an address with a port, like 127.0.0.1:7601".to_owned())?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!(
        "{address} is not a loopback address: metrics are served in plain text, on loopback only"
    ))
}

fn kind(text: &str) -> Result<AlertKind, String> {
    const KINDS: [AlertKind; 7] = [
        AlertKind::Campaign,
        AlertKind::Surge,
        AlertKind::CrossBorder,
        AlertKind::Cascade,
        AlertKind::Rule,
        AlertKind::Urgent,
        AlertKind::Advisory,
    ];
    let names = || KINDS.map(AlertKind::as_str).join(", ");
    KINDS
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| format!("give one of {}", names()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example_that_the_program_takes() {
        check_examples(&Cli::command(), &[]);
    }

    #[test]
    fn submit_takes_lists_and_labels() {
        let Command::Submit(args) =
            parse("chappe submit feed --as csirt-at --countries AT,de --tlp amber --type c2-server")
                .unwrap()
                .command
        else {
            panic!("another command")
        };
        assert_eq!(
            args.fill.countries,
            [Country::parse("AT").unwrap(), Country::parse("DE").unwrap()]
        );
        assert_eq!(args.fill.tlp, Some(Tlp::Amber));
        assert_eq!(args.fill.incident_type.unwrap().as_str(), "malicious-code/c2-server");
        assert_eq!(args.connection.server, ServerAddress::parse("127.0.0.1:7600").unwrap());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_does() {
        for (line, says) in [
            ("chappe submit x --countries UK", "GB"),
            ("chappe submit x --tlp orange", "amber"),
            ("chappe submit x --as CSIRT", "a-z, 0-9"),
            ("chappe submit x --server 192.0.2.1:7600", "loopback"),
            ("chappe submit x --severity bad", "critical"),
            ("chappe watch --kind crossborder", "cross-border"),
            ("chappe submit", "FILE|DIR|-"),
            ("chappe demo --seed x", "seed"),
            ("chappe decide alerts/1 confirmed", "32 hexadecimal"),
            ("chappe decide 00112233445566778899aabbccddeeff maybe", "dismissed"),
            ("chappe surge realised --since yesterday", "since"),
            ("chappe watch --value evil", "kind:value"),
            ("chappe search", "VALUE"),
            ("chappe search evil", "kind:value"),
            ("chappe search 192.0.2.1/24", "192.0.2.0/24"),
            ("chappe hunt", "FILE"),
            ("chappe watch --network 192.0.2.1/24", "192.0.2.0/24"),
            ("chappe watch --since 2026-03-02", "unexpected argument"),
            ("chappe alert list --sector mining", "energy"),
            ("chappe alert list --since yesterday", "2026-03-02T06:15:00Z"),
            ("chappe export csv --until 2026-03-02T06:15:00", "2026-03-02T06:15:00Z"),
        ] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.to_lowercase().contains(&says.to_lowercase()), "{line}: {error}");
        }
    }

    /// They run, write files of a form of their own, print one, or say all by their exit code.
    const WITHOUT_JSON: [&str; 13] = [
        "init",
        "health",
        "member add",
        "member revoke",
        "tls renew",
        "serve",
        "ingest",
        "correlation",
        "notification",
        "export",
        "cascade dependencies",
        "completions",
        "man",
    ];

    /// Words as a shell would take them, up to where output is sent elsewhere.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" > ").next().unwrap_or_default();
        let quoted = line.split('"').enumerate();
        let parts = quoted.flat_map(|(nth, part)| match nth % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        });
        parts.collect()
    }

    /// The command whose words those are, such as `surge report`.
    fn named(matches: &clap::ArgMatches) -> Vec<String> {
        match matches.subcommand() {
            Some((name, below)) => [vec![name.to_owned()], named(below)].concat(),
            None => vec![],
        }
    }

    fn check_examples(command: &clap::Command, path: &[String]) {
        for below in command.get_subcommands() {
            check_examples(below, &[path, &[below.get_name().to_owned()]].concat());
        }
        if command.has_subcommands() {
            return;
        }
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<&str> = help.lines().filter(|line| line.starts_with("  chappe ")).collect();
        let name = path.join(" ");
        let has_json = command.get_arguments().any(|argument| argument.get_id() == "json");
        assert_eq!(
            has_json,
            !WITHOUT_JSON.contains(&name.as_str()),
            "chappe {name}: --json"
        );
        assert!(
            !examples.is_empty(),
            "chappe {}: its help has no example",
            path.join(" ")
        );
        for example in examples {
            let found = Cli::command().try_get_matches_from(words(example));
            let found = found.unwrap_or_else(|error| panic!("{example}: {error}"));
            assert_eq!(named(&found), path, "{example}");
        }
    }
}
