//! The first bytes of HTTP/2: who has a connection must use it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// What a client of HTTP/2 sends first: its preface and the head of its settings (RFC 9113, section 3.4).
const OPENING: usize = 24 + 9;

/// Watches over the first bytes of a connection.
#[derive(Debug)]
pub(crate) struct OpeningDeadline {
    missing: usize,
    time: Option<Pin<Box<Sleep>>>,
    /// True once the time is over: only bytes that came meanwhile are read.
    is_late: bool,
}

/// The time for what came while this process stood still: its timers end before it has read anything.
const GRACE: Duration = Duration::from_millis(500);

impl OpeningDeadline {
    pub(crate) fn new(time: Duration) -> Self {
        Self {
            missing: OPENING,
            time: Some(Box::pin(tokio::time::sleep(time))),
            is_late: false,
        }
    }

    /// Whether all of them are there.
    pub(crate) const fn is_over(&self) -> bool {
        self.time.is_none()
    }

    /// What comes of a read that has brought so many bytes.
    pub(crate) fn check_read(
        &mut self,
        context: &mut Context<'_>,
        bytes: usize,
        read: Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let Some(time) = &mut self.time else {
            return read;
        };
        self.missing = self.missing.saturating_sub(bytes);
        if self.missing == 0 {
            self.time = None;
            return read;
        }
        while time.as_mut().poll(context).is_ready() {
            if self.is_late {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.is_late = true;
            *time = Box::pin(tokio::time::sleep(GRACE));
        }
        read
    }
}
