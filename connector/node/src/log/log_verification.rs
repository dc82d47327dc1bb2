//! Verifications of the own log: one at a time, and the result of the last one. Both are in memory, so a restart forgets them.

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Verification that runs.
#[derive(Debug, Clone)]
pub struct RunningVerification {
    /// Instant of its beginning.
    pub began: UtcTimestamp,
    /// Number of records under its head.
    pub records: u64,
    /// Number of records that were checked until now.
    pub checked: Arc<AtomicU64>,
}

/// Result of a verification that came to its end.
#[derive(Debug, Clone)]
pub struct VerificationOutcome {
    /// Instant of its end.
    pub at: UtcTimestamp,
    /// Number of records under its head.
    pub records: u64,
    /// Faults that it found, in the records, in logs of others, or in the files of datasets; empty where all is in order.
    pub faults: Vec<Refusal>,
}

/// Running verification and last result.
#[derive(Debug, Clone, Default)]
pub struct VerificationProgress {
    /// Verification that runs.
    pub running: Option<RunningVerification>,
    /// Result of the last verification.
    pub last: Option<VerificationOutcome>,
}

/// Verifications of the log.
#[derive(Debug, Default)]
pub struct LogVerifications {
    progress: Mutex<VerificationProgress>,
    /// Turn of the one verification that reads the log.
    turn: tokio::sync::Mutex<()>,
    /// True while a verification that nobody waits for is asked for or runs.
    is_requested: AtomicBool,
}

impl LogVerifications {
    /// Running verification and last result.
    pub fn progress(&self) -> VerificationProgress {
        self.progress.lock().clone()
    }

    /// Takes the turn of a verification, after the one that runs.
    pub async fn take_turn(&self) -> VerificationTurn<'_> {
        VerificationTurn {
            verifications: self,
            _turn: self.turn.lock().await,
        }
    }

    /// Notes that a verification starts which nobody waits for. False while another one has not ended.
    pub fn request(&self) -> bool {
        !self.is_requested.swap(true, Ordering::AcqRel)
    }

    /// Notes that this verification has ended.
    pub fn end_request(&self) {
        self.is_requested.store(false, Ordering::Release);
    }
}

/// Turn of one verification. One that is dropped before its end leaves the last result as it is.
#[derive(Debug)]
pub struct VerificationTurn<'a> {
    verifications: &'a LogVerifications,
    _turn: tokio::sync::MutexGuard<'a, ()>,
}

impl VerificationTurn<'_> {
    /// Begins to check the records under a head. Gives the counter of checked records.
    pub fn begin(&self, records: u64, now: UtcTimestamp) -> Arc<AtomicU64> {
        let checked = Arc::new(AtomicU64::new(0));
        self.verifications.progress.lock().running = Some(RunningVerification {
            began: now,
            records,
            checked: Arc::clone(&checked),
        });
        checked
    }

    /// Keeps the result.
    pub fn finish(&self, outcome: VerificationOutcome) {
        self.verifications.progress.lock().last = Some(outcome);
    }
}

impl Drop for VerificationTurn<'_> {
    fn drop(&mut self) {
        self.verifications.progress.lock().running = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_policy::refusal::ErrorCode;

    fn instant() -> UtcTimestamp {
        "2026-11-27T09:14:00Z".parse().unwrap()
    }

    #[tokio::test]
    async fn one_verification_runs_at_a_time_and_its_result_stays() {
        let verifications = LogVerifications::default();
        let turn = verifications.take_turn().await;
        let checked = turn.begin(120, instant());
        checked.fetch_add(7, Ordering::Relaxed);
        let running = verifications.progress().running.unwrap();
        assert_eq!(
            (running.records, running.checked.load(Ordering::Relaxed)),
            (120, 7)
        );
        assert!(verifications.turn.try_lock().is_err(), "the next one waits");
        turn.finish(VerificationOutcome {
            at: instant(),
            records: 120,
            faults: vec![Refusal::new(
                ErrorCode::EvidenceBroken,
                "record 48 was edited",
            )],
        });
        drop(turn);
        let progress = verifications.progress();
        assert!(progress.running.is_none());
        assert_eq!(progress.last.unwrap().faults.len(), 1);
        // One that breaks off takes nothing from the last result.
        let broken = verifications.take_turn().await;
        let _checked = broken.begin(130, instant());
        drop(broken);
        let progress = verifications.progress();
        assert!(progress.running.is_none());
        assert_eq!(progress.last.unwrap().records, 120);
    }

    #[test]
    fn one_request_is_open_at_a_time() {
        let verifications = LogVerifications::default();
        assert!(verifications.request());
        assert!(!verifications.request());
        verifications.end_request();
        assert!(verifications.request());
    }
}
