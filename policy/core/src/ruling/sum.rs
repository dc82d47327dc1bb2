//! Many refusals on few records.
//!
//! A participant that is refused again and again must not fill the log by it, and yet nobody is told a refusal that is not
//! on the books. So a record says beforehand how many may be told from here, as a reservation does of rows, and the next
//! one how many were: their number, the first and the last time, and the codes. After a crash all that were allowed count
//! as told.

use super::Declined;
use crate::id::ParticipantId;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Entry, Evidence, Recorded};
use hansa_audit_log::time::Time;
use std::collections::BTreeMap;

/// The type of the record.
pub const SUMMARY: &str = "refuse_summary";

/// The refusals that were told since the record before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    codes: BTreeMap<Code, u64>,
    span: Option<(Time, Time)>,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, code: Code, at: Time) {
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
pub struct Summary {
    peer: Option<ParticipantId>,
    told: Tally,
    next: u64,
}

impl Summary {
    /// Of this participant; nobody stands for all whom the trust bundle does not know. `next` more may be told.
    #[must_use]
    pub const fn of(peer: Option<ParticipantId>, told: Tally, next: u64) -> Self {
        Self { peer, told, next }
    }
}

impl Evidence for Summary {
    fn entry(&self) -> Entry {
        let at = |at: Option<Time>| at.map_or(Json::Null, Json::text);
        let codes = self.told.codes.iter();
        let codes = codes.map(|(code, count)| (code.to_string(), Json::count(*count)));
        Entry {
            kind: SUMMARY,
            body: Json::object([
                ("peer", self.peer.as_ref().map_or(Json::Null, Json::text)),
                ("count", Json::count(self.told.count())),
                ("first", at(self.told.span.map(|(first, _)| first))),
                ("last", at(self.told.span.map(|(_, last)| last))),
                ("codes", Json::Object(codes.collect())),
                ("next", Json::count(self.next)),
            ]),
        }
    }
}

/// That so many refusals may still be told, by a record that is durable.
#[derive(Debug)]
#[must_use]
pub struct Allowance {
    left: u64,
    told: Tally,
}

impl Allowance {
    /// What a durable record allows.
    pub fn of(recorded: Recorded<Summary>) -> Self {
        let (summary, _) = recorded.into_parts();
        Self {
            left: summary.next,
            told: Tally::default(),
        }
    }

    /// Tells one refusal more; when nothing is left it is given back.
    ///
    /// # Errors
    /// The refusal, which may not be told yet.
    pub fn tell(&mut self, declined: Declined, at: Time) -> Result<Summed, Box<Declined>> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(Box::new(declined));
        };
        self.left = left;
        self.told.add(declined.refusal.code, at);
        Ok(Summed { declined })
    }

    /// What was told by it, for the next record.
    #[must_use]
    pub fn into_told(self) -> Tally {
        self.told
    }
}

/// A refusal that a durable record allows to be told.
#[derive(Debug)]
#[must_use]
pub struct Summed {
    declined: Declined,
}

impl Summed {
    /// The refusal.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        self.declined.refusal()
    }
}
