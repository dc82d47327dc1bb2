//! What holds questions back: how many run at once, how fast rows leave, and how many refusals are told one by one.

use crate::participant::concurrency::ConcurrencyLimiter;
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
}
