//! Progress of time stamps for the heads of the own log, and the fault of the last request.

use crate::config::time_stamp::TimeStampConfig;
use hansa_identity::VerifiedTimeStamp;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;

/// Newest head with a time stamp.
#[derive(Debug, Clone)]
pub struct NewestStamp {
    /// Number of records under the head.
    pub size: u64,
    /// Verified time stamp; absent if the current trust anchors do not support it.
    pub stamp: Option<VerifiedTimeStamp>,
}

/// Progress under one configuration.
#[derive(Debug, Clone, Default)]
pub struct TimeStampProgress {
    /// Configuration of the progress. Another configuration starts anew.
    pub config: Option<TimeStampConfig>,
    /// Newest time stamp, if any.
    pub newest: Option<NewestStamp>,
    /// Fault of the last request, if any.
    pub fault: Option<Refusal>,
    /// Time of the next request, on the monotonic clock.
    pub due: i64,
}

/// Shared progress.
#[derive(Debug, Default)]
pub struct TimeStampState(Mutex<TimeStampProgress>);

impl TimeStampState {
    /// Returns the progress.
    pub fn progress(&self) -> TimeStampProgress {
        self.0.lock().clone()
    }

    /// Replaces the progress.
    pub(crate) fn set(&self, progress: TimeStampProgress) {
        *self.0.lock() = progress;
    }
}
