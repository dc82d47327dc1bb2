//! Time for which connecting to an address without a listener is repeated.

use crate::peer::timer_clock::read_timer;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Patience for one address. A connector that is being replaced listens again soon, so callers repeat for a while. After a failure,
/// the address is tried only once for some time. Clones share the state.
#[derive(Debug, Clone)]
pub struct ListenPatience {
    most: Duration,
    gave_up: Arc<Mutex<Option<Instant>>>,
}

impl ListenPatience {
    /// Patience with this longest time.
    #[must_use]
    pub fn new(most: Duration) -> Self {
        Self {
            most,
            gave_up: Arc::default(),
        }
    }

    /// Starts an attempt.
    pub(crate) fn begin_attempt(&self) -> ListenAttempt {
        let gave_up = *self.gave_up.lock();
        let is_vain = gave_up.is_some_and(|at| read_timer() < at + VAIN);
        let time = if is_vain { Duration::ZERO } else { self.most };
        ListenAttempt {
            end: read_timer() + time,
            patience: self.clone(),
        }
    }
}

impl PartialEq for ListenPatience {
    fn eq(&self, other: &Self) -> bool {
        self.most == other.most
    }
}

impl Eq for ListenPatience {}

impl Default for ListenPatience {
    fn default() -> Self {
        Self::new(Duration::from_secs(2))
    }
}

/// Attempt to reach a listener.
#[derive(Debug)]
pub(crate) struct ListenAttempt {
    end: Instant,
    patience: ListenPatience,
}

impl ListenAttempt {
    /// Waits before another try; false if there is none.
    pub(crate) async fn wait_for_retry(&self) -> bool {
        if read_timer() >= self.end {
            *self.patience.gave_up.lock() = Some(read_timer());
            return false;
        }
        tokio::time::sleep(PAUSE).await;
        true
    }

    /// Notes that a process listens at the address.
    pub(crate) fn note_listener(&self) {
        *self.patience.gave_up.lock() = None;
    }
}

/// Time for which a failed address is tried only once.
const VAIN: Duration = Duration::from_secs(10);

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    //! Tests: an address is tried for a while, and once after that.

    use super::ListenPatience;
    use std::time::Duration;

    async fn count_tries(patience: &ListenPatience) -> u32 {
        let attempt = patience.begin_attempt();
        let mut tries = 1;
        while attempt.wait_for_retry().await {
            tries += 1;
        }
        tries
    }

    #[tokio::test]
    async fn who_was_tried_in_vain_is_tried_once_for_a_while() {
        let patience = ListenPatience::new(Duration::from_secs(1));
        assert!(count_tries(&patience).await > 1);
        assert_eq!(count_tries(&patience.clone()).await, 1);
        // After a success the full patience applies again.
        patience.begin_attempt().note_listener();
        assert!(count_tries(&patience).await > 1);
    }
}
