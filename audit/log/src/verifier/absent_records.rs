//! Absent records: archived elsewhere, or past their retention. Their leaf hashes replace them, as far as a signed head covers
//! these.

use super::{FaultKind, LogVerifier, VerificationFault};
use crate::digest::Digest;

impl LogVerifier {
    /// Starts with the record at `first`; leaf hashes replace the records before it. False, without a change, where hashes are
    /// missing or no signed head covers them and that record.
    #[must_use]
    pub fn begin_at(&mut self, first: u64) -> bool {
        let index = usize::try_from(first).unwrap_or(usize::MAX);
        let newest = self.heads.keys().chain(self.given.keys()).max();
        let covered = newest.is_some_and(|size| *size > first);
        if self.chain.next() > 0 || !covered || self.leaves.len() < index {
            return false;
        }
        for leaf in self.leaves.iter().take(index).copied().collect::<Vec<_>>() {
            self.chain.skip_record(leaf);
            self.last_leaf = Some(leaf);
            self.matched += 1;
            self.compare_head();
            if let Some(doubt) = self.doubt.take() {
                self.decide_pending_check(&doubt, None);
            }
        }
        true
    }

    /// Takes the leaf hash in place of the next record, which is past its retention, and returns it. None where there is no such
    /// hash, or no signed head covers it, or an earlier record is bad.
    pub fn skip_record(&mut self) -> Option<Digest> {
        if self.fault.is_some() {
            return None;
        }
        if let Some(doubt) = self.doubt.take() {
            self.decide_pending_check(&doubt, None);
            return None;
        }
        let index = self.chain.next();
        let newest = self.heads.keys().chain(self.given.keys()).max();
        let covered = newest.is_some_and(|size| *size > index);
        let known = usize::try_from(index).ok();
        let Some(leaf) = known.and_then(|index| self.leaves.get(index).copied()) else {
            self.record_fault(index, FaultKind::Gone);
            return None;
        };
        if !covered {
            self.record_fault(index, FaultKind::Gone);
            return None;
        }
        self.chain.skip_record(leaf);
        self.matched += u64::from(self.matched == index);
        self.last_leaf = Some(leaf);
        self.compare_head();
        Some(leaf)
    }

    /// Reports that the record at `index` is absent without a record that explains it.
    pub fn report_absent_record(&mut self, index: u64) {
        let what = FaultKind::Gone;
        self.fault.get_or_insert(VerificationFault { index, what });
    }

    /// Reports that the records before `found` are missing.
    pub fn report_missing_start(&mut self, found: u64) {
        self.fault = Some(VerificationFault {
            index: 0,
            what: FaultKind::Displaced { found },
        });
    }
}
