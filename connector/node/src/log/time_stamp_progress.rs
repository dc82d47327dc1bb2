//! How far the heads of the own log have time stamps, and what stands in the way of the next one.

use crate::config::time_stamp::TimeStampConfig;
use hansa_identity::VerifiedTimeStamp;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;

/// The newest head that has a time stamp.
#[derive(Debug, Clone)]
pub struct NewestStamp {
    /// How many records it is over.
    pub size: u64,
    /// What the authority states; absent where the anchors of today do not vouch for it.
    pub stamp: Option<VerifiedTimeStamp>,
}

/// The progress under one configuration.
#[derive(Debug, Clone, Default)]
pub struct TimeStampProgress {
    /// The configuration under which it was made; another one begins anew.
    pub config: Option<TimeStampConfig>,
    /// The newest stamp; absent where there is none.
    pub newest: Option<NewestStamp>,
    /// Why the last request gave nothing, if so.
    pub fault: Option<Refusal>,
    /// When the authority is asked next, on the clock that only counts.
    pub due: i64,
}

/// The progress, to be read and set.
#[derive(Debug, Default)]
pub struct TimeStampState(Mutex<TimeStampProgress>);

impl TimeStampState {
    /// As it is.
    pub fn progress(&self) -> TimeStampProgress {
        self.0.lock().clone()
    }

    /// Puts another in its place.
    pub(crate) fn set(&self, progress: TimeStampProgress) {
        *self.0.lock() = progress;
    }
}
