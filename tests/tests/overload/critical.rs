//! A member with critical reports, one after the other, while others flood.

use std::collections::HashSet;

use chappe_proto::v1;
use chappe_tests::{Client, PATIENCE, report};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, timeout};

pub const MEMBERS: [&str; 2] = ["csirt-fr", "csirt-it"];
/// Between two reports.
const PACE: Duration = Duration::from_millis(50);

/// The member. Each of its reports must be taken.
pub struct Critical {
    member: &'static str,
    pub sent: usize,
    /// At the first try.
    pub taken: usize,
    pub slowest: Duration,
}

impl Critical {
    pub fn new(member: &'static str) -> Self {
        Self {
            member,
            sent: 0,
            taken: 0,
            slowest: Duration::ZERO,
        }
    }

    pub async fn run(mut self, client: Client, mut stop: watch::Receiver<bool>) -> Self {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return self,
                _ = pace.tick() => {}
            }
            let began = Instant::now();
            let request = v1::SubmitRequest {
                incident: Some(v1::Incident {
                    severity: v1::Severity::Critical as i32,
                    ..report(&key(self.member, self.sent))
                }),
                validate_only: false,
            };
            self.sent += 1;
            let answered = timeout(PATIENCE, client.incidents().submit(request)).await;
            answered.expect("an answer").expect("a critical report is taken");
            self.taken += 1;
            self.slowest = self.slowest.max(began.elapsed());
        }
    }

    /// All of it is in the log.
    pub fn check(&self, stored: &HashSet<String>) {
        assert!(self.sent > 0);
        for number in 0..self.sent {
            assert!(
                stored.contains(&key(self.member, number)),
                "{number} of {} is lost",
                self.member
            );
        }
    }
}

fn key(member: &str, number: usize) -> String {
    format!("critical-{member}-{number}")
}
