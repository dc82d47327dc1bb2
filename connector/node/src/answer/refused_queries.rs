//! Refusals in the log: each one for itself, and above a rate for each participant in sums. Also how many heard nothing
//! while the log was shut.

use crate::answer::refusal_recorder::RefusalWindow;
use crate::participant::Connector;
use hansa_audit_log::ledger::Evidence as _;
use hansa_policy::decision::PendingRefusal;
use hansa_policy::decision::refusal_summary::{RefusalAllowance, RefusalSummaryRecord};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::ErrorCode;
use hansa_transport::peer_handler::QueryRejection;

/// So many refusals in a minute are each recorded for themselves.
const EACH: u64 = 100;

/// How many may be told by the first record of a sum; by each further one twice as many.
const FIRST: u64 = 16;

/// The most that one record allows.
const MOST: u64 = 4096;

const A_MINUTE: i64 = 60_000_000;

impl Connector {
    /// Puts a refusal in the log: for itself, or as one of many. When this returns, it may be told.
    pub async fn decline(
        &self,
        peer: Option<&ParticipantId>,
        declined: PendingRefusal,
    ) -> QueryRejection {
        if declined.closes() {
            return self.decline_alone(peer, declined).await;
        }
        let window = self.limits.refusals.of(peer);
        let mut window = window.lock().await;
        self.begin_minute(peer, &mut window).await;
        window.count = window.count.saturating_add(1);
        if window.count <= EACH {
            // Those that come at once share a sync.
            drop(window);
            return self.decline_alone(peer, declined).await;
        }
        // INVARIANT: refusals-in-sums. What is told is in the log before, one by one or as one of so many.
        let declined = match &mut window.allowed {
            None => Box::new(declined),
            Some((allowance, _)) => match allowance.disclose(declined, self.now()) {
                Ok(summed) => return QueryRejection::Summed(summed),
                Err(declined) => declined,
            },
        };
        let before = window.allowed.take();
        let next = before
            .as_ref()
            .map_or(FIRST, |(_, most)| most.saturating_mul(2).min(MOST));
        let sum = before.map(|(allowance, _)| allowance.into_disclosed());
        let summary = RefusalSummaryRecord::of(peer.cloned(), sum.unwrap_or_default(), next);
        let Ok(recorded) = self.records.log.record(summary).await else {
            drop(window);
            return self.unheard(peer).await;
        };
        let mut allowance = RefusalAllowance::of(recorded);
        let summed = allowance.disclose(*declined, self.now());
        window.allowed = Some((allowance, next));
        match summed {
            Ok(summed) => QueryRejection::Summed(summed),
            Err(_) => QueryRejection::Closed,
        }
    }

    async fn decline_alone(
        &self,
        peer: Option<&ParticipantId>,
        declined: PendingRefusal,
    ) -> QueryRejection {
        match self.records.log.record(declined).await {
            Ok(recorded) => QueryRejection::Declined(recorded),
            Err(_) => self.unheard(peer).await,
        }
    }

    /// A minute after the first refusal the sum is closed, and refusals are recorded one by one again.
    async fn begin_minute(&self, peer: Option<&ParticipantId>, window: &mut RefusalWindow) {
        let now = self.ticks();
        if window
            .since
            .is_some_and(|since| now.saturating_sub(since) < A_MINUTE)
        {
            return;
        }
        (window.since, window.count) = (Some(now), 0);
        self.close_sum(peer, window).await;
    }

    async fn close_sum(&self, peer: Option<&ParticipantId>, window: &mut RefusalWindow) {
        let Some((allowance, _)) = window.allowed.take() else {
            return;
        };
        let summary = RefusalSummaryRecord::of(peer.cloned(), allowance.into_disclosed(), 0);
        // What can't be recorded any more was allowed by the record before.
        drop(self.records.log.record(summary).await);
    }

    /// Records the sums that are open, so that whoever reads the log now reads all of it.
    pub async fn settle_refusals(&self) {
        for (peer, window) in self.limits.refusals.all() {
            self.close_sum(peer.as_ref(), &mut *window.lock().await)
                .await;
        }
    }

    /// Somebody hears nothing, since nothing can be recorded; where it can be, the reserve of the log says how many.
    pub(crate) async fn unheard(&self, peer: Option<&ParticipantId>) -> QueryRejection {
        let window = self.limits.refusals.of(peer);
        let mut window = window.lock().await;
        let (left, most, counter) = &mut window.unheard;
        if *left == 0 {
            *most = most.saturating_mul(2).clamp(FIRST, MOST);
            let summary = RefusalSummaryRecord::of(peer.cloned(), std::mem::take(counter), *most);
            let entry = summary.entry();
            match self.records.log.record_in_reserve(entry).await {
                Ok(()) => *left = *most,
                Err(_) => return QueryRejection::Closed,
            }
        }
        *left = left.saturating_sub(1);
        counter.add(ErrorCode::EvidenceUnavailable, self.now());
        QueryRejection::Closed
    }

    /// The same as [`Self::settle_refusals`], from a thread, when the participant ends.
    pub(crate) fn end_refusals(&self) {
        for (peer, window) in self.limits.refusals.all() {
            let Ok(mut window) = window.try_lock() else {
                continue;
            };
            if let Some((allowance, _)) = window.allowed.take() {
                let summary = RefusalSummaryRecord::of(peer, allowance.into_disclosed(), 0);
                drop(self.records.log.record_blocking(summary));
            }
        }
    }
}
