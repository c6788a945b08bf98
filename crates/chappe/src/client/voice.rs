//! Who speaks, and whom it believes.

use chappe_tls::ClientFiles;

use crate::tokens::Token;

/// By which a server knows who speaks: a certificate, or a token.
#[derive(Clone, Debug)]
pub struct Voice {
    tls: Option<ClientFiles>,
    token: Option<Token>,
}

impl Voice {
    /// By a token, in plain text: on loopback.
    #[must_use]
    pub fn token(token: Token) -> Self {
        Self {
            tls: None,
            token: Some(token),
        }
    }

    /// By a client certificate among the files.
    #[must_use]
    pub fn certificate(files: ClientFiles) -> Self {
        Self {
            tls: Some(files),
            token: None,
        }
    }

    /// By a token, over TLS.
    #[must_use]
    pub fn token_over_tls(token: Token, files: ClientFiles) -> Self {
        Self {
            tls: Some(files),
            token: Some(token),
        }
    }

    pub(super) fn tls(&self) -> Option<&ClientFiles> {
        self.tls.as_ref()
    }

    pub(super) fn bearer(&self) -> Option<&Token> {
        self.token.as_ref()
    }
}
