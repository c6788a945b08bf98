//! The commands, each in a module of its own.

pub(crate) mod alert;
pub(crate) mod cascade;
pub(crate) mod config;
pub(crate) mod decide;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod hunt;
pub(crate) mod incident;
pub(crate) mod init;
pub(crate) mod manual;
pub(crate) mod member;
pub(crate) mod replay;
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod submit;
pub(crate) mod surge;
pub(crate) mod tls;
pub(crate) mod token;
pub(crate) mod watch;

use crate::cli::Command;
use crate::installation::Parts;

/// How a command ended: the exit code of the program. A wrong command line ends with 2, which clap sees to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed; the message was told.
    Failed = 1,
    /// Some files or reports were refused or could not be read.
    Refused = 3,
    /// What was compared differs.
    Differs = 4,
}

/// Runs a command, its results on standard output.
///
/// # Errors
/// What was wrong, where, and what to do, for people.
pub async fn run(command: Command) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout();
    match command {
        Command::Init(args) => init::run(&args, &mut out).map(|()| Exit::Done),
        Command::Token(args) => token::run(&args, &mut out).map(|()| Exit::Done),
        Command::Serve(args) => serve::run(Parts::ALL, &args, &mut out).await,
        Command::Ingest(args) => serve::run(Parts::INGEST, &args, &mut out).await,
        Command::Correlation(args) => serve::run(Parts::CORRELATION, &args, &mut out).await,
        Command::Notification(args) => serve::run(Parts::NOTIFICATION, &args, &mut out).await,
        Command::Submit(args) => submit::run(&args, &mut out).await,
        Command::Watch(args) => watch::run(&args, &mut out).await,
        Command::Alert(args) => alert::run(&args, &mut out).await,
        Command::Incident(args) => incident::run(&args, &mut out).await,
        Command::Search(args) => search::run(&args, &mut out).await,
        Command::Hunt(args) => hunt::run(&args, &mut out).await,
        Command::Decide(args) => decide::run(&args, &mut out).await,
        Command::Member(args) => member::run(&args, &mut out).await,
        Command::Tls(args) => tls::run(&args, &mut out),
        Command::Export(args) => export::run(&args, &mut out).await,
        Command::Rules(args) => rules::run(&args, &mut out),
        Command::Surge(args) => surge::run(&args, &mut out).await,
        Command::Cascade(args) => cascade::run(&args, &mut out),
        Command::Config(args) => config::run(&args, &mut out),
        Command::Replay(args) => replay::run(&args, &mut out),
        Command::Doctor(args) => doctor::run(&args, &mut out).await,
        Command::Health(args) => health::run(&args, &mut out).await,
        Command::Completions(args) => manual::completions(&args, &mut out),
        Command::Man(args) => manual::man(&args, &mut out),
        Command::Demo(args) => demo::run(&args, &mut out).await,
    }
}
