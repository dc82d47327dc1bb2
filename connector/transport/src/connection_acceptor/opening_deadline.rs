//! Deadline for the first bytes of HTTP/2 on a new connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// Size of the client's first bytes: the preface of HTTP/2 and the header of its settings (RFC 9113, section 3.4).
const OPENING: usize = 24 + 9;

/// Deadline for the first bytes of a connection.
#[derive(Debug)]
pub(crate) struct OpeningDeadline {
    missing: usize,
    time: Option<Pin<Box<Sleep>>>,
    /// True after the deadline: only bytes that arrived before are read.
    is_late: bool,
}

/// Additional time to read bytes that arrived while this process was suspended, since timers fire before the reads.
const GRACE: Duration = Duration::from_millis(500);

impl OpeningDeadline {
    pub(crate) fn new(time: Duration) -> Self {
        Self {
            missing: OPENING,
            time: Some(Box::pin(tokio::time::sleep(time))),
            is_late: false,
        }
    }

    /// True if all first bytes have arrived.
    pub(crate) const fn is_over(&self) -> bool {
        self.time.is_none()
    }

    /// Result of a read of this number of bytes.
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
