//! Verification of a copied log. The result names the first bad record.
//!
//! Faults are found by three things: the form of each record and its link to the preceding one; the hash tree, whose root the
//! signed heads state; and the leaf hashes kept beside the records, which are trusted as far as a signed head confirms them. With
//! leaf hashes the first bad record is known exactly. Without them an edit shows at the record after the edited one, and the next
//! record decides which of the two was changed.

use crate::chain::{ChainError, ChainState};
use crate::digest::Digest;
use crate::note::Checkpoint;
use crate::record::Record;
use crate::time::UtcTimestamp;
use crate::tree::{CompactRange, leaf_hash};
use std::borrow::Cow;
use std::collections::BTreeMap;

mod absent_records;
#[cfg(test)]
mod tests;

/// Result of the verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationReport {
    /// Origin of the log.
    pub log: String,
    /// Number of good records: up to the first bad one, or all.
    pub records: u64,
    /// Number of good records that a signed head covers.
    pub covered: u64,
    /// Head over all records, if none is bad.
    pub head: Option<Checkpoint>,
    /// First bad record.
    pub fault: Option<VerificationFault>,
    /// True if the leaf hashes beside the records are damaged; the records were checked without them.
    pub leaves_damaged: bool,
}

/// First bad record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {index} {what}")]
pub struct VerificationFault {
    /// Index of the record, from 0.
    pub index: u64,
    /// Kind of the fault.
    pub what: FaultKind,
}

/// Kind of a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The record was changed.
    #[error("was edited")]
    Edited,
    /// The record is missing, and no record says that its retention has ended.
    #[error("is missing, and no record says that its retention had ended")]
    Gone,
    /// The bytes can't be parsed as a record.
    #[error("is damaged: {0}")]
    Damaged(ChainError),
    /// Another record is in the place.
    #[error("is not at its position: record {found} is there")]
    Displaced {
        /// Index of the record that is there.
        found: u64,
    },
    /// The end of the log is cut off.
    #[error("is missing: the log had {size} records")]
    CutOff {
        /// Number of records by the newest head.
        size: u64,
    },
    /// The last record is not complete.
    #[error("is incomplete")]
    Incomplete,
    /// The proof beside the record does not lead to the signed head.
    #[error("does not match the signed head, or its proof is damaged")]
    Unproved,
    /// A signed head states another history; this record is the first that may differ.
    #[error("or a later record does not match the signed head over {size} records")]
    OtherHistory {
        /// Size of the head.
        size: u64,
    },
}

/// Line that is the next record of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLine<'a> {
    /// Bytes of the line.
    pub line: &'a [u8],
    /// Leaf hash of the record.
    pub leaf: Digest,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Kind of the record.
    pub kind: Cow<'a, str>,
}

impl VerifiedLine<'_> {
    /// Parsed record.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        Record::from_bytes(self.line).ok()
    }
}

/// Verifier of one copy, record by record.
#[derive(Debug)]
pub struct LogVerifier {
    chain: ChainState,
    heads: BTreeMap<u64, Vec<Digest>>,
    given: BTreeMap<u64, Digest>,
    leaves: Vec<Digest>,
    /// Number of given leaf hashes, from the first on, that equal those of the records.
    matched: u64,
    trust: Option<LeafTrust>,
    covered: u64,
    covered_by_given: u64,
    /// Size of the next head to compare. No head has a size between the last lookup and this one.
    next_head: u64,
    last_leaf: Option<Digest>,
    doubt: Option<PendingCheck>,
    fault: Option<VerificationFault>,
}

/// Trust in the given leaf hashes where they differ from those of the records.
#[derive(Debug, Clone, Copy)]
struct LeafTrust {
    /// Number of leaf hashes that a signed head confirms.
    confirmed: u64,
    /// True if a signed head contradicts the leaf hashes.
    damaged: bool,
}

/// Open check that only the next record can decide, by its link to the last record with this leaf hash.
#[derive(Debug)]
enum PendingCheck {
    /// The last record does not link to the preceding one: one of the two was edited.
    Link(Digest),
    /// The last record links, but the head over this many records has another root: the record was edited, or the log rewritten.
    Head(Digest, u64),
}

impl LogVerifier {
    /// Verifier of the log `origin`.
    ///
    /// `heads` are the heads in the copy with valid signatures, `given` those of this log that the caller has from elsewhere,
    /// `leaves` the leaf hashes in the copy.
    #[must_use]
    pub fn new(
        origin: &str,
        heads: &[Checkpoint],
        given: &[Checkpoint],
        leaves: Vec<Digest>,
    ) -> Self {
        let mut by_size: BTreeMap<u64, Vec<Digest>> = BTreeMap::new();
        for head in heads.iter().filter(|head| head.origin == origin) {
            by_size.entry(head.size).or_default().push(head.root);
        }
        let mut verifier = Self {
            chain: ChainState::new(origin),
            heads: by_size,
            given: given.iter().map(|head| (head.size, head.root)).collect(),
            leaves,
            matched: 0,
            trust: None,
            covered: 0,
            covered_by_given: 0,
            next_head: 0,
            last_leaf: None,
            doubt: None,
            fault: None,
        };
        verifier.compare_head();
        verifier
    }

    /// Takes the next complete line, without its line break. `None` when the record, or an earlier one, is bad.
    pub fn push(&mut self, line: &[u8]) -> Option<Record> {
        self.check_line(line)?.record()
    }

    /// Takes the next line like [`Self::push`], without building the record.
    pub fn check_line<'a>(&mut self, line: &'a [u8]) -> Option<VerifiedLine<'a>> {
        if self.fault.is_some() {
            return None;
        }
        if let Some(doubt) = self.doubt.take() {
            self.decide_pending_check(&doubt, Record::from_bytes(line).ok().map(|next| next.prev));
            return None;
        }
        let index = self.chain.next();
        let leaf = leaf_hash(line);
        // As long as they equal those of the records, trust in them does not matter.
        let known = usize::try_from(index)
            .ok()
            .and_then(|index| self.leaves.get(index));
        let same = known == Some(&leaf);
        self.matched += u64::from(same && self.matched == index);
        let edited = !same
            && self
                .trusted_leaf(index)
                .is_some_and(|expected| expected != leaf);
        match self.chain.accept_header(line, leaf) {
            Ok(_) if edited => self.record_fault(index, FaultKind::Edited),
            Ok((at, kind)) => {
                self.last_leaf = Some(leaf);
                self.compare_head();
                return Some(VerifiedLine {
                    line,
                    leaf,
                    at,
                    kind,
                });
            }
            Err(ChainError::Place { says }) => {
                // The edit may have changed the record's own number; then its link to the preceding record still holds.
                let links =
                    Record::from_bytes(line).is_ok_and(|r| r.prev == self.chain.last_leaf());
                let displaced = FaultKind::Displaced { found: says };
                self.record_fault(index, if links { FaultKind::Edited } else { displaced });
            }
            Err(ChainError::Previous) => self.report_broken_link(index, leaf),
            Err(misfit) => self.record_fault(index, FaultKind::Damaged(misfit)),
        }
        None
    }

    /// True if the first bad record is known, so that further lines need not be pushed.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.fault.is_some()
    }

    /// Chain state after the accepted records, for a continuation.
    #[must_use]
    pub const fn chain(&self) -> &ChainState {
        &self.chain
    }

    /// Reports that the record at `index` does not link to the preceding one, and decides which of the two was edited.
    fn report_broken_link(&mut self, index: u64, leaf: Digest) {
        let before = index
            .checked_sub(1)
            .and_then(|before| self.trusted_leaf(before));
        let last = self.last_leaf;
        if index <= self.covered || before.is_some_and(|before| last == Some(before)) {
            self.record_fault(index, FaultKind::Edited);
        } else if self.trusted_leaf(index) == Some(leaf) {
            self.record_fault(index.saturating_sub(1), FaultKind::Edited);
        } else {
            self.doubt = Some(PendingCheck::Link(leaf));
        }
    }

    /// Decides an open check by the link of the next record, if there is one.
    fn decide_pending_check(&mut self, doubt: &PendingCheck, link: Option<Digest>) {
        let next = self.chain.next();
        match doubt {
            PendingCheck::Link(hash) if link == Some(*hash) => {
                self.record_fault(next.saturating_sub(1), FaultKind::Edited);
            }
            PendingCheck::Link(_) => self.record_fault(next, FaultKind::Edited),
            PendingCheck::Head(hash, _) if link.is_some_and(|link| link != *hash) => {
                self.record_fault(next.saturating_sub(1), FaultKind::Edited);
            }
            PendingCheck::Head(_, size) => {
                self.record_fault(self.covered, FaultKind::OtherHistory { size: *size })
            }
        }
    }

    /// Trust in the given leaf hashes, by comparing their own tree with the heads.
    fn leaf_trust(&mut self) -> LeafTrust {
        if let Some(trust) = self.trust {
            return trust;
        }
        let mut frontier = CompactRange::new();
        let mut trust = LeafTrust {
            confirmed: 0,
            damaged: false,
        };
        for leaf in &self.leaves {
            frontier.push(*leaf);
            let roots = self.heads.get(&frontier.size());
            if roots.is_some_and(|roots| roots.contains(&frontier.root())) {
                trust.confirmed = frontier.size();
            } else if roots.is_some() {
                trust.damaged = true;
            }
        }
        self.trust = Some(trust);
        trust
    }

    /// Given leaf hash at `index`; where the hashes are damaged, only as far as a head confirms them.
    fn trusted_leaf(&mut self, index: u64) -> Option<Digest> {
        let trust = self.leaf_trust();
        if trust.damaged && index >= trust.confirmed {
            return None;
        }
        self.leaves.get(usize::try_from(index).ok()?).copied()
    }

    fn record_fault(&mut self, index: u64, what: FaultKind) {
        self.fault = Some(VerificationFault { index, what });
    }

    /// Compares the root with the heads of this size.
    fn compare_head(&mut self) {
        let size = self.chain.next();
        if size < self.next_head {
            return;
        }
        let after = size.saturating_add(1)..;
        let head = self
            .heads
            .range(after.clone())
            .next()
            .map(|(size, _)| *size);
        let given = self.given.range(after).next().map(|(size, _)| *size);
        self.next_head = head.unwrap_or(u64::MAX).min(given.unwrap_or(u64::MAX));
        if !self.heads.contains_key(&size) && !self.given.contains_key(&size) {
            // Computing the root needs a hash for each level of the tree.
            return;
        }
        let root = self.chain.head().root;
        if self.given.get(&size).is_some_and(|given| *given != root) {
            self.record_fault(self.covered_by_given, FaultKind::OtherHistory { size });
        } else if self.given.contains_key(&size) {
            self.covered_by_given = size;
        }
        match self.heads.get(&size) {
            None => {}
            Some(roots) if roots.iter().all(|other| *other == root) => self.covered = size,
            Some(_) if self.fault.is_some() => {}
            Some(_) => self.doubt = Some(PendingCheck::Head(self.chain.last_leaf(), size)),
        }
    }

    /// Number of records, as far as the copy or the given heads show.
    fn size_known(&self, damaged: bool) -> u64 {
        let newest = |size: Option<u64>| size.unwrap_or_default();
        let leaves = if damaged { 0 } else { self.leaves.len() };
        newest(self.heads.keys().next_back().copied())
            .max(newest(self.given.keys().next_back().copied()))
            .max(newest(u64::try_from(leaves).ok()))
    }

    /// Ends the verification; `rest` is true if bytes without a line break followed.
    #[must_use]
    pub fn finish(mut self, rest: bool) -> VerificationReport {
        if let Some(doubt) = self.doubt.take() {
            self.decide_pending_check(&doubt, None);
        }
        let head = self.chain.head();
        // Leaf hashes that equal those of all records are as good as the records.
        let all = u64::try_from(self.leaves.len()).is_ok_and(|all| all == self.matched);
        let damaged = !(all && self.fault.is_none()) && self.leaf_trust().damaged;
        let size = self.size_known(damaged);
        if self.fault.is_none() && rest {
            self.record_fault(head.size, FaultKind::Incomplete);
        } else if self.fault.is_none() && size > head.size {
            self.record_fault(head.size, FaultKind::CutOff { size });
        }
        let records = self.fault.as_ref().map_or(head.size, |fault| fault.index);
        VerificationReport {
            log: head.origin.clone(),
            records,
            covered: self.covered.max(self.covered_by_given).min(records),
            head: self.fault.is_none().then_some(head),
            fault: self.fault,
            leaves_damaged: damaged,
        }
    }
}
