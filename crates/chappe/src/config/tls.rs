//! `[tls]`: connections over TLS, and members by certificate.

use std::path::{Path, PathBuf};

use chappe_identity::TrustDomain;
use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::file::Source;

/// Where everything of TLS stands unless told otherwise, beside the configuration.
pub(crate) const TLS_FOLDER: &str = "tls";

/// Connections over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSection {
    /// The installation's name in members' certificates.
    pub trust_domain: TrustDomain,
    /// The folder with the members' authorities and the server's certificate.
    pub folder: PathBuf,
    /// The server's certificate, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
    /// Whether connections without a client certificate are taken, to name themselves by token.
    pub tokens: bool,
}

impl TlsSection {
    /// The folder with a folder for each member.
    #[must_use]
    pub fn members(&self) -> PathBuf {
        self.folder.join("members")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct TlsTable {
    trust_domain: Spanned<String>,
    folder: Option<PathBuf>,
    certificate: Option<Spanned<PathBuf>>,
    key: Option<Spanned<PathBuf>>,
    #[serde(default)]
    tokens: bool,
}

pub(super) fn section(source: &Source<'_>, table: &TlsTable, beside: &Path) -> Result<TlsSection, ConfigError> {
    let trust_domain = TrustDomain::parse(table.trust_domain.get_ref());
    let trust_domain = trust_domain.map_err(|error| source.refuse(&table.trust_domain, error.to_string()))?;
    if let (Some(one), None) | (None, Some(one)) = (&table.certificate, &table.key) {
        return Err(source.refuse(one, "'certificate' and 'key' go together"));
    }
    let folder = beside.join(table.folder.as_deref().unwrap_or(Path::new(TLS_FOLDER)));
    let file = |named: &Option<Spanned<PathBuf>>, default: &str| match named {
        Some(path) => beside.join(path.get_ref()),
        None => folder.join("server").join(default),
    };
    Ok(TlsSection {
        trust_domain,
        certificate: file(&table.certificate, "certificate.pem"),
        key: file(&table.key, "key.pem"),
        tokens: table.tokens,
        folder,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    const TOKEN: &str = "token-digest = \"00112233445566778899aabbccddeeff\"";

    fn read(head: &str, tls: &str, member: &str) -> Result<Config, String> {
        let text = format!("{head}\n{tls}\n[[members]]\nid = \"europol\"\n{member}\n");
        let config = Config::parse(&text, Path::new("chappe.toml"), Path::new("/etc/chappe"));
        config.map_err(|error| error.to_string())
    }

    #[test]
    fn with_tls_any_address_will_do_and_no_token_is_needed() {
        let tls = "[tls]\ntrust-domain = \"chappe.example\"";
        let config = read("listen = \"0.0.0.0:7600\"", tls, "").unwrap();
        let section = config.tls.unwrap();
        assert_eq!(section.certificate, Path::new("/etc/chappe/tls/server/certificate.pem"));
        assert_eq!(section.members(), Path::new("/etc/chappe/tls/members"));
        assert!(!section.tokens);
        assert_eq!(config.members[0].token, None);
        let named = "[tls]\ntrust-domain = \"x\"\nfolder = \"/run/pki\"\ncertificate = \"s.pem\"\nkey = \"s.key\"\ntokens = true";
        let section = read("", named, TOKEN).unwrap().tls.unwrap();
        assert_eq!(section.key, Path::new("/etc/chappe/s.key"));
        assert_eq!(section.members(), Path::new("/run/pki/members"));
        assert!(section.tokens);
    }

    #[test]
    fn what_would_let_no_one_in_or_anyone_is_refused_with_what_to_do() {
        for (head, tls, member, says) in [
            ("listen = \"192.0.2.1:7600\"", "", TOKEN, "[tls]"),
            ("", "", "", "chappe token"),
            ("", "[tls]\ntrust-domain = \"A b\"", TOKEN, "a-z"),
            ("", "[tls]\ntrust-domain = \"a\"\nkey = \"k\"", TOKEN, "go together"),
            ("", "[tls]\n", TOKEN, "trust-domain"),
            (
                "metrics = \"192.0.2.1:1\"",
                "[tls]\ntrust-domain = \"a\"",
                TOKEN,
                "loopback",
            ),
        ] {
            let refused = read(head, tls, member).unwrap_err();
            assert!(refused.contains(says), "{head} {tls}: {refused}");
        }
    }
}
