//! What a member, and all members together, may ask at once (promise P6).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chappe_model::{MemberId, Timestamp};
use dashmap::DashMap;
use metrics::Gauge;

use crate::options::Quotas;
use crate::refusal::Refusal;

/// Over this share of [`Quotas::in_flight`], in percent, only critical reports are taken.
const CRITICAL_ONLY_PERCENT: usize = 75;

/// One report, in the bucket's unit: with a rate in reports a second, each millisecond adds as many thousandths.
const REPORT: u64 = 1_000;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A report of critical severity: taken while there is any room.
    Critical,
    /// Every other report, and every retraction.
    Ordinary,
    /// Reads: count as in flight, not against the rate.
    Read,
}

/// Lets requests in, one gate a member. Members come from the directory, so there are at most `limits::MEMBERS` gates.
pub(crate) struct Gates {
    quotas: Quotas,
    all: Arc<Flights>,
    members: DashMap<MemberId, Arc<Gate>>,
}

struct Flights {
    count: AtomicUsize,
    gauge: Gauge,
}

struct Gate {
    count: AtomicUsize,
    bucket: Mutex<Bucket>,
}

/// A token bucket on the installation's clock.
struct Bucket {
    thousandths: u64,
    filled_at: Timestamp,
}

impl Gates {
    pub(crate) fn new(quotas: Quotas, gauge: Gauge) -> Self {
        let quotas = Quotas {
            reports_per_second: quotas.reports_per_second.max(1),
            burst: quotas.burst.max(1),
            ..quotas
        };
        Self {
            quotas,
            all: Arc::new(Flights {
                count: AtomicUsize::new(0),
                gauge,
            }),
            members: DashMap::new(),
        }
    }

    /// Lets one request in, until its permit is dropped.
    pub(crate) fn admit(&self, member: &MemberId, class: Class, now: Timestamp) -> Result<Permit, Refusal> {
        let gate = self.gate(member, now);
        let before = self.all.count.fetch_add(1, Ordering::Relaxed);
        gate.count.fetch_add(1, Ordering::Relaxed);
        self.all.gauge.increment(1.0);
        // Counted already: dropping the permit on a refusal counts it out again.
        let permit = Permit {
            gate,
            all: Arc::clone(&self.all),
            full: self.full(),
        };
        if before >= self.quotas.in_flight {
            return Err(Refusal::InFlight);
        }
        if class != Class::Critical && before >= self.quotas.in_flight.saturating_mul(CRITICAL_ONLY_PERCENT) / 100 {
            return Err(Refusal::CriticalOnly);
        }
        if permit.gate.count.load(Ordering::Relaxed) > self.quotas.in_flight_per_member {
            return Err(Refusal::MemberInFlight);
        }
        if class != Class::Read {
            permit
                .gate
                .take(now, u64::from(self.quotas.reports_per_second), self.full())?;
        }
        Ok(permit)
    }

    fn full(&self) -> u64 {
        u64::from(self.quotas.burst) * REPORT
    }

    fn gate(&self, member: &MemberId, now: Timestamp) -> Arc<Gate> {
        if let Some(gate) = self.members.get(member) {
            return Arc::clone(&gate);
        }
        let full = || {
            Arc::new(Gate {
                count: AtomicUsize::new(0),
                bucket: Mutex::new(Bucket {
                    thousandths: self.full(),
                    filled_at: now,
                }),
            })
        };
        Arc::clone(&self.members.entry(member.clone()).or_insert_with(full))
    }
}

impl Gate {
    fn take(&self, now: Timestamp, per_second: u64, full: u64) -> Result<(), Refusal> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed_ms = now.as_millis().saturating_sub(bucket.filled_at.as_millis());
        bucket.thousandths = bucket
            .thousandths
            .saturating_add(elapsed_ms.saturating_mul(per_second))
            .min(full);
        bucket.filled_at = bucket.filled_at.max(now);
        if bucket.thousandths < REPORT {
            let retry_after = Duration::from_millis((REPORT - bucket.thousandths).div_ceil(per_second));
            return Err(Refusal::Rate { retry_after });
        }
        bucket.thousandths -= REPORT;
        Ok(())
    }
}

/// One request in flight.
pub(crate) struct Permit {
    gate: Arc<Gate>,
    all: Arc<Flights>,
    full: u64,
}

impl Permit {
    /// Gives the report back to the member's rate.
    pub(crate) fn refund(&self) {
        let mut bucket = self.gate.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.thousandths = bucket.thousandths.saturating_add(REPORT).min(self.full);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.count.fetch_sub(1, Ordering::Relaxed);
        self.all.count.fetch_sub(1, Ordering::Relaxed);
        self.all.gauge.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn gates(quotas: Quotas) -> Gates {
        Gates::new(quotas, Gauge::noop())
    }

    fn member(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_rate_refills_by_the_millisecond_and_says_how_long_to_wait() {
        let gates = gates(Quotas {
            reports_per_second: 4,
            burst: 2,
            ..Quotas::default()
        });
        let ask = |id: &str, ms| gates.admit(&member(id), Class::Ordinary, at(ms)).map(drop);
        assert_eq!((ask("a", 0), ask("a", 0)), (Ok(()), Ok(())));
        assert_eq!(
            ask("a", 0),
            Err(Refusal::Rate {
                retry_after: Duration::from_millis(250)
            })
        );
        assert_eq!(
            ask("a", 100),
            Err(Refusal::Rate {
                retry_after: Duration::from_millis(150)
            })
        );
        assert_eq!(ask("a", 250), Ok(()));
        assert_eq!(ask("b", 0), Ok(()), "another member's rate is its own");
        // After a long pause the burst, no more.
        assert_eq!((ask("a", 1 << 40), ask("a", 1 << 40)), (Ok(()), Ok(())));
        assert!(ask("a", 1 << 40).is_err());
    }

    #[test]
    fn a_refund_gives_one_report_back_and_never_more_than_the_burst() {
        let gates = gates(Quotas {
            reports_per_second: 1,
            burst: 1,
            ..Quotas::default()
        });
        gates.admit(&member("a"), Class::Ordinary, at(0)).unwrap().refund();
        let permit = gates.admit(&member("a"), Class::Ordinary, at(0)).unwrap();
        permit.refund();
        permit.refund();
        assert!(gates.admit(&member("a"), Class::Ordinary, at(0)).is_ok());
        assert!(gates.admit(&member("a"), Class::Ordinary, at(0)).is_err());
    }

    #[test]
    fn in_flight_is_bounded_for_each_and_for_all_and_critical_goes_first() {
        let gates = gates(Quotas {
            in_flight: 4,
            in_flight_per_member: 2,
            ..Quotas::default()
        });
        let ask = |id: &str, class| gates.admit(&member(id), class, at(0));
        let _a = ask("a", Class::Ordinary).ok().unwrap();
        let second = ask("a", Class::Ordinary).ok().unwrap();
        assert_eq!(ask("a", Class::Critical).err(), Some(Refusal::MemberInFlight));
        let _b = ask("b", Class::Ordinary).ok().unwrap();
        assert_eq!(ask("b", Class::Ordinary).err(), Some(Refusal::CriticalOnly));
        assert_eq!(ask("b", Class::Read).err(), Some(Refusal::CriticalOnly));
        let _c = ask("b", Class::Critical).ok().unwrap();
        assert_eq!(ask("c", Class::Critical).err(), Some(Refusal::InFlight));
        drop(second);
        assert!(ask("c", Class::Critical).is_ok(), "refusals and answers count out");
    }
}
