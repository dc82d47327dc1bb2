//! Many refusals on few records.
//!
//! A participant that is refused again and again must not fill the log by it, and yet nobody is told a refusal that is not
//! in the log. So a record says beforehand how many may be told from here, as a reservation does of rows, and the next
//! one how many were: their number, the first and the last time, and the codes. After a crash all that were allowed count
//! as told.

use super::PendingRefusal;
use crate::id::ParticipantId;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::ledger::{Evidence, Recorded};
use hansa_audit_log::record::answers::RefusalCountRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// The refusals that were told since the record before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalCounter {
    codes: BTreeMap<ErrorCode, u64>,
    span: Option<(UtcTimestamp, UtcTimestamp)>,
}

impl RefusalCounter {
    /// Counts one.
    pub fn add(&mut self, code: ErrorCode, at: UtcTimestamp) {
        let count = self.codes.entry(code).or_default();
        *count = count.saturating_add(1);
        let first = self.span.map_or(at, |(first, _)| first);
        self.span = Some((first, at));
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.codes
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// What is recorded: how many refusals one participant was told since the record before, and how many it may be told now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalSummaryRecord {
    peer: Option<ParticipantId>,
    disclosed: RefusalCounter,
    next: u64,
}

impl RefusalSummaryRecord {
    /// Of this participant; nobody stands for all whom the trust bundle does not know. `next` more may be told.
    #[must_use]
    pub const fn of(peer: Option<ParticipantId>, refusal: RefusalCounter, next: u64) -> Self {
        Self {
            peer,
            disclosed: refusal,
            next,
        }
    }
}

impl Evidence for RefusalSummaryRecord {
    fn entry(&self) -> RecordBody {
        let codes = self.disclosed.codes.iter();
        RefusalCountRecord {
            peer: self.peer.as_ref().map(ToString::to_string),
            count: self.disclosed.count(),
            first: self.disclosed.span.map(|(first, _)| first),
            last: self.disclosed.span.map(|(_, last)| last),
            codes: codes
                .map(|(code, count)| (code.to_string(), *count))
                .collect(),
            next: Some(self.next),
            reserve_sha256: None,
        }
        .into()
    }
}

/// That so many refusals may still be told, by a record that is durable.
#[derive(Debug)]
#[must_use]
pub struct RefusalAllowance {
    left: u64,
    disclosed: RefusalCounter,
}

impl RefusalAllowance {
    /// What a durable record allows.
    pub fn of(recorded: Recorded<RefusalSummaryRecord>) -> Self {
        let (summary, _) = recorded.into_parts();
        Self {
            left: summary.next,
            disclosed: RefusalCounter::default(),
        }
    }

    /// Tells one refusal more; when nothing is left it is given back.
    ///
    /// # Errors
    /// The refusal, which may not be told yet.
    pub fn disclose(
        &mut self,
        declined: PendingRefusal,
        at: UtcTimestamp,
    ) -> Result<DisclosableRefusal, Box<PendingRefusal>> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(Box::new(declined));
        };
        self.left = left;
        self.disclosed.add(declined.refusal.code, at);
        Ok(DisclosableRefusal { declined })
    }

    /// What was told by it, for the next record.
    #[must_use]
    pub fn into_disclosed(self) -> RefusalCounter {
        self.disclosed
    }
}

/// A refusal that a durable record allows to be told.
#[derive(Debug)]
#[must_use]
pub struct DisclosableRefusal {
    declined: PendingRefusal,
}

impl DisclosableRefusal {
    /// The refusal.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        self.declined.refusal()
    }
}
