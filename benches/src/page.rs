//! Puts tables into the page on benchmarks, and plots beside it.

use std::path::Path;

use anyhow::{Context, Result};

const PAGE: &str = "docs/benchmarks.md";
const PLOTS: &str = "docs/plots";

/// Replaces what stands between the markers of one benchmark.
pub(crate) fn refresh(root: &Path, benchmark: &str, tables: &str) -> Result<()> {
    let page = root.join(PAGE);
    let text = std::fs::read_to_string(&page).with_context(|| format!("cannot read {PAGE}"))?;
    let fresh = replaced(&text, benchmark, tables).with_context(|| {
        let (begin, end) = markers(benchmark);
        format!("{PAGE} lacks the markers {begin} and {end}")
    })?;
    std::fs::write(&page, fresh)?;
    println!("{PAGE} is refreshed");
    Ok(())
}

/// Writes one plot, `docs/plots/<name>.svg`.
pub(crate) fn plot(root: &Path, name: &str, svg: &str) -> Result<()> {
    let folder = root.join(PLOTS);
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.svg"));
    std::fs::write(&file, svg).with_context(|| file.display().to_string())
}

fn markers(benchmark: &str) -> (String, String) {
    (
        format!("<!-- {benchmark}: written by cargo xtask bench {benchmark} --write-docs -->"),
        format!("<!-- {benchmark}: end -->"),
    )
}

fn replaced(text: &str, benchmark: &str, tables: &str) -> Option<String> {
    let (begin, end) = markers(benchmark);
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n{end}{after}", tables.trim_end()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let (begin, end) = markers("core");
        let page = format!("a\n{begin}\nold\n{end}\nb\n");
        let once = replaced(&page, "core", "new\n").unwrap();
        assert_eq!(once, format!("a\n{begin}\nnew\n{end}\nb\n"));
        assert_eq!(replaced(&once, "core", "new\n").unwrap(), once);
        assert_eq!(replaced(&page, "path", "new"), None);
    }
}
