//! Refusals that share records: their numbers by code.

use hansa_audit_log::record::answers::RefusalCountRecord;
use std::collections::BTreeMap;

/// Summary of refusals in shared records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalSummary {
    /// Number of refusals by code.
    pub codes: BTreeMap<String, u64>,
    /// Number of further refusals that each participant may have been sent: allowed before a crash and never counted.
    allowed: BTreeMap<String, u64>,
    lost: u64,
}

impl RefusalSummary {
    pub(super) fn add_counts(&mut self, counted: RefusalCountRecord) {
        for (code, count) in counted.codes {
            let sum = self.codes.entry(code).or_default();
            *sum = sum.saturating_add(count);
        }
        let next = counted.next.unwrap_or_default();
        // The allowance in the reserve of a stopped log was never counted further.
        if counted.reserve_sha256.is_some() {
            self.lost = self.lost.saturating_add(next);
            return;
        }
        self.allowed.insert(counted.peer.unwrap_or_default(), next);
    }

    /// Begins a new run of the program, which starts its counts anew.
    pub(super) fn begin_run(&mut self) {
        let open = std::mem::take(&mut self.allowed).into_values().sum::<u64>();
        self.lost = self.lost.saturating_add(open);
    }

    /// Number of counted refusals.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.codes.values().sum()
    }

    /// Largest number of sent refusals that were not counted.
    #[must_use]
    pub fn max_uncounted_refusals(&self) -> u64 {
        self.allowed
            .values()
            .fold(self.lost, |sum, next| sum.saturating_add(*next))
    }
}
