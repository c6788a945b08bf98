//! `chappe cascade`: what depends on what. Nothing here talks to an installation.

use std::io::Write;

use anyhow::Result;
use chappe_correlate::Dependencies;
use chappe_model::CascadeNode;
use serde_json::json;

use super::Exit;
use crate::cli::{CascadeArgs, CascadeCommand, ShowArgs};
use crate::dependency_file;
use crate::words::{count, plain};

/// Runs one of the commands on `out`.
///
/// # Errors
/// When a file of dependencies cannot be in force, or nothing can be written.
pub(crate) fn run(args: &CascadeArgs, out: &mut dyn Write) -> Result<Exit> {
    match &args.command {
        CascadeCommand::Dependencies => write!(out, "{}", dependency_file::BUILT_IN)?,
        CascadeCommand::Show(args) => show(args, out)?,
    }
    Ok(Exit::Done)
}

fn show(args: &ShowArgs, out: &mut dyn Write) -> Result<()> {
    let dependencies = match &args.dependencies {
        Some(path) => dependency_file::read(path)?,
        None => dependency_file::built_in()?,
    };
    let (sector, country) = (args.sector, args.country);
    let root = CascadeNode { sector, country };
    if args.json {
        return in_json(&dependencies, root, out);
    }
    if dependencies.of(root).is_empty() {
        writeln!(out, "nothing depends on {root}: no cascade begins there")?;
        return Ok(());
    }
    writeln!(out, "if {root} is hit, these are warned at once:")?;
    list(&dependencies, root, root, "  ", out)?;
    writeln!(out, "\nand for each of these that is then hit as well:")?;
    for next in dependencies.of(root) {
        if dependencies.of(next.node).iter().any(|after| after.node != root) {
            writeln!(out, "  after {}", next.node)?;
            list(&dependencies, next.node, root, "    ", out)?;
        }
    }
    Ok(())
}

fn list(all: &Dependencies, on: CascadeNode, root: CascadeNode, indent: &str, out: &mut dyn Write) -> Result<()> {
    for it in all.of(on).into_iter().filter(|it| it.node != root) {
        let (node, hours) = (it.node.to_string(), count(it.hours as usize, "hour"));
        writeln!(out, "{indent}{node:<44} {hours:<9} {}", plain(&it.why))?;
    }
    Ok(())
}

/// What is warned at once, then what is warned when one of these is hit too.
fn in_json(all: &Dependencies, root: CascadeNode, out: &mut dyn Write) -> Result<()> {
    let node = |node: CascadeNode| json!({"sector": node.sector.as_str(), "country": node.country.as_str()});
    let mut write = |after: CascadeNode| -> Result<()> {
        for it in all.of(after).into_iter().filter(|it| it.node != root) {
            let line = json!({"after": node(after), "warned": node(it.node), "hours": it.hours, "why": &*it.why});
            writeln!(out, "{line}")?;
        }
        Ok(())
    };
    write(root)?;
    all.of(root).into_iter().try_for_each(|next| write(next.node))
}

#[cfg(test)]
mod tests {
    use chappe_model::{Country, Sector};

    use super::*;

    fn shown(sector: Sector, country: &str) -> String {
        let args = ShowArgs {
            sector,
            country: Country::parse(country).unwrap(),
            dependencies: None,
            json: false,
        };
        let mut out = vec![];
        show(&args, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_warned_is_shown_with_what_comes_after() {
        let text = shown(Sector::Energy, "PT");
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
        assert!(at("energy in ES") < at("after digital-infrastructure in PT"));
        assert!(at("after energy in ES") < at("energy in FR"), "Spain borders on France");
        assert!(!text.contains("after health in PT"), "nothing depends on it");
        assert!(shown(Sector::Research, "PT").starts_with("nothing depends on research in PT"));
    }
}
