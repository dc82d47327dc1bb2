//! The time for which an address is tried at which nobody listens.

use crate::peer::timer_clock::read_timer;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A connector whose program is replaced listens again soon, and whoever calls it meanwhile waits for that. An address that was
/// tried in vain is tried once, for a while. Clones are of one address and know the same.
#[derive(Debug, Clone)]
pub struct ListenPatience {
    most: Duration,
    gave_up: Arc<Mutex<Option<Instant>>>,
}

impl ListenPatience {
    /// So long it is tried at most.
    #[must_use]
    pub fn new(most: Duration) -> Self {
        Self {
            most,
            gave_up: Arc::default(),
        }
    }

    /// Begins to try.
    pub(crate) fn begin(&self) -> ListenAttempt {
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

/// One attempt to reach somebody who listens.
#[derive(Debug)]
pub(crate) struct ListenAttempt {
    end: Instant,
    patience: ListenPatience,
}

impl ListenAttempt {
    /// Waits before another try. Says whether there is to be one.
    pub(crate) async fn wait(&self) -> bool {
        if read_timer() >= self.end {
            *self.patience.gave_up.lock() = Some(read_timer());
            return false;
        }
        tokio::time::sleep(PAUSE).await;
        true
    }

    /// Notes that somebody listens there.
    pub(crate) fn note_listener(&self) {
        *self.patience.gave_up.lock() = None;
    }
}

/// So long an address that was tried in vain is tried once.
const VAIN: Duration = Duration::from_secs(10);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    //! An address is tried for a while, and once after that.

    use super::ListenPatience;
    use std::time::Duration;

    async fn count_tries(patience: &ListenPatience) -> u32 {
        let attempt = patience.begin();
        let mut tries = 1;
        while attempt.wait().await {
            tries += 1;
        }
        tries
    }

    #[tokio::test]
    async fn who_was_tried_in_vain_is_tried_once_for_a_while() {
        let patience = ListenPatience::new(Duration::from_secs(1));
        assert!(count_tries(&patience).await > 1);
        assert_eq!(count_tries(&patience.clone()).await, 1);
        // Whoever listens is waited for again.
        patience.begin().note_listener();
        assert!(count_tries(&patience).await > 1);
    }
}
