//! Arguments of `member`.

use std::path::PathBuf;

use chappe_model::MemberId;
use clap::{Args, Subcommand};

use super::ConnectionArgs;

/// Arguments of `member`.
#[derive(Debug, Args)]
pub struct MemberArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: MemberCommand,
}

/// What to do with constituencies.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Show what is in force: of every member for the hub, of itself for a member.
    #[command(after_help = "Example:\n  chappe member list --as europol\n")]
    List(ListArgs),
    /// Show one constituency, as a file that 'set' takes.
    #[command(after_help = "Example:\n  chappe member show --as csirt-at > austria.toml\n")]
    Show(ShowMemberArgs),
    /// State what a member answers for, in place of what was stated before. For the hub only.
    #[command(after_help = "Example:\n  chappe member set csirt-at austria.toml --as europol\n")]
    Set(SetArgs),
}

/// Arguments of `member list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object a line, its fields as docs/constituencies.md says.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `member show`.
#[derive(Debug, Args)]
pub struct ShowMemberArgs {
    /// Whose; your own if left out. Others' for the hub only.
    #[arg(value_name = "MEMBER", value_parser = MemberId::parse)]
    pub whose: Option<MemberId>,
    /// Whose eyes, and where.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object, its fields as docs/constituencies.md says.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `member set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Whose.
    #[arg(value_name = "MEMBER", value_parser = MemberId::parse)]
    pub whose: MemberId,
    /// TOML with the lists countries, sectors, networks, domains; or CSV with the columns kind and entry.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Whose voice, and where to.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// One JSON object, its fields as docs/constituencies.md says.
    #[arg(long)]
    pub json: bool,
}
