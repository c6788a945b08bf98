//! The program. What it does stands in the library of the same name.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use chappe::{Cli, Command, Exit};
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Contributions come and go by the million, in every order: an allocator that keeps small pieces of one size together stays fast.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Says what is logged, such as `info` or `chappe_ingest=debug`.
const LOG_VARIABLE: &str = "CHAPPE_LOG";
/// `json`: one object a line, for collectors.
const FORMAT_VARIABLE: &str = "CHAPPE_LOG_FORMAT";

fn main() -> ExitCode {
    // First: a wrong command line ends with exit code 2, before anything is begun.
    let cli = Cli::parse();
    // Before anything that could log. To standard error: standard output is for results.
    let serves = matches!(
        cli.command,
        Command::Serve(_) | Command::Ingest(_) | Command::Correlation(_) | Command::Notification(_)
    );
    if serves {
        use_small_pages();
    }
    let level = if serves { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    let colours = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colours);
    if std::env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json") {
        lines.json().init();
    } else {
        lines.init();
    }
    let ended = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| {
            let ended = runtime.block_on(chappe::run(cli.command));
            // Whoever reads standard input in the background is not waited for.
            runtime.shutdown_background();
            ended
        });
    let exit = ended.unwrap_or_else(|error| failed(&error));
    ExitCode::from(exit as u8)
}

/// Memory comes in pages of the usual size (ADR 0019): what a service holds grows with every report, and filling a huge page with zeros for the
/// first of its bytes costs a third of the processor's time, and stands still for that long.
fn use_small_pages() {
    // Where it fails there are no huge pages to switch off.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn failed(error: &anyhow::Error) -> Exit {
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    // `chappe watch | head` is not a failure.
    if error.chain().any(broken_pipe) {
        return Exit::Done;
    }
    // Nobody is left to tell if standard error is gone.
    let _ = writeln!(io::stderr(), "chappe: {}", chappe::with_sources(error.as_ref()));
    Exit::Failed
}
