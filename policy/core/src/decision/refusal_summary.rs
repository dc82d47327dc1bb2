//! Summaries of refusals: many refusals in few records.
//!
//! A participant that is refused again and again must not fill the log, yet no refusal may be sent without a record. So a record
//! allows a number of further refusals beforehand, as a reservation does for rows. The next record states how many were sent: their
//! number, the first and the last time, and the codes. After a crash, all allowed refusals count as sent.

use super::PendingRefusal;
use crate::id::ParticipantId;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::ledger::{Evidence, Recorded};
use hansa_audit_log::record::answers::RefusalCountRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// Refusals sent since the last record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalCounter {
    codes: BTreeMap<ErrorCode, u64>,
    span: Option<(UtcTimestamp, UtcTimestamp)>,
}

impl RefusalCounter {
    /// Counts one refusal.
    pub fn add(&mut self, code: ErrorCode, at: UtcTimestamp) {
        let count = self.codes.entry(code).or_default();
        *count = count.saturating_add(1);
        let first = self.span.map_or(at, |(first, _)| first);
        self.span = Some((first, at));
    }

    /// Number of counted refusals.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.codes
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Record with the refusals sent to one participant since the last record, and the number of further ones allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalSummaryRecord {
    peer: Option<ParticipantId>,
    disclosed: RefusalCounter,
    next: u64,
}

impl RefusalSummaryRecord {
    /// Record for this participant that allows `next` further refusals. `None` stands for all callers that the trust bundle does
    /// not list.
    #[must_use]
    pub const fn new(peer: Option<ParticipantId>, refusal: RefusalCounter, next: u64) -> Self {
        Self {
            peer,
            disclosed: refusal,
            next,
        }
    }
}

impl Evidence for RefusalSummaryRecord {
    fn to_record_body(&self) -> RecordBody {
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

/// Number of refusals that may still be sent, by a durable record.
#[derive(Debug)]
#[must_use]
pub struct RefusalAllowance {
    left: u64,
    disclosed: RefusalCounter,
}

impl RefusalAllowance {
    /// Allowance of a durable record.
    pub fn of(recorded: Recorded<RefusalSummaryRecord>) -> Self {
        let (summary, _) = recorded.into_parts();
        Self {
            left: summary.next,
            disclosed: RefusalCounter::default(),
        }
    }

    /// Takes one refusal from the allowance; gives it back when the allowance is used up.
    ///
    /// # Errors
    /// The refusal, which may not be sent yet.
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

    /// Number of refusals that were sent by this allowance, which the next record counts.
    #[must_use]
    pub fn disclosed_count(&self) -> u64 {
        self.disclosed.count()
    }

    /// Counted refusals for the next record.
    #[must_use]
    pub fn into_disclosed(self) -> RefusalCounter {
        self.disclosed
    }
}

/// Refusal that a durable record allows to be sent.
#[derive(Debug)]
#[must_use]
pub struct DisclosableRefusal {
    declined: PendingRefusal,
}

impl DisclosableRefusal {
    /// Refusal to be sent.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        self.declined.refusal()
    }
}
