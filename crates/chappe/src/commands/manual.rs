//! `chappe completions` and `chappe man`: the command line for shells and for `man`, from its one definition.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result};
use clap::CommandFactory;

use super::Exit;
use crate::cli::{Cli, CompletionsArgs, ManArgs};

const NAME: &str = "chappe";

pub(crate) fn completions(args: &CompletionsArgs, out: &mut dyn Write) -> Result<Exit> {
    // Whole before the first byte, for the generator ends the program where a pipe is closed.
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Cli::command(), NAME, &mut script);
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::Done)
}

pub(crate) fn man(args: &ManArgs, out: &mut dyn Write) -> Result<Exit> {
    let dir = args.dir.display();
    fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {dir}"))?;
    clap_mangen::generate_to(Cli::command(), &args.dir).with_context(|| format!("cannot write pages into {dir}"))?;
    writeln!(
        out,
        "Wrote {dir}/{NAME}.1 and a page for each command: man -l {dir}/{NAME}.1"
    )?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;
    use clap_complete::Shell;

    #[test]
    fn every_shell_is_told_every_command() {
        for shell in Shell::value_variants() {
            let (mut out, shell) = (vec![], *shell);
            completions(&CompletionsArgs { shell }, &mut out).unwrap();
            let script = String::from_utf8(out).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(
                    script.contains(command.get_name()),
                    "{} for {shell}",
                    command.get_name()
                );
            }
        }
    }

    #[test]
    fn every_command_has_a_page_with_its_example() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("man1");
        man(&ManArgs { dir: dir.clone() }, &mut vec![]).unwrap();
        let page = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
        assert!(page("chappe.1").contains("Exit codes"));
        for command in Cli::command().get_subcommands() {
            let text = page(&format!("chappe-{}.1", command.get_name()));
            assert!(text.contains(".SH NAME"), "{text}");
        }
        assert!(page("chappe-alert-show.1").contains("chappe alert show alerts/"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let dir = file.path().join("man1");
        let error = man(&ManArgs { dir }, &mut vec![]).unwrap_err();
        assert!(error.to_string().starts_with("cannot make "), "{error:#}");
    }
}
