//! Open calls on the connection to a peer, and their progress.

use crate::peer::timer_clock::read_timer;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::time::Instant;

/// Open calls to one peer. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct OpenCalls(Arc<Mutex<CallCounts>>);

#[derive(Debug)]
struct CallCounts {
    asked: usize,
    answering: usize,
    /// Start of the first open call.
    since: Instant,
}

/// One open call. Dropping it ends the call.
#[derive(Debug)]
pub(super) struct OpenCall {
    calls: OpenCalls,
    is_answered: bool,
}

/// Progress of the calls to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallState {
    /// No call is open.
    Idle,
    /// Calls are open since then, and none has an answer.
    Asked(Instant),
    /// Calls are open since then, and an answer has begun.
    Answering(Instant),
}

impl OpenCalls {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(CallCounts {
            asked: 0,
            answering: 0,
            since: read_timer(),
        })))
    }

    /// Adds a call.
    pub(super) fn open_call(&self) -> OpenCall {
        let mut counts = self.0.lock();
        if counts.asked == 0 && counts.answering == 0 {
            counts.since = read_timer();
        }
        counts.asked = counts.asked.saturating_add(1);
        drop(counts);
        OpenCall {
            calls: self.clone(),
            is_answered: false,
        }
    }

    /// Progress of the calls.
    pub(super) fn read_state(&self) -> CallState {
        let counts = self.0.lock();
        match (counts.asked, counts.answering) {
            (0, 0) => CallState::Idle,
            (_, 0) => CallState::Asked(counts.since),
            (_, _) => CallState::Answering(counts.since),
        }
    }
}

impl OpenCall {
    /// Notes that the answer of the call has begun.
    pub(super) fn begin_answer(&mut self) {
        if !self.is_answered {
            self.is_answered = true;
            let mut counts = self.calls.0.lock();
            counts.asked = counts.asked.saturating_sub(1);
            counts.answering = counts.answering.saturating_add(1);
        }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let mut counts = self.calls.0.lock();
        let count = match self.is_answered {
            true => &mut counts.answering,
            false => &mut counts.asked,
        };
        *count = count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{CallState, OpenCalls};

    #[tokio::test]
    async fn the_calls_that_run_are_known() {
        let calls = OpenCalls::new();
        assert_eq!(calls.read_state(), CallState::Idle);
        let mut first = calls.open_call();
        let CallState::Asked(since) = calls.read_state() else {
            panic!("a call that was asked");
        };
        let second = calls.open_call();
        assert_eq!(calls.read_state(), CallState::Asked(since));
        first.begin_answer();
        first.begin_answer();
        assert_eq!(calls.read_state(), CallState::Answering(since));
        drop(first);
        assert_eq!(calls.read_state(), CallState::Asked(since));
        drop(second);
        assert_eq!(calls.read_state(), CallState::Idle);
    }
}
