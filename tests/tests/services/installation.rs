//! One installation of many processes.

use std::path::Path;
use std::thread;

use chappe_tests::{Options, Program};
use tempfile::TempDir;

/// Processes of one installation, with one configuration, one data folder and so one secret.
pub struct Services {
    pub ingests: Vec<Program>,
    pub correlations: Vec<Program>,
    pub notifications: Vec<Program>,
    // Last: it goes when the processes have ended.
    _folder: TempDir,
}

/// Starts one service of the installation in a folder, and begins one where there is none.
pub fn start(folder: &Path, service: &str, instance: &str) -> Program {
    let options =
        Options::default()
            .on_kafka()
            .service(service)
            .arguments(["--listen", "127.0.0.1:0", "--instance", instance]);
    Program::start_with(folder, options).unwrap()
}

impl Services {
    /// Starts so many of each.
    pub fn start(ingests: usize, correlations: usize, notifications: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The first makes the configuration, the secret and the topics.
        let first = start(folder.path(), "ingest", "ingest-1");
        let several = |service: &'static str, numbers: std::ops::RangeInclusive<usize>| {
            let folder = folder.path().to_owned();
            thread::spawn(move || -> Vec<Program> {
                numbers
                    .map(|number| start(&folder, service, &format!("{service}-{number}")))
                    .collect()
            })
        };
        let started = [
            several("ingest", 2..=ingests),
            several("correlation", 1..=correlations),
            several("notification", 1..=notifications),
        ];
        let [more_ingests, correlations, notifications] = started.map(|started| started.join().unwrap());
        Self {
            ingests: [first].into_iter().chain(more_ingests).collect(),
            correlations,
            notifications,
            _folder: folder,
        }
    }

    /// Ends all of them; each must end well.
    pub fn stop(&mut self) {
        let all = [&mut self.ingests, &mut self.notifications, &mut self.correlations];
        for program in all.into_iter().flatten() {
            program.stop().unwrap();
        }
    }
}
