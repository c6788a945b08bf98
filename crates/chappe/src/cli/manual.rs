//! Arguments of `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  chappe completions bash > ~/.local/share/bash-completion/completions/chappe\n")]
pub struct CompletionsArgs {
    /// Of which shell.
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  chappe man --dir ~/.local/share/man/man1\n")]
pub struct ManArgs {
    /// Where to write a page for each command. Pages of the same names are replaced.
    #[arg(long, value_name = "FOLDER")]
    pub dir: PathBuf,
}
