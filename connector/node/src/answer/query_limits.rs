//! Limits for peers: concurrent questions, rows per second, individually recorded refusals, and records that peers cause.

use crate::answer::concurrency::ConcurrencyLimiter;
use crate::answer::refusal_recorder::RefusalRecorder;
use crate::contract::rate_limit::RateLimiter;
use crate::peer::peer_allowances::PeerAllowances;

/// Limits over all questions.
#[derive(Default)]
pub struct QueryLimits {
    /// Limiter of concurrent questions.
    pub concurrency: ConcurrencyLimiter,
    /// Limiter of rows per second.
    pub(crate) rate_limiter: RateLimiter,
    /// Refusals of each participant in the current minute.
    pub(crate) refusals: RefusalRecorder,
    /// Allowances for records that peers cause.
    pub(crate) allowances: PeerAllowances,
}

crate::debug_by_name!(QueryLimits);
