//! Refusals on the books: each one for itself, and above a rate for each participant in sums. Also how many heard nothing
//! while the log was shut.

use crate::participant::Connector;
use crate::participant::refusal_recorder::RefusalWindow;
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
    /// Puts a refusal on the books: for itself, or as one of many. When this returns, it may be told.
    pub(crate) async fn decline(
        &self,
        peer: Option<&ParticipantId>,
        declined: PendingRefusal,
    ) -> QueryRejection {
        if declined.closes() {
            return self.decline_alone(peer, declined).await;
        }
        let told = self.limits.refusals.of(peer);
        let mut told = told.lock().await;
        self.begin_minute(peer, &mut told).await;
        told.count = told.count.saturating_add(1);
        if told.count <= EACH {
            // Those that come at once share a sync.
            drop(told);
            return self.decline_alone(peer, declined).await;
        }
        // INVARIANT: refusals-in-sums. What is told is on the books before, one by one or as one of so many.
        let declined = match &mut told.allowed {
            None => Box::new(declined),
            Some((allowance, _)) => match allowance.disclose(declined, self.now()) {
                Ok(summed) => return QueryRejection::Summed(summed),
                Err(declined) => declined,
            },
        };
        let before = told.allowed.take();
        let next = before
            .as_ref()
            .map_or(FIRST, |(_, most)| most.saturating_mul(2).min(MOST));
        let sum = before.map(|(allowance, _)| allowance.into_disclosed());
        let summary = RefusalSummaryRecord::of(peer.cloned(), sum.unwrap_or_default(), next);
        let Ok(recorded) = self.records.log.record(summary).await else {
            drop(told);
            return self.unheard(peer).await;
        };
        let mut allowance = RefusalAllowance::of(recorded);
        let summed = allowance.disclose(*declined, self.now());
        told.allowed = Some((allowance, next));
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
    async fn begin_minute(&self, peer: Option<&ParticipantId>, told: &mut RefusalWindow) {
        let now = self.ticks();
        if told
            .since
            .is_some_and(|since| now.saturating_sub(since) < A_MINUTE)
        {
            return;
        }
        (told.since, told.count) = (Some(now), 0);
        self.close_sum(peer, told).await;
    }

    async fn close_sum(&self, peer: Option<&ParticipantId>, told: &mut RefusalWindow) {
        let Some((allowance, _)) = told.allowed.take() else {
            return;
        };
        let summary = RefusalSummaryRecord::of(peer.cloned(), allowance.into_disclosed(), 0);
        // What can't be recorded any more was allowed by the record before.
        drop(self.records.log.record(summary).await);
    }

    /// Records the sums that are open, so that whoever reads the log now reads all of it.
    pub(crate) async fn settle_refusals(&self) {
        for (peer, told) in self.limits.refusals.all() {
            self.close_sum(peer.as_ref(), &mut *told.lock().await).await;
        }
    }

    /// Somebody hears nothing, since nothing can be recorded; where it can be, the reserve of the log says how many.
    pub(crate) async fn unheard(&self, peer: Option<&ParticipantId>) -> QueryRejection {
        let told = self.limits.refusals.of(peer);
        let mut told = told.lock().await;
        let (left, most, tally) = &mut told.unheard;
        if *left == 0 {
            *most = most.saturating_mul(2).clamp(FIRST, MOST);
            let summary = RefusalSummaryRecord::of(peer.cloned(), std::mem::take(tally), *most);
            let entry = summary.entry();
            match self
                .records
                .log
                .record_in_reserve(entry.kind, entry.body)
                .await
            {
                Ok(()) => *left = *most,
                Err(_) => return QueryRejection::Closed,
            }
        }
        *left = left.saturating_sub(1);
        tally.add(ErrorCode::EvidenceUnavailable, self.now());
        QueryRejection::Closed
    }

    /// The same as [`Self::settle_refusals`], from a thread, when the participant ends.
    pub(crate) fn end_refusals(&self) {
        for (peer, told) in self.limits.refusals.all() {
            let Ok(mut told) = told.try_lock() else {
                continue;
            };
            if let Some((allowance, _)) = told.allowed.take() {
                let summary = RefusalSummaryRecord::of(peer, allowance.into_disclosed(), 0);
                drop(self.records.log.record_blocking(summary));
            }
        }
    }
}
