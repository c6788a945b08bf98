//! What an installation begins with.

use std::path::PathBuf;

use chappe_identity::TrustDomain;
use chappe_model::{Country, MemberId};
use clap::Args;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where to write chappe.toml and tokens.toml. Nothing is overwritten.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub dir: PathBuf,
    /// Members by certificate instead of token: with a development authority, in the folder tls, and certificates for each member.
    #[arg(long)]
    pub tls: bool,
    /// The installation's name in certificates.
    #[arg(long, value_name = "NAME", default_value = "chappe.internal", value_parser = TrustDomain::parse, requires = "tls")]
    pub trust_domain: TrustDomain,
    /// Names and addresses that the server's certificate is for.
    #[arg(long, value_delimiter = ',', default_values = ["localhost", "127.0.0.1", "::1"], requires = "tls")]
    pub host: Vec<String>,
}

/// Arguments of `token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The new member's id, such as csirt-lv.
    #[arg(value_parser = MemberId::parse)]
    pub member: MemberId,
    /// Its country, ISO 3166-1 alpha-2; bodies of the Union have none.
    #[arg(long, value_parser = Country::parse)]
    pub country: Option<Country>,
    /// One JSON object: member, country, token, token_digest.
    #[arg(long)]
    pub json: bool,
}
