//! Slots for concurrent questions, in total and per peer.

#[cfg(test)]
mod tests;

use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Number of taken slots by peer; `None` stands for the participant's own users.
type PermitCounts = BTreeMap<Option<ParticipantId>, usize>;

/// Limiter of concurrent questions: the taken slots, and the answers without new rows.
#[derive(Debug, Clone, Default)]
pub struct ConcurrencyLimiter(Arc<Mutex<PermitCounts>>, Arc<Mutex<EmptyPollCounts>>);

/// Start of the current minute in ticks, and the number of answers without new rows in it, by peer.
type EmptyPollCounts = BTreeMap<ParticipantId, (i64, u32)>;

/// Taken slot. Dropping it frees the slot.
#[derive(Debug)]
#[must_use]
pub(crate) struct QueryPermit {
    limiter: ConcurrencyLimiter,
    of: Option<ParticipantId>,
}

impl Drop for QueryPermit {
    fn drop(&mut self) {
        self.limiter.with_permit_counts(|taken| {
            if let Some(count) = taken.get_mut(&self.of) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    taken.remove(&self.of);
                }
            }
        });
    }
}

impl ConcurrencyLimiter {
    /// Takes one of `all` slots for a question of an own user.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn take_for_house(&self, all: usize) -> Result<QueryPermit, Refusal> {
        self.take_slot(None, all, all)
    }

    /// Takes one of `all` slots for a question of a peer.
    ///
    /// One peer takes at most three quarters of the slots, so the other peers always find one.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn take_peer_slot(
        &self,
        peer: &ParticipantId,
        all: usize,
    ) -> Result<QueryPermit, Refusal> {
        let most = all.saturating_mul(3).div_euclid(4).max(1);
        self.take_slot(Some(peer.clone()), most, all)
    }

    /// Counts an answer without new rows. Each such answer is a record, and no quota limits it.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS` above `POLLS` such answers in a minute.
    pub(crate) fn count_poll(&self, peer: &ParticipantId, ticks: i64) -> Result<(), Refusal> {
        let mut polls = self.1.lock();
        let (since, count) = polls.entry(peer.clone()).or_insert((ticks, 0));
        if ticks.saturating_sub(*since) >= MINUTE {
            (*since, *count) = (ticks, 0);
        }
        *count = count.saturating_add(1);
        if *count > POLLS {
            return Err(too_many_queries_refusal(
                "you ask too often whether something came",
            ));
        }
        Ok(())
    }

    /// Number of taken slots.
    pub fn permits_in_use(&self) -> usize {
        self.with_permit_counts(|taken| taken.values().sum())
    }

    /// Checks and takes a slot under one lock. Otherwise concurrent questions could all see one free slot.
    fn take_slot(
        &self,
        of: Option<ParticipantId>,
        most: usize,
        all: usize,
    ) -> Result<QueryPermit, Refusal> {
        self.with_permit_counts(|taken| {
            if taken.values().sum::<usize>() >= all {
                return Err(too_many_queries_refusal(
                    "too many questions run here at once",
                ));
            }
            let count = taken.entry(of.clone()).or_default();
            if *count >= most {
                return Err(too_many_queries_refusal(
                    "too many questions of yours run here at once",
                ));
            }
            *count = count.saturating_add(1);
            Ok(())
        })?;
        let limiter = self.clone();
        Ok(QueryPermit { limiter, of })
    }

    fn with_permit_counts<T>(&self, act: impl FnOnce(&mut PermitCounts) -> T) -> T {
        let mut taken = self.0.lock();
        act(&mut taken)
    }
}

const MINUTE: i64 = 60_000_000;

/// Answers without new rows that one participant may get in a minute.
const POLLS: u32 = 600;

fn too_many_queries_refusal(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::TooManyStreams, sentence).with_help("ask again when one has ended")
}
