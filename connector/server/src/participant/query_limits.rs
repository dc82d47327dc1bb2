//! Limits for others: of questions at once, of the rate of rows, of refusals that are told one by one, and of records that peers
//! cause.

use crate::participant::concurrency::ConcurrencyLimiter;
use crate::participant::peer_allowances::PeerAllowances;
use crate::participant::rate_limit::RateLimiter;
use crate::participant::refusal_recorder::RefusalRecorder;

/// Limits over all questions.
#[derive(Default)]
pub(crate) struct QueryLimits {
    /// Questions at once.
    pub(crate) concurrency: ConcurrencyLimiter,
    /// How fast rows leave.
    pub(crate) rate_limiter: RateLimiter,
    /// What each was refused in this minute.
    pub(crate) refusals: RefusalRecorder,
    /// Records that peers may cause.
    pub(crate) allowances: PeerAllowances,
}
