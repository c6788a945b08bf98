//! What was measured, as JSON and as tables.

use serde::Serialize;

use super::alertmanager::Peer;
use crate::latency::Quantiles;
use crate::machine::Machine;
use crate::table::{number, row};

/// One closed loop.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Throughput {
    pub(super) reports: u64,
    pub(super) refused: u64,
    /// The server's memory grew too large for the machine.
    pub(super) ended_early: bool,
    pub(super) seconds: f64,
    pub(super) reports_per_second: f64,
    /// From the first report until all were judged, of the server alone.
    pub(super) server_cpu_seconds: f64,
    pub(super) server_cpu_us_per_report: f64,
    pub(super) reports_per_server_cpu_second: f64,
    pub(super) harness_cpu_us_per_report: f64,
    /// CPU time of everything else on the machine, as a share of all cores.
    pub(super) others_share_of_machine: f64,
    /// From the last answer until all was judged; none for the limit, which judges nothing.
    pub(super) judged_after_seconds: Option<f64>,
    pub(super) alerts: u64,
    pub(super) alert_revisions: u64,
    pub(super) ack: Quantiles,
}

/// One open loop.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Offered {
    pub(super) name: String,
    pub(super) reports_per_second: u64,
    pub(super) reports: u64,
    pub(super) refused: u64,
    pub(super) alert: Quantiles,
    pub(super) ack: Quantiles,
    /// How late the harness sent, against its schedule.
    pub(super) late: Quantiles,
    pub(super) server_cpu_us_per_report: f64,
    pub(super) others_share_of_machine: f64,
}

/// The whole run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub(super) machine: Machine,
    pub(super) parameters: serde_json::Value,
    pub(super) throughput: Throughput,
    pub(super) limit: Throughput,
    /// None where it was not asked for.
    pub(super) peer: Option<Peer>,
    /// Reports per server CPU-second, ours by the limit's.
    pub(super) of_limit: f64,
    pub(super) offered: Vec<Offered>,
    pub(super) bare_sync: Quantiles,
    /// One hop over the brokers; none on the embedded log.
    pub(super) hop: Option<Quantiles>,
    /// p99 from submit to alert at the higher rate, by 5 ms + 2 × the bare sync's p99, or by 1.5 × 2 hops' p99 over brokers.
    pub(super) alert_p99_by_f5: f64,
    pub(super) server_memory_mib: u64,
    pub(super) server_memory_most_mib: u64,
    pub(super) server_exit: String,
}

impl Figures {
    /// Tables in Markdown, readable in a terminal too.
    pub(super) fn tables(&self) -> String {
        let mut rows = vec![
            row(&["closed loop", "Chappe", "limit: bare stream", "ratio"]),
            row(&["---"; 4]),
        ];
        let (ours, limit) = (&self.throughput, &self.limit);
        let mut compare = |name: &str, ours: f64, limit: f64, digits: usize| {
            let ratio = format!("{:.3}", ours / limit);
            rows.push(row(&[name, &number(ours, digits), &number(limit, digits), &ratio]));
        };
        compare(
            "reports per server CPU-second",
            ours.reports_per_server_cpu_second,
            limit.reports_per_server_cpu_second,
            0,
        );
        compare(
            "server CPU per report, µs",
            ours.server_cpu_us_per_report,
            limit.server_cpu_us_per_report,
            2,
        );
        compare(
            "reports per second",
            ours.reports_per_second,
            limit.reports_per_second,
            0,
        );
        compare("submit → ack p50, ms", ours.ack.p50_ms, limit.ack.p50_ms, 2);
        compare("submit → ack p99, ms", ours.ack.p99_ms, limit.ack.p99_ms, 2);
        let mut text = rows.join("\n");
        let early = if ours.ended_early {
            " (ended early, for memory)"
        } else {
            ""
        };
        let judged = ours
            .judged_after_seconds
            .map_or_else(String::new, |s| format!("; judged {s:.1} s after the last answer"));
        text.push_str(&format!(
            "\n\n{} reports in {:.1} s{early}, {} refused; {} alerts in {} revisions delivered{judged}. Server memory at the end {} MiB, at most {} MiB; told to end, it did so with {}.\n\n",
            number(ours.reports as f64, 0),
            ours.seconds,
            ours.refused,
            number(ours.alerts as f64, 0),
            number(ours.alert_revisions as f64, 0),
            number(self.server_memory_mib as f64, 0),
            number(self.server_memory_most_mib as f64, 0),
            self.server_exit,
        ));
        if let Some(peer) = &self.peer {
            text.push_str(&format!(
                "Alertmanager, in memory: {} alerts by CPU-second, {} a second, {} MiB at the end. Chappe takes {:.2} × as many reports by CPU-second.\n\n",
                number(peer.alerts_per_cpu_second, 0),
                number(peer.alerts_per_second, 0),
                number(peer.memory_mib as f64, 0),
                ours.reports_per_server_cpu_second / peer.alerts_per_cpu_second,
            ));
        }
        text.push_str(&self.latencies());
        text
    }

    fn latencies(&self) -> String {
        let mut rows = vec![row(&["latency, ms", "samples", "p50", "p99", "max"]), row(&["---"; 5])];
        let mut push = |name: String, q: &Quantiles| {
            let cells = [q.p50_ms, q.p99_ms, q.max_ms].map(|ms| number(ms, 2));
            rows.push(row(&[
                &name,
                &number(q.samples as f64, 0),
                &cells[0],
                &cells[1],
                &cells[2],
            ]));
        };
        for offered in &self.offered {
            push(format!("submit → alert, {}", offered.name), &offered.alert);
            push(format!("submit → ack, {}", offered.name), &offered.ack);
            push(format!("sent late by, {}", offered.name), &offered.late);
        }
        push("bare write + fdatasync of 4 KiB".to_owned(), &self.bare_sync);
        if let Some(hop) = &self.hop {
            push("bare produce → consume over the brokers".to_owned(), hop);
        }
        let bound = match &self.hop {
            Some(_) => "(1.5 × 2 hops × bare produce → consume p99)",
            None => "(5 ms + 2 × bare sync p99)",
        };
        let others: Vec<f64> = self
            .offered
            .iter()
            .map(|offered| offered.others_share_of_machine)
            .collect();
        let busiest = others
            .into_iter()
            .fold(self.throughput.others_share_of_machine, f64::max);
        format!(
            "{}\n\nF5: p99 submit → alert at 10,000 reports/s is {:.2} × {bound}. Other processes took up to {:.0} % of the machine in a phase.\n\n{}.\n",
            rows.join("\n"),
            self.alert_p99_by_f5,
            busiest * 100.0,
            self.machine.sentence(),
        )
    }
}
