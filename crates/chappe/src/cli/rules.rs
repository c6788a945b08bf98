//! Arguments of `rules`.

use std::path::PathBuf;

use chappe_model::{Country, MemberId};
use clap::{Args, Subcommand};

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Read files of rules, and list everything that is wrong with them at its line.
    #[command(after_help = "Example:\n  chappe rules check rules/phishing.yml\n")]
    Check(RuleFilesArgs),
    /// Run the tests that stand beside the rules: reports in, rules that must fire out.
    #[command(after_help = "Example:\n  chappe rules test rules/phishing.yml\n")]
    Test(RuleFilesArgs),
    /// Run rules on recorded reports, and say of each firing why: key, window, reports, what was measured.
    #[command(after_help = "Example:\n  chappe rules explain rules/phishing.yml --input reports.json --as csirt-at\n")]
    Explain(ExplainArgs),
}

/// Files of rules.
#[derive(Debug, Args)]
pub struct RuleFilesArgs {
    /// Files of rules, read together: they may refer to each other.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON object a line, its fields as docs/rules.md says.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rules explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Files of rules, read together.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Reports in Chappe's own JSON, each with 'at' and 'reporter' besides; a file, a folder of *.json, or - for standard input.
    #[arg(
        long,
        value_name = "FILE|DIR|-",
        required_unless_present = "data",
        conflicts_with = "data"
    )]
    pub input: Option<PathBuf>,
    /// The data folder of an installation that does not run: its log is opened as at a start, and nothing is added to it.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Who reports where a report of --input does not say.
    #[arg(long = "as", value_name = "MEMBER", value_parser = MemberId::parse)]
    pub member: Option<MemberId>,
    /// The reporter's country where a report of --input does not say.
    #[arg(long, value_parser = Country::parse)]
    pub home: Option<Country>,
    /// One JSON object a line, its fields as docs/rules.md says.
    #[arg(long)]
    pub json: bool,
}
