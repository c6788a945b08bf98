//! Puts the tables into the page on benchmarks.

use std::path::Path;

use anyhow::{Context, Result};

const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- path: written by cargo xtask bench path --write-docs -->";
const END: &str = "<!-- path: end -->";

/// Replaces what stands between the markers.
pub(super) fn refresh(root: &Path, tables: &str) -> Result<()> {
    let page = root.join(PAGE);
    let text = std::fs::read_to_string(&page).with_context(|| format!("cannot read {PAGE}"))?;
    let fresh = replaced(&text, tables).with_context(|| format!("{PAGE} lacks the markers {BEGIN} and {END}"))?;
    std::fs::write(&page, fresh)?;
    println!("{PAGE} is refreshed");
    Ok(())
}

fn replaced(text: &str, tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", tables.trim_end()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = replaced(&page, "new\n").unwrap();
        assert_eq!(once, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replaced(&once, "new\n").unwrap(), once);
        assert_eq!(replaced("a", "new"), None);
    }
}
