//! Connection to a peer that ends after a silence that is too long.
//!
//! HTTP/2 sends pings while a call is open, and a live peer answers them. But the library only looks at the ping's answer. Over a
//! slow line the answer comes after megabytes of rows, and a process that was suspended finds its timeout expired before it has
//! read the answer. So this type watches the bytes themselves, and pings only provoke some.
//!
//! After a break of some seconds TCP waits for as long again before it retransmits. A second connection tests if the peer is
//! reachable.
//! Only in this case the rows in transit are waited for.

use super::open_calls::{CallState, OpenCalls};
use crate::peer::settings::SilenceBounds;
use crate::peer::timer_clock::read_timer;
use crate::secure_connection::UNHEARD;
use futures::future::BoxFuture;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Function that tests if the peer is reachable by another connection.
pub(super) type PeerProbe = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Connection under HTTP/2.
pub(super) struct WatchedConnection<IO> {
    io: IO,
    calls: OpenCalls,
    watch: SilenceWatch,
    timer: Pin<Box<Sleep>>,
    probe: PeerProbe,
    /// Running probe.
    probing: Option<BoxFuture<'static, bool>>,
}

/// Silence of a peer, and its bounds.
#[derive(Debug)]
struct SilenceWatch {
    bounds: SilenceBounds,
    last_message: Instant,
    /// Time of the next check.
    look: Instant,
    /// True if the peer was probed in this silence.
    is_probed: bool,
    /// True if a probe reached the peer in this silence.
    is_reachable: bool,
}

/// Verdict on a silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SilenceVerdict {
    /// The silence may continue.
    Wait,
    /// The peer must be probed.
    Probe,
    /// The peer counts as dead.
    Dead,
}

impl SilenceWatch {
    fn new(bounds: SilenceBounds, calls: CallState, now: Instant) -> Self {
        let mut watch = Self {
            bounds,
            last_message: now,
            look: now,
            is_probed: false,
            is_reachable: false,
        };
        watch.look = watch.compute_look(calls);
        watch
    }

    /// Notes a sign of life.
    const fn note_sign_of_life(&mut self, now: Instant) {
        self.last_message = now;
        self.is_probed = false;
        self.is_reachable = false;
    }

    /// Time from which the silence is too long.
    fn compute_end(&self, calls: CallState) -> Instant {
        match calls {
            CallState::Idle => self.last_message + self.bounds.idle,
            CallState::Asked(since) => self.last_message.max(since) + self.bounds.asked,
            CallState::Answering(since) if self.is_reachable => {
                self.last_message.max(since) + self.bounds.reachable
            }
            CallState::Answering(since) => self.last_message.max(since) + self.bounds.answering,
        }
    }

    /// Time of the next check if the silence continues.
    fn compute_look(&self, calls: CallState) -> Instant {
        let end = self.compute_end(calls);
        match calls {
            CallState::Answering(since) if !self.is_probed => {
                end.min(self.last_message.max(since) + self.bounds.probe)
            }
            CallState::Idle | CallState::Asked(_) | CallState::Answering(_) => end,
        }
    }

    /// Checks the silence at its time, and sets the next check.
    fn judge_silence(&mut self, calls: CallState, now: Instant) -> SilenceVerdict {
        // A check that is late means that this process was suspended, and has neither pinged nor read in the meantime.
        if now.saturating_duration_since(self.look) > self.bounds.ping {
            self.note_sign_of_life(now);
        }
        let verdict = if self.compute_end(calls) <= now {
            SilenceVerdict::Dead
        } else if self.compute_look(calls) <= now {
            self.is_probed = true;
            SilenceVerdict::Probe
        } else {
            SilenceVerdict::Wait
        };
        self.look = self.compute_look(calls);
        verdict
    }
}

impl<IO> WatchedConnection<IO> {
    pub(super) fn new(io: IO, calls: OpenCalls, bounds: SilenceBounds, probe: PeerProbe) -> Self {
        let watch = SilenceWatch::new(bounds, calls.read_state(), read_timer());
        Self {
            io,
            calls,
            timer: Box::pin(tokio::time::sleep_until(watch.look)),
            watch,
            probe,
            probing: None,
        }
    }

    /// Result for a pending operation: pending until the silence is too long.
    fn await_sign<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let look = self.watch.compute_look(self.calls.read_state());
        // The bound for a call that has just begun is shorter than the one without calls.
        if look < self.watch.look {
            self.watch.look = look;
            self.timer.as_mut().reset(look);
        }
        loop {
            if let Some(probing) = &mut self.probing
                && let Poll::Ready(is_reachable) = probing.as_mut().poll(context)
            {
                self.probing = None;
                self.watch.is_reachable = is_reachable;
            }
            ready!(self.timer.as_mut().poll(context));
            let calls = self.calls.read_state();
            match self.watch.judge_silence(calls, read_timer()) {
                SilenceVerdict::Wait => {}
                SilenceVerdict::Probe => self.probing = Some((self.probe)()),
                SilenceVerdict::Dead => {
                    tracing::debug!("peer.silent");
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, UNHEARD)));
                }
            }
            self.timer.as_mut().reset(self.watch.look);
        }
    }

    /// Result of an operation, with a bound on its waiting time.
    fn bound_step<T>(
        &mut self,
        context: &mut Context<'_>,
        step: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match step {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => self.await_sign(context),
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for WatchedConnection<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        // Bytes that have arrived count, however late they are read.
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.watch.note_sign_of_life(read_timer());
            self.probing = None;
        }
        self.bound_step(context, read)
    }
}

// Writes are bounded too, since HTTP/2 does not read while it can't send required frames.
impl<IO: AsyncWrite + Unpin> AsyncWrite for WatchedConnection<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.bound_step(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.bound_step(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        self.bound_step(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.io).poll_shutdown(context);
        self.bound_step(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::{CallState, SilenceVerdict, SilenceWatch};
    use crate::peer::settings::TransportSettings;
    use std::time::Duration;
    use tokio::time::Instant;

    const MOMENT: Duration = Duration::from_millis(1);

    /// Silence that begins now, with calls of which the first begins half a minute later.
    fn watch(calls: impl Fn(Instant) -> CallState) -> (SilenceWatch, CallState, Instant) {
        let start = Instant::now();
        let since = start + Duration::from_secs(30);
        let bounds = TransportSettings::default().silence;
        let watch = SilenceWatch::new(bounds, calls(since), start);
        (watch, calls(since), since)
    }

    #[test]
    fn silence_is_judged_by_what_is_asked() {
        let bounds = TransportSettings::default().silence;
        let (mut idle, calls, since) = watch(|_| CallState::Idle);
        let end = since - Duration::from_secs(30) + bounds.idle;
        assert_eq!(idle.look, end);
        assert_eq!(
            idle.judge_silence(calls, end - MOMENT),
            SilenceVerdict::Wait
        );
        assert_eq!(idle.judge_silence(calls, end), SilenceVerdict::Dead);

        let (mut asked, calls, since) = watch(CallState::Asked);
        let end = since + bounds.asked;
        assert_eq!(asked.look, end);
        assert_eq!(
            asked.judge_silence(calls, end - MOMENT),
            SilenceVerdict::Wait
        );
        assert_eq!(asked.judge_silence(calls, end), SilenceVerdict::Dead);
    }

    #[test]
    fn a_peer_that_a_probe_finds_is_waited_for_longer() {
        let bounds = TransportSettings::default().silence;
        for (is_reachable, end) in [(false, bounds.answering), (true, bounds.reachable)] {
            let (mut watch, calls, since) = watch(CallState::Answering);
            let end = since + end;
            assert_eq!(watch.look, since + bounds.probe);
            let looked = watch.judge_silence(calls, watch.look);
            assert_eq!(looked, SilenceVerdict::Probe);
            watch.is_reachable = is_reachable;
            watch.look = end - MOMENT;
            assert_eq!(
                watch.judge_silence(calls, end - MOMENT),
                SilenceVerdict::Wait
            );
            assert_eq!(watch.look, end);
            assert_eq!(watch.judge_silence(calls, end), SilenceVerdict::Dead);
        }
    }

    #[test]
    fn any_byte_is_a_sign_of_life() {
        let (mut watch, calls, since) = watch(CallState::Answering);
        watch.note_sign_of_life(since);
        // The next byte arrives at the last moment, repeatedly.
        for _ in 0..5 {
            assert_eq!(
                watch.judge_silence(calls, watch.compute_look(calls)),
                SilenceVerdict::Probe
            );
            let end = watch.look;
            watch.note_sign_of_life(end - MOMENT);
            assert_eq!(watch.judge_silence(calls, end), SilenceVerdict::Wait);
        }
    }

    #[test]
    fn who_stood_still_itself_does_not_blame_the_peer() {
        let bounds = TransportSettings::default().silence;
        let (mut watch, calls, _) = watch(CallState::Asked);
        let woken = watch.look + Duration::from_secs(60);
        assert_eq!(watch.judge_silence(calls, woken), SilenceVerdict::Wait);
        assert_eq!(watch.look, woken + bounds.asked);
        assert_eq!(watch.judge_silence(calls, watch.look), SilenceVerdict::Dead);
    }
}
