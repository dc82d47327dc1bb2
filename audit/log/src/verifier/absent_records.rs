//! Records that are not at hand: archived elsewhere, or past their retention. Their leaf hashes stand for them, as far as a
//! signed head covers these.

use super::{FaultKind, LogVerifier, VerificationFault};
use crate::digest::Digest;

impl LogVerifier {
    /// Begins with the record at `first`: those before it are not read, and their leaf hashes stand for them. False, and
    /// nothing is changed, where hashes are missing or no signed head covers them and that record.
    #[must_use]
    pub fn begin_at(&mut self, first: u64) -> bool {
        let index = usize::try_from(first).unwrap_or(usize::MAX);
        let newest = self.heads.keys().chain(self.given.keys()).max();
        let covered = newest.is_some_and(|size| *size > first);
        if self.chain.next() > 0 || !covered || self.leaves.len() < index {
            return false;
        }
        for leaf in self.leaves.iter().take(index).copied().collect::<Vec<_>>() {
            self.chain.pass(leaf);
            self.last_leaf = Some(leaf);
            self.matched += 1;
            self.compare_head();
            if let Some(doubt) = self.doubt.take() {
                self.settle(&doubt, None);
            }
        }
        true
    }

    /// Takes the leaf hash of the next record in its place, which is past its retention, and gives it. None where there is no
    /// such hash or no signed head covers it, or where an earlier record is bad.
    pub fn pass(&mut self) -> Option<Digest> {
        if self.fault.is_some() {
            return None;
        }
        if let Some(doubt) = self.doubt.take() {
            self.settle(&doubt, None);
            return None;
        }
        let index = self.chain.next();
        let newest = self.heads.keys().chain(self.given.keys()).max();
        let covered = newest.is_some_and(|size| *size > index);
        let known = usize::try_from(index).ok();
        let Some(leaf) = known.and_then(|index| self.leaves.get(index).copied()) else {
            self.fail(index, FaultKind::Gone);
            return None;
        };
        if !covered {
            self.fail(index, FaultKind::Gone);
            return None;
        }
        self.chain.pass(leaf);
        self.matched += u64::from(self.matched == index);
        self.last_leaf = Some(leaf);
        self.compare_head();
        Some(leaf)
    }

    /// The record at `index` is not there, and no record says why.
    pub fn report_absent_record(&mut self, index: u64) {
        let what = FaultKind::Gone;
        self.fault.get_or_insert(VerificationFault { index, what });
    }

    /// The records before `found` should be here and are not.
    pub fn lacks(&mut self, found: u64) {
        self.fault = Some(VerificationFault {
            index: 0,
            what: FaultKind::Displaced { found },
        });
    }
}
