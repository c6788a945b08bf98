//! `chappe doctor`: each broken set-up is found, named and explained; a sound one is not; nothing is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use chappe_eventlog::{Record, Topic, append_blocking};
use chappe_eventlog_local::{LocalLog, LocalOptions};
use chappe_kafka_cluster::is_available;
use chappe_tests::{Options, Program, SmallDisk, binary, now, report, skipped, submit};
use tempfile::TempDir;

/// An installation that took a report and was stopped; each test breaks a copy.
struct SetUp {
    folder: TempDir,
}

/// Made once, for it needs the program to run.
fn sound() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut program = Program::start(folder.path()).unwrap();
            submit(&program, "csirt-at", report("case-1")).await;
            program.stop().unwrap();
        });
        folder
    });
    made.path()
}

impl SetUp {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copied = Command::new("cp")
            .arg("-a")
            .arg(sound().join("."))
            .arg(folder.path())
            .status();
        assert!(copied.unwrap().success());
        Self { folder }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.at(path), Permissions::from_mode(mode)).unwrap();
    }

    /// Sets values at the top of chappe.toml, in place of those of the same names.
    fn set(&self, lines: &str) {
        let name = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
        let names: Vec<String> = lines.lines().map(name).collect();
        let text = fs::read_to_string(self.at("chappe.toml")).unwrap();
        let rest: Vec<&str> = text.lines().filter(|line| !names.contains(&name(line))).collect();
        fs::write(self.at("chappe.toml"), format!("{lines}\n{}\n", rest.join("\n"))).unwrap();
    }

    fn append(&self, path: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).open(self.at(path)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn journal(&self) -> PathBuf {
        let entries = fs::read_dir(self.at("chappe-data/log")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
        paths.sort();
        paths.pop().unwrap()
    }

    fn doctor(&self) -> Findings {
        let config = self.at("chappe.toml");
        Findings::of(
            Command::new(binary().unwrap())
                .args(["doctor", "--json", "--config"])
                .arg(config)
                .output()
                .unwrap(),
        )
    }

    /// The doctor finds this, in this state, and says something of all three kinds.
    #[track_caller]
    fn has(&self, state: &str, check: &str, says: &str) {
        self.doctor().has(state, check, says);
    }
}

struct Findings {
    code: i32,
    all: Vec<serde_json::Value>,
}

impl Findings {
    fn of(output: Output) -> Self {
        let said = String::from_utf8(output.stdout).unwrap();
        let report: serde_json::Value = serde_json::from_str(&said)
            .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
        Self {
            code: output.status.code().unwrap(),
            all: report["findings"].as_array().unwrap().clone(),
        }
    }

    #[track_caller]
    fn has(&self, state: &str, check: &str, says: &str) {
        let of_check = |finding: &&serde_json::Value| finding["check"] == check && finding["state"] == state;
        let text = |finding: &serde_json::Value, part: &str| finding[part].as_str().unwrap().to_owned();
        let found: Vec<_> = self.all.iter().filter(of_check).collect();
        assert!(
            found.iter().any(|finding| text(finding, "found").contains(says)),
            "no {state} {check} that says {says:?}: {:#?}",
            self.all
        );
        if state != "well" {
            assert!(
                found
                    .iter()
                    .all(|finding| !text(finding, "means").is_empty() && !text(finding, "action").is_empty())
            );
        }
        let broken = self.all.iter().any(|finding| finding["state"] == "broken");
        assert_eq!(self.code, i32::from(broken));
    }

    fn broken(&self) -> Vec<&serde_json::Value> {
        self.all.iter().filter(|finding| finding["state"] == "broken").collect()
    }
}

#[test]
fn a_sound_set_up_is_sound_at_rest_and_at_work() {
    let set_up = SetUp::new();
    let journal = fs::read(set_up.journal()).unwrap();
    let found = set_up.doctor();
    assert_eq!((found.code, found.broken().len()), (0, 0), "{:#?}", found.all);
    for (check, says) in [
        ("configuration", "10 members"),
        ("secret", "whole"),
        ("secret-of-log", "written under it"),
        ("log", "every checksum right"),
        ("snapshot", "checksum right"),
        ("clock", "not behind"),
        ("listen", "free"),
        ("tokens", "600"),
        ("data-folder", "700"),
    ] {
        found.has("well", check, says);
    }
    assert_eq!(fs::read(set_up.journal()).unwrap(), journal, "nothing was changed");

    let [listen, metrics] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [listen, metrics] = [listen, metrics].map(|listener| listener.local_addr().unwrap().to_string());
    let options = Options::default().set("listen", listen).set("metrics", metrics);
    let mut program = Program::start_with(set_up.folder.path(), options).unwrap();
    let found = set_up.doctor();
    assert_eq!((found.code, found.broken().len()), (0, 0), "{:#?}", found.all);
    found.has("well", "listen", "an installation serves");
    found.has("well", "metrics", "is served");
    found.has("well", "log", "in use");
    let config = set_up.at("chappe.toml");
    let health = |more: &[&str]| {
        Command::new(binary().unwrap())
            .args(["health", "--config"])
            .arg(&config)
            .args(more)
            .output()
            .unwrap()
    };
    for way in [&[][..], &["--metrics"]] {
        let health = health(way);
        assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));
    }
    let people = Command::new(binary().unwrap())
        .args(["doctor", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert!(String::from_utf8(people.stdout).unwrap().contains("0 broken"));
    program.stop().unwrap();
    for way in [&[][..], &["--metrics"]] {
        let silent = health(way);
        assert_eq!(silent.status.code(), Some(1));
        assert!(String::from_utf8(silent.stderr).unwrap().contains("does not answer"));
    }
}

#[test]
fn a_configuration_that_is_absent_wrong_or_anybodys_is_found() {
    let set_up = SetUp::new();
    set_up.mode("chappe.toml", 0o666);
    set_up.has("broken", "configuration-mode", "666");
    set_up.mode("chappe.toml", 0o644);
    set_up.set("no-such-key = 1");
    set_up.has("broken", "configuration", "no-such-key");
    fs::remove_file(set_up.at("chappe.toml")).unwrap();
    set_up.has("broken", "configuration", "No such file");

    let set_up = SetUp::new();
    let text = fs::read_to_string(set_up.at("chappe.toml")).unwrap();
    fs::write(set_up.at("chappe.toml"), text.replace("duty-officer", "hub")).unwrap();
    set_up.has("warning", "roles", "no member is duty-officer");
}

#[test]
fn tokens_that_others_may_read_or_nobody_can_are_found() {
    let set_up = SetUp::new();
    set_up.mode("tokens.toml", 0o644);
    set_up.has("broken", "tokens", "644");
    set_up.append("tokens.toml", "NOBODY = 1\n");
    set_up.has("broken", "tokens", "line ");
}

#[test]
fn a_data_folder_that_is_none_or_anybodys_is_found() {
    let set_up = SetUp::new();
    set_up.mode("chappe-data", 0o755);
    set_up.has("warning", "data-folder", "755");
    set_up.set("data = \"tokens.toml\"");
    set_up.has("broken", "data-folder", "no folder");
}

#[test]
fn a_secret_that_is_absent_open_damaged_or_anothers_is_found() {
    let secret = "chappe-data/secret.key";
    let set_up = SetUp::new();
    set_up.mode(secret, 0o644);
    set_up.has("broken", "secret", "chmod 600");
    set_up.mode(secret, 0o600);
    set_up.append(secret, "x");
    set_up.has("broken", "secret", "33 bytes");
    fs::write(set_up.at(secret), [7; 32]).unwrap();
    set_up.has("broken", "secret-of-log", "another secret");
    fs::remove_file(set_up.at(secret)).unwrap();
    set_up.has("broken", "secret", "no secret.key");
}

#[test]
fn a_log_that_is_damaged_torn_or_half_there_is_found() {
    let set_up = SetUp::new();
    let journal = set_up.journal();
    let whole = fs::read(&journal).unwrap();
    fs::write(&journal, &whole[..whole.len() - 2]).unwrap();
    set_up.has("warning", "log", "torn");
    let mut damaged = whole;
    damaged[100] ^= 1;
    fs::write(&journal, &damaged).unwrap();
    set_up.has("broken", "log", "is damaged at byte");
    fs::remove_file(set_up.at("chappe-data/log/meta")).unwrap();
    set_up.has("broken", "log", "meta is missing");

    let set_up = SetUp::new();
    let snapshots = fs::read_dir(set_up.at("chappe-data/log/snapshots")).unwrap();
    for snapshot in snapshots {
        fs::write(snapshot.unwrap().path(), b"CHPS and no more").unwrap();
    }
    set_up.has("warning", "snapshot", "does not begin like a snapshot");
}

#[test]
fn a_log_of_the_future_is_found() {
    let set_up = SetUp::new();
    let (log, _) = LocalLog::open(LocalOptions::in_folder(set_up.at("chappe-data/log"))).unwrap();
    let in_an_hour = now().as_millis() + 3_600_000;
    append_blocking(&log, Topic::Incidents, 0, Record::mark(in_an_hour)).unwrap();
    drop(log);
    set_up.has("broken", "clock", "ahead of this machine's clock");
}

#[test]
fn addresses_that_are_taken_are_found() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let set_up = SetUp::new();
    set_up.set(&format!("metrics = \"{address}\""));
    set_up.has("broken", "metrics", "in use");
    // It accepts and says nothing, as another program may.
    set_up.set(&format!("listen = \"{address}\""));
    let found = set_up.doctor();
    found.has("broken", "listen", "does not answer as Chappe does");
    found.has("broken", "metrics", "the address of gRPC too");
}

#[test]
fn a_machine_that_is_too_small_is_found() {
    let set_up = SetUp::new();
    set_up.set("memory-mib = 1048576");
    set_up.has("broken", "memory", "memory-mib allows 1048576 MiB");
    let config = set_up.at("chappe.toml");
    let few = Command::new("sh")
        .args(["-c", "ulimit -n 200; exec \"$0\" doctor --json --config \"$1\""])
        .arg(binary().unwrap())
        .arg(config)
        .output();
    Findings::of(few.unwrap()).has("broken", "open-files", "200 files");
}

#[test]
fn a_disk_that_is_full_is_found() {
    let set_up = SetUp::new();
    let Some(disk) = SmallDisk::mount(&set_up.at("small"), 8).unwrap() else {
        return skipped("a_disk_that_is_full_is_found: mounting a tmpfs is not allowed here");
    };
    set_up.set("data = \"small/data\"");
    disk.fill().unwrap();
    let found = set_up.doctor();
    found.has("broken", "disk-space", "0 MiB of 8");
    found.has("broken", "disk-sync", "No space left");
}

#[test]
fn brokers_that_are_not_there_and_a_password_that_anybody_reads_are_found() {
    let set_up = SetUp::new();
    fs::write(set_up.at("password"), "secret\n").unwrap();
    set_up.mode("password", 0o640);
    let table = "[kafka]\nbrokers = [\"127.0.0.1:9\"]\ntls = {}\nsasl = { mechanism = \"PLAIN\", user = \"u\", password-file = \"password\" }\n";
    set_up.append("chappe.toml", table);
    let found = set_up.doctor();
    found.has("broken", "kafka-password", "640");
    found.has("broken", "brokers", "127.0.0.1:9");
    fs::remove_file(set_up.at("password")).unwrap();
    set_up.has("broken", "kafka-password", "No such file");
}

#[test]
fn brokers_and_topics_are_looked_at_and_nothing_is_created() {
    if !is_available("brokers_and_topics_are_looked_at") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start_with(folder.path(), Options::default().on_kafka()).unwrap();
    let set_up = SetUp { folder };
    set_up.has("well", "brokers", "every topic is as it must be");
    program.stop().unwrap();
    let kafka = |setting: &str| {
        let text = fs::read_to_string(set_up.at("chappe.toml")).unwrap();
        let name = setting.split(" = ").next().unwrap();
        let rest: Vec<&str> = text.lines().filter(|line| !line.starts_with(name)).collect();
        let text = rest.join("\n").replace("[kafka]", &format!("[kafka]\n{setting}"));
        fs::write(set_up.at("chappe.toml"), text).unwrap();
    };
    kafka("partitions = 3");
    set_up.has("broken", "brokers", "has partitions 8, wanted 3");
    kafka("topic-prefix = \"elsewhere.\"");
    for _ in 0..2 {
        set_up.has("well", "brokers", "the first start creates elsewhere.incidents");
    }
}
