//! Refusals that share records: how many were told, with which codes.

use hansa_audit_log::record::answers::RefusalCountRecord;
use std::collections::BTreeMap;

/// The refusals that are in the log together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalSummary {
    /// How many by code.
    pub codes: BTreeMap<String, u64>,
    /// How many more each participant may have been told: what was allowed before a crash and never counted.
    allowed: BTreeMap<String, u64>,
    lost: u64,
}

impl RefusalSummary {
    pub(super) fn see(&mut self, counted: RefusalCountRecord) {
        for (code, count) in counted.codes {
            let sum = self.codes.entry(code).or_default();
            *sum = sum.saturating_add(count);
        }
        let next = counted.next.unwrap_or_default();
        // What the reserve of a stopped log allowed was never counted further.
        if counted.reserve_sha256.is_some() {
            self.lost = self.lost.saturating_add(next);
            return;
        }
        self.allowed.insert(counted.peer.unwrap_or_default(), next);
    }

    /// A new run of the program counts from the beginning.
    pub(super) fn begin(&mut self) {
        let open = std::mem::take(&mut self.allowed).into_values().sum::<u64>();
        self.lost = self.lost.saturating_add(open);
    }

    /// How many were told.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.codes.values().sum()
    }

    /// The most that may have been told beside those that were counted.
    #[must_use]
    pub fn max_uncounted_refusals(&self) -> u64 {
        self.allowed
            .values()
            .fold(self.lost, |sum, next| sum.saturating_add(*next))
    }
}
