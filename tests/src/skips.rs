use std::fs::OpenOptions;
use std::io::Write;

/// Names the file that collects what was skipped: the test harness hides what passing tests print.
const SKIPS_VARIABLE: &str = "CHAPPE_SKIPS";

/// Says that a test did not run: a line `SKIPPED: <reason>` on standard error and in the file that `CHAPPE_SKIPS` names.
pub fn skipped(reason: &str) {
    let line = format!("SKIPPED: {reason}\n");
    // Nobody is left to tell where standard error is gone.
    let _ = std::io::stderr().write_all(line.as_bytes());
    let Some(file) = std::env::var_os(SKIPS_VARIABLE) else {
        return;
    };
    let told = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&file)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = told {
        let _ = writeln!(std::io::stderr(), "{SKIPS_VARIABLE} names {}: {error}", file.display());
    }
}
