//! Member tokens for the command line: `tokens.toml`, readable by its owner alone.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use chappe_identity::TokenDigest;
use chappe_model::{MemberId, hex};
use serde::Deserialize;

/// Name of the file.
pub(crate) const TOKENS_FILE: &str = "tokens.toml";
/// Variable that holds a token where no member is named.
pub(crate) const TOKEN_VARIABLE: &str = "CHAPPE_TOKEN";
/// Longest token, in bytes.
const TOKEN_BYTES: usize = 512;

/// A member token. It shows nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// # Errors
    /// When it could not stand in a header.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sound = (1..=TOKEN_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        let message = || format!("a token is 1 to {TOKEN_BYTES} printable ASCII characters without spaces");
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(message())
        }
    }

    /// A new one: 256 random bits.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hex(&bytes)))
    }

    /// The token itself: for the header, and for the file.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the installation keeps of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokensFile {
    tokens: BTreeMap<MemberId, String>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Nobody said whose.
    #[error("who is speaking? Name a member of {TOKENS_FILE} with --as, or set {TOKEN_VARIABLE}")]
    NotSaid,
    /// The variable holds none.
    #[error("{TOKEN_VARIABLE}: {0}")]
    Variable(String),
    /// The file cannot be read.
    #[error("{}: {source}: 'chappe init' writes one; --tokens names another, {TOKEN_VARIABLE} does without", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is wrong.
    #[error("{}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why, without the tokens.
        message: String,
    },
    /// The file has no such member.
    #[error("{} has no token of '{member}': it has {known}", path.display())]
    NoMember {
        /// The file.
        path: PathBuf,
        /// The member asked for.
        member: MemberId,
        /// Those that it has.
        known: String,
    },
}

/// The token of `member` from the file, or without a member the one in `variable`.
///
/// # Errors
/// When there is none, saying where one could stand.
pub(crate) fn find(member: Option<&MemberId>, file: &Path, variable: Option<String>) -> Result<Token, TokenError> {
    let Some(member) = member else {
        let text = variable.ok_or(TokenError::NotSaid)?;
        return Token::parse(text.trim()).map_err(TokenError::Variable);
    };
    let malformed = |message: String| TokenError::Malformed {
        path: file.to_owned(),
        message,
    };
    let parsed = read(file)?;
    let Some(token) = parsed.tokens.get(member) else {
        let known: Vec<_> = parsed.tokens.keys().map(MemberId::as_str).collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        return Err(TokenError::NoMember {
            path: file.to_owned(),
            member: member.clone(),
            known,
        });
    };
    Token::parse(token).map_err(|message| malformed(format!("token of '{member}': {message}")))
}

/// The members whose tokens a file has.
///
/// # Errors
/// When it cannot be read, or is wrong.
pub(crate) fn members(file: &Path) -> Result<Vec<MemberId>, TokenError> {
    Ok(read(file)?.tokens.into_keys().collect())
}

fn read(file: &Path) -> Result<TokensFile, TokenError> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|source| TokenError::Unreadable {
        path: file.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            text.as_bytes()[..span.start.min(text.len())]
                .split(|b| *b == b'\n')
                .count()
        });
        TokenError::Malformed {
            path: file.to_owned(),
            message: format!("line {line}: {}", error.message()),
        }
    })
}

/// The text of a file with these tokens.
#[must_use]
pub(crate) fn file_text(tokens: &[(MemberId, Token)]) -> String {
    let mut text = String::from(
        "# Member tokens for 'chappe submit' and 'chappe watch'. Whoever holds a token speaks for its member:\n\
         # hand each member its own over a safe channel, then delete it here.\n[tokens]\n",
    );
    for (member, token) in tokens {
        text.push_str(&format!("{member} = \"{}\"\n", token.reveal()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> MemberId {
        MemberId::parse(text).unwrap()
    }

    #[test]
    fn what_is_written_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(TOKENS_FILE);
        let token = Token::random().unwrap();
        assert_ne!(token, Token::random().unwrap());
        std::fs::write(&file, file_text(&[(id("csirt-at"), token.clone())])).unwrap();
        assert_eq!(find(Some(&id("csirt-at")), &file, None).unwrap(), token);
        let error = find(Some(&id("csirt-xx")), &file, None).unwrap_err().to_string();
        assert!(
            error.ends_with("has no token of 'csirt-xx': it has csirt-at"),
            "{error}"
        );
        assert_eq!(find(None, &file, Some("abc\n".into())).unwrap().reveal(), "abc");
        assert!(matches!(find(None, &file, None), Err(TokenError::NotSaid)));
    }

    #[test]
    fn errors_name_the_line_and_never_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(TOKENS_FILE);
        std::fs::write(&file, "[tokens]\ncsirt-at = \"geheim\"\nNOBODY = \"geheim\"\n").unwrap();
        let error = find(Some(&id("csirt-at")), &file, None).unwrap_err().to_string();
        assert!(error.contains("line 3") && !error.contains("geheim"), "{error}");
        assert!(!format!("{:?}", Token::parse("geheim")).contains("geheim"));
    }
}
