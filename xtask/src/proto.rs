//! The contracts: lint, and breaking changes against the checked-in image.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::place::Place;

/// The contracts as last promised, from the workspace root.
pub(crate) const IMAGE: &str = "proto/image.binpb";

/// `buf lint` and the like, in the workspace root.
pub(crate) fn buf(place: &Place, arguments: &[&str]) -> Result<()> {
    let program = place.tool("buf");
    if !program.exists() {
        bail!("buf is not set up: run `cargo xtask setup`");
    }
    command::succeed(Command::new(program).args(arguments).current_dir(place.root()))
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
