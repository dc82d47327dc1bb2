//! Records of refusals: individually up to a rate per participant, in sums above it. Also the count of callers without an answer
//! while the log is full.

use crate::answer::refusal_recorder::RefusalWindow;
use crate::participant::Connector;
use hansa_audit_log::ledger::Evidence as _;
use hansa_policy::decision::PendingRefusal;
use hansa_policy::decision::refusal_summary::{RefusalAllowance, RefusalSummaryRecord};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::ErrorCode;
use hansa_transport::peer_handler::QueryRejection;

/// Refusals in a minute that are recorded individually.
const EACH: u64 = 100;

/// Refusals that the first sum record allows. Each further record allows twice as many.
const FIRST: u64 = 16;

/// Most refusals that one sum record allows.
const MOST: u64 = 4096;

impl Connector {
    /// Records a refusal, individually or in a sum. After it returns, the refusal may be sent.
    pub async fn record_refusal(
        &self,
        peer: Option<&ParticipantId>,
        declined: PendingRefusal,
    ) -> QueryRejection {
        if declined.closes_entry() {
            return self.decline_alone(peer, declined).await;
        }
        let window = self.limits.refusals.refusal_window(peer);
        let mut window = window.lock().await;
        self.begin_minute(peer, &mut window).await;
        window.count = window.count.saturating_add(1);
        if window.count <= EACH {
            // Concurrent refusals share one sync of the log.
            drop(window);
            return self.decline_alone(peer, declined).await;
        }
        // INVARIANT: refusals-in-sums. A refusal is in the log before it is sent, individually or as part of a sum.
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
        let summary = RefusalSummaryRecord::new(peer.cloned(), sum.unwrap_or_default(), next);
        let Ok(recorded) = self.records.log.record(summary).await else {
            drop(window);
            return self.count_unanswered(peer).await;
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
            Err(_) => self.count_unanswered(peer).await,
        }
    }

    /// Closes the sum a minute after its first refusal. Later refusals are recorded individually again.
    async fn begin_minute(&self, peer: Option<&ParticipantId>, window: &mut RefusalWindow) {
        let now = self.ticks();
        if !window.is_over(now) {
            return;
        }
        (window.since, window.count) = (Some(now), 0);
        self.close_sum(peer, window).await;
    }

    async fn close_sum(&self, peer: Option<&ParticipantId>, window: &mut RefusalWindow) {
        let Some((allowance, _)) = window.allowed.take() else {
            return;
        };
        let summary = RefusalSummaryRecord::new(peer.cloned(), allowance.into_disclosed(), 0);
        // If this sum can't be recorded, the previous record has already allowed its refusals.
        drop(self.records.log.record(summary).await);
    }

    /// Records the sums whose minute is over. It is called now and then, so that no reader of the log has to write one.
    pub async fn settle_due_refusals(&self) {
        for (peer, window) in self.limits.refusals.all_windows() {
            let mut window = window.lock().await;
            if window.is_over(self.ticks()) {
                self.close_sum(peer.as_ref(), &mut window).await;
            }
        }
    }

    /// Number of refusals that were sent and that no record counts yet.
    pub async fn count_open_refusals(&self) -> u64 {
        let mut count = 0_u64;
        for (_, window) in self.limits.refusals.all_windows() {
            let window = window.lock().await;
            let sent = window.allowed.as_ref();
            count = count.saturating_add(sent.map_or(0, |(sent, _)| sent.disclosed_count()));
        }
        count
    }

    /// Records the open sums, so that an export or an act on the log has all refusals.
    pub async fn settle_refusals(&self) {
        for (peer, window) in self.limits.refusals.all_windows() {
            self.close_sum(peer.as_ref(), &mut *window.lock().await)
                .await;
        }
    }

    /// Counts a caller that gets no answer because nothing can be recorded. If possible, the reserve of the log records the count.
    pub(crate) async fn count_unanswered(&self, peer: Option<&ParticipantId>) -> QueryRejection {
        let window = self.limits.refusals.refusal_window(peer);
        let mut window = window.lock().await;
        let (left, most, counter) = &mut window.unheard;
        if *left == 0 {
            *most = most.saturating_mul(2).clamp(FIRST, MOST);
            let summary = RefusalSummaryRecord::new(peer.cloned(), std::mem::take(counter), *most);
            let entry = summary.to_record_body();
            match self.records.log.record_in_reserve(entry).await {
                Ok(()) => *left = *most,
                Err(_) => return QueryRejection::Closed,
            }
        }
        *left = left.saturating_sub(1);
        counter.add(ErrorCode::EvidenceUnavailable, self.now());
        QueryRejection::Closed
    }

    /// Records the open sums from a thread, at shutdown. See [`Self::settle_refusals`].
    pub(crate) fn end_refusals(&self) {
        for (peer, window) in self.limits.refusals.all_windows() {
            let Ok(mut window) = window.try_lock() else {
                continue;
            };
            if let Some((allowance, _)) = window.allowed.take() {
                let summary = RefusalSummaryRecord::new(peer, allowance.into_disclosed(), 0);
                drop(self.records.log.record_blocking(summary));
            }
        }
    }
}
