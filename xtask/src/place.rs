//! Where things are: the workspace, its target folder, the tools.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders that every command works in.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    root: PathBuf,
    target: PathBuf,
}

impl Place {
    /// Reads the workspace root from this package's own position, and the target folder from `CARGO_TARGET_DIR`.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .context("the xtask package has no parent folder")?
            .to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Ok(Self { root, target })
    }

    /// The workspace root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where Cargo builds to.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Everything `setup` brings that is no system package.
    pub(crate) fn tools(&self) -> PathBuf {
        self.root.join("target").join("tools")
    }

    /// The programs among the tools.
    pub(crate) fn tools_bin(&self) -> PathBuf {
        self.tools().join("bin")
    }

    /// One program among the tools.
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.tools_bin().join(name)
    }

    /// The search path with the tools in front.
    pub(crate) fn path_with_tools(&self) -> Result<std::ffi::OsString> {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.tools_bin()).chain(std::env::split_paths(&old));
        std::env::join_paths(all).context("PATH holds a folder name that cannot be joined")
    }
}
