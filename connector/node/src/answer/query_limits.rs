//! Limits for others: of questions at once, of the rate of rows, of refusals that are told one by one, and of records that peers
//! cause.

use crate::answer::concurrency::ConcurrencyLimiter;
use crate::answer::refusal_recorder::RefusalRecorder;
use crate::contract::rate_limit::RateLimiter;
use crate::peer::peer_allowances::PeerAllowances;

/// Limits over all questions.
#[derive(Default)]
pub struct QueryLimits {
    /// Questions at once.
    pub concurrency: ConcurrencyLimiter,
    /// How fast rows leave.
    pub(crate) rate_limiter: RateLimiter,
    /// What each was refused in this minute.
    pub(crate) refusals: RefusalRecorder,
    /// Records that peers may cause.
    pub(crate) allowances: PeerAllowances,
}

crate::debug_by_name!(QueryLimits);
