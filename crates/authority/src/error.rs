use std::io;
use std::path::PathBuf;

use chappe_model::MemberId;

/// Why something was not issued, revoked or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A file or folder.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is there already.
    #[error("{} is there already, and is not overwritten", .0.display())]
    Present(PathBuf),
    /// The member's authority is elsewhere.
    #[error(
        "the authority of '{member}' is not here (no {}): it issues the member's certificates and revocation lists; install its lists with \
         'chappe member add {member} --crl FILE'",
        key.display()
    )]
    NotOurs {
        /// The member.
        member: MemberId,
        /// Where its key would be.
        key: PathBuf,
    },
    /// The member has no authority at all.
    #[error(
        "'{0}' has no authority here: 'chappe member add {0}' makes one, or takes the member's own with --roots and --crl"
    )]
    NoMember(MemberId),
    /// The member is revoked as a whole.
    #[error("'{member}' is revoked as a whole: take the line '*' out of {} first", path.display())]
    Revoked {
        /// The member.
        member: MemberId,
        /// The file that says so.
        path: PathBuf,
    },
    /// The validity asked for.
    #[error("{0} days: 1 to {most}", most = crate::LONGEST_DAYS)]
    Days(u32),
    /// A file holds something else.
    #[error("{}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Files that the server would not take.
    #[error(transparent)]
    Refused(#[from] chappe_tls::FileError),
    /// Signing failed.
    #[error("the certificate cannot be made: {0}")]
    Signing(#[from] rcgen::Error),
    /// The system gives no randomness.
    #[error("no randomness for a key")]
    Random(#[from] getrandom::Error),
}
