//! Arguments of `member`.

use std::path::PathBuf;

use chappe_identity::Serial;
use chappe_model::{Country, MemberId, Role};
use clap::{Args, Subcommand};

use super::ConnectionArgs;
use crate::config::CONFIG_FILE;

/// How long certificates are valid unless told otherwise, in days.
pub(crate) const DEFAULT_DAYS: u32 = 365;

/// Arguments of `member`.
#[derive(Debug, Args)]
pub struct MemberArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: MemberCommand,
}

/// What to do with members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Show what members answer for, as the installation tells it: of every member for the hub, of itself for a member. Or their certificates, from the operator's files.
    #[command(
        after_help = "Example:\n  chappe member list --as europol\n  chappe member list --certificates --config pilot/chappe.toml\n"
    )]
    List(ListArgs),
    /// Admit a member, or give one that there is a further certificate. For the operator, beside chappe.toml.
    #[command(
        after_help = "Example:\n  chappe member add csirt-lv --country LV --person k.ozola --service misp\n  chappe member add csirt-lt --country LT --roots lt-roots.pem --crl lt.crl\n"
    )]
    Add(AddArgs),
    /// Refuse a member's certificates from now on: all of them, or one. Open connections are closed. For the operator, beside chappe.toml.
    #[command(
        after_help = "Example:\n  chappe member revoke csirt-lv\n  chappe member revoke csirt-lv --serial 5a01f3\n"
    )]
    Revoke(RevokeArgs),
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
    /// The members' certificates, authorities and revocation lists, with the time at which each expires.
    #[arg(long)]
    pub certificates: bool,
    /// The configuration, for --certificates.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE, requires = "certificates")]
    pub config: PathBuf,
}

/// Arguments of `member add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The member's id, such as csirt-lv. One that is not in the configuration is added to it.
    #[arg(value_name = "MEMBER", value_parser = MemberId::parse)]
    pub member: MemberId,
    /// A new member's country, ISO 3166-1 alpha-2; bodies of the Union have none.
    #[arg(long, value_parser = Country::parse)]
    pub country: Option<Country>,
    /// A new member's role: member, hub, duty-officer.
    #[arg(long, value_name = "ROLE", default_value = "member", value_parser = role)]
    pub role: Role,
    /// Issue a certificate for this person; only people decide on alerts.
    #[arg(long, value_name = "NAME")]
    pub person: Vec<String>,
    /// Issue a certificate for this program of the member's.
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// How long these are valid, in days.
    #[arg(long, default_value_t = DEFAULT_DAYS)]
    pub days: u32,
    /// The roots of the member's own authority, in PEM, instead of a development authority.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["person", "service"])]
    pub roots: Option<PathBuf>,
    /// A revocation list of the member's own authority, in PEM or DER; once for each.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["person", "service"])]
    pub crl: Vec<PathBuf>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
}

/// Arguments of `member revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Whose certificates.
    #[arg(value_name = "MEMBER", value_parser = MemberId::parse)]
    pub member: MemberId,
    /// Only the one with this serial number, in hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = serial)]
    pub serial: Option<Serial>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = CONFIG_FILE)]
    pub config: PathBuf,
}

fn role(text: &str) -> Result<Role, String> {
    match text {
        "member" => Ok(Role::Member),
        "hub" => Ok(Role::Hub),
        "duty-officer" => Ok(Role::DutyOfficer),
        _ => Err("give one of member, hub, duty-officer".to_owned()),
    }
}

fn serial(text: &str) -> Result<Serial, String> {
    Serial::parse(text).ok_or_else(|| "a serial number has hexadecimal digits, with or without colons".to_owned())
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
