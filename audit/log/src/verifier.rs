//! Checks a copied log and names the first record that is bad.
//!
//! Three things find faults: each record's own form and its link to the one before; the hash tree, whose root the signed
//! heads state; and the leaf hashes kept beside the records, which are believed as far as a signed head confirms them.
//! With leaf hashes the first bad record is known exactly. Without them an edit shows at the record that follows it, and
//! the one after that tells which of the two was changed.

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

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationReport {
    /// The log's origin.
    pub log: String,
    /// How many records are good: up to the first bad one, or all.
    pub records: u64,
    /// How many of them a signed head covers.
    pub covered: u64,
    /// The head over all records, where none is bad.
    pub head: Option<Checkpoint>,
    /// The first bad record.
    pub fault: Option<VerificationFault>,
    /// The leaf hashes beside the records are damaged; the records were checked without them.
    pub leaves_damaged: bool,
}

/// The first bad record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {index} {what}")]
pub struct VerificationFault {
    /// Its index, from 0.
    pub index: u64,
    /// What is wrong with it.
    pub what: FaultKind,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// It is not the record that was written.
    #[error("was edited")]
    Edited,
    /// It is gone, and no record says that its time was over.
    #[error("is gone, and nothing in the log says that its time was over")]
    Gone,
    /// It can't be read as a record.
    #[error("is damaged: {0}")]
    Damaged(ChainError),
    /// Another record stands in its place.
    #[error("is not in its place: record {found} stands there")]
    Displaced {
        /// The one that stands there.
        found: u64,
    },
    /// The end of the log is cut off.
    #[error("is missing: the log had {size} records")]
    CutOff {
        /// How many records there were, as the newest head says.
        size: u64,
    },
    /// The last record is not complete.
    #[error("is incomplete")]
    Incomplete,
    /// The proof beside it does not lead to the signed head.
    #[error("is not the one that the signed head was made for, or its proof is damaged")]
    Unproved,
    /// A signed head states another history; this record is the first that may differ.
    #[error("or a later one is not what the head over {size} records was signed for")]
    OtherHistory {
        /// The size of the head.
        size: u64,
    },
}

/// A line that is the next record of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLine<'a> {
    /// Its bytes.
    pub line: &'a [u8],
    /// Its leaf hash.
    pub leaf: Digest,
    /// The record's time.
    pub at: UtcTimestamp,
    /// The record's type.
    pub kind: Cow<'a, str>,
}

impl VerifiedLine<'_> {
    /// The record.
    #[must_use]
    pub fn record(&self) -> Option<Record> {
        Record::from_bytes(self.line).ok()
    }
}

/// Checks one copy, record by record.
#[derive(Debug)]
pub struct LogVerifier {
    chain: ChainState,
    heads: BTreeMap<u64, Vec<Digest>>,
    given: BTreeMap<u64, Digest>,
    leaves: Vec<Digest>,
    /// How many of them, from the first on, are those of the records.
    matched: u64,
    trust: Option<LeafTrust>,
    covered: u64,
    covered_by_given: u64,
    /// No head is of fewer records than this and of more than there were when one was looked for last.
    next_head: u64,
    last_leaf: Option<Digest>,
    doubt: Option<PendingCheck>,
    fault: Option<VerificationFault>,
}

/// How far the leaf hashes given are believed, where they are not those of the records.
#[derive(Debug, Clone, Copy)]
struct LeafTrust {
    /// Up to here a signed head confirms them.
    confirmed: u64,
    /// A signed head contradicts them.
    damaged: bool,
}

/// What only the next record can tell: whether it links to the last one, which has this leaf hash.
#[derive(Debug)]
enum PendingCheck {
    /// The last record does not link to the one before it: one of the two was edited.
    Link(Digest),
    /// The last record links, but the head over this many records has another root: it was edited, or the log rewritten.
    Head(Digest, u64),
}

impl LogVerifier {
    /// A verifier for the log `origin`.
    ///
    /// `heads` are those in the copy whose signatures hold, `given` those that somebody else holds of this log, `leaves`
    /// the leaf hashes found in the copy.
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

    /// The next complete line, without its line break. `None` when the record, or an earlier one, is bad.
    pub fn push(&mut self, line: &[u8]) -> Option<Record> {
        self.check(line)?.record()
    }

    /// As [`Self::push`], without building the record.
    pub fn check<'a>(&mut self, line: &'a [u8]) -> Option<VerifiedLine<'a>> {
        if self.fault.is_some() {
            return None;
        }
        if let Some(doubt) = self.doubt.take() {
            self.settle(&doubt, Record::from_bytes(line).ok().map(|next| next.prev));
            return None;
        }
        let index = self.chain.next();
        let leaf = leaf_hash(line);
        // While they are those of the records, it does not matter how far they are believed.
        let known = usize::try_from(index)
            .ok()
            .and_then(|index| self.leaves.get(index));
        let same = known == Some(&leaf);
        self.matched += u64::from(same && self.matched == index);
        let edited = !same && self.leaf(index).is_some_and(|expected| expected != leaf);
        match self.chain.follow(line, leaf) {
            Ok(_) if edited => self.fail(index, FaultKind::Edited),
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
                // Its own number may be what was edited; then the rest of it still links to the record before.
                let links = Record::from_bytes(line).is_ok_and(|r| r.prev == self.chain.prev());
                let displaced = FaultKind::Displaced { found: says };
                self.fail(index, if links { FaultKind::Edited } else { displaced });
            }
            Err(ChainError::Previous) => self.report_broken_link(index, leaf),
            Err(misfit) => self.fail(index, FaultKind::Damaged(misfit)),
        }
        None
    }

    /// Whether the first bad record is known, so that nothing further need be pushed.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.fault.is_some()
    }

    /// The end of what was taken so far, to go on from.
    #[must_use]
    pub const fn chain(&self) -> &ChainState {
        &self.chain
    }

    /// The record at `index` does not link to the one before: which of the two was edited?
    fn report_broken_link(&mut self, index: u64, leaf: Digest) {
        let before = index.checked_sub(1).and_then(|before| self.leaf(before));
        let last = self.last_leaf;
        if index <= self.covered || before.is_some_and(|before| last == Some(before)) {
            self.fail(index, FaultKind::Edited);
        } else if self.leaf(index) == Some(leaf) {
            self.fail(index.saturating_sub(1), FaultKind::Edited);
        } else {
            self.doubt = Some(PendingCheck::Link(leaf));
        }
    }

    /// Settles a doubt by the link of the record that follows, if one does.
    fn settle(&mut self, doubt: &PendingCheck, link: Option<Digest>) {
        let next = self.chain.next();
        match doubt {
            PendingCheck::Link(hash) if link == Some(*hash) => {
                self.fail(next.saturating_sub(1), FaultKind::Edited);
            }
            PendingCheck::Link(_) => self.fail(next, FaultKind::Edited),
            PendingCheck::Head(hash, _) if link.is_some_and(|link| link != *hash) => {
                self.fail(next.saturating_sub(1), FaultKind::Edited);
            }
            PendingCheck::Head(_, size) => {
                self.fail(self.covered, FaultKind::OtherHistory { size: *size })
            }
        }
    }

    /// How far the leaf hashes given are believed: their own tree is held against the heads.
    fn trust(&mut self) -> LeafTrust {
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

    /// The leaf hash kept for `index`; where they are damaged only as far as a head confirms them.
    fn leaf(&mut self, index: u64) -> Option<Digest> {
        let trust = self.trust();
        if trust.damaged && index >= trust.confirmed {
            return None;
        }
        self.leaves.get(usize::try_from(index).ok()?).copied()
    }

    fn fail(&mut self, index: u64, what: FaultKind) {
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
            // The root takes a hash for each level of the tree.
            return;
        }
        let root = self.chain.head().root;
        if self.given.get(&size).is_some_and(|given| *given != root) {
            self.fail(self.covered_by_given, FaultKind::OtherHistory { size });
        } else if self.given.contains_key(&size) {
            self.covered_by_given = size;
        }
        match self.heads.get(&size) {
            None => {}
            Some(roots) if roots.iter().all(|other| *other == root) => self.covered = size,
            Some(_) if self.fault.is_some() => {}
            Some(_) => self.doubt = Some(PendingCheck::Head(self.chain.prev(), size)),
        }
    }

    /// How many records there were, as far as the copy or the heads given show.
    fn size_known(&self, damaged: bool) -> u64 {
        let newest = |size: Option<u64>| size.unwrap_or_default();
        let leaves = if damaged { 0 } else { self.leaves.len() };
        newest(self.heads.keys().next_back().copied())
            .max(newest(self.given.keys().next_back().copied()))
            .max(newest(u64::try_from(leaves).ok()))
    }

    /// Ends the check; `rest` says whether bytes without a line break followed.
    #[must_use]
    pub fn finish(mut self, rest: bool) -> VerificationReport {
        if let Some(doubt) = self.doubt.take() {
            self.settle(&doubt, None);
        }
        let head = self.chain.head();
        // Leaf hashes that are those of all records are as good as the records.
        let all = u64::try_from(self.leaves.len()).is_ok_and(|all| all == self.matched);
        let damaged = !(all && self.fault.is_none()) && self.trust().damaged;
        let size = self.size_known(damaged);
        if self.fault.is_none() && rest {
            self.fail(head.size, FaultKind::Incomplete);
        } else if self.fault.is_none() && size > head.size {
            self.fail(head.size, FaultKind::CutOff { size });
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
