//! The contracts: lint, and breaking changes against the checked-in image.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::place::Place;
use crate::steps::Outcome;

/// Said where there is no buf.
const MISSING: &str = "buf is missing: run `cargo xtask setup`";

/// The contracts as last promised, from the workspace root.
pub(crate) const IMAGE: &str = "proto/image.binpb";

/// `buf lint` and the like, in the workspace root.
pub(crate) fn buf(place: &Place, arguments: &[&str]) -> Result<()> {
    let program = place.tool("buf");
    anyhow::ensure!(program.exists(), MISSING);
    command::succeed(Command::new(program).args(arguments).current_dir(place.root()))
}

/// [`buf`] as a step of the tests: skipped where buf could not be set up.
pub(crate) fn step(place: &Place, arguments: &[&str]) -> Outcome {
    if !place.tool("buf").exists() {
        return Outcome::Skipped(MISSING.to_owned());
    }
    buf(place, arguments).into()
}

/// `cargo xtask image`: promises the contracts as they are now.
pub(crate) fn write_image(place: &Place) -> Result<()> {
    // Without comments: they are no part of the promise, and are most of the size.
    buf(place, &["build", "--exclude-source-info", "-o", IMAGE])?;
    let size_bytes = std::fs::metadata(place.root().join(IMAGE))
        .with_context(|| format!("{IMAGE} was not written"))?
        .len();
    println!("{IMAGE}: {size_bytes} bytes; commit it together with the contracts");
    Ok(())
}
