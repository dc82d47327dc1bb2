//! Settings of HTTP/2 and of messages, equal on both ends. The values were measured over mutual TLS:
//! frames of 256 KiB and windows of a few MiB give a fifth more throughput.

use crate::peer::listen_patience::ListenPatience;
use std::time::Duration;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Endpoint, Server};

/// Compression of messages and heads to a peer, which are mostly repetitive text. The limits apply to the decompressed messages.
/// gzip needs only 32 KiB of memory in addition; a zstd frame may demand a hundred megabytes. Rows are compressed within their
/// messages, as each stream agrees, and questions are not compressed.
pub(crate) const COMPRESSION: CompressionEncoding = CompressionEncoding::Gzip;

/// Limits of the peer protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportSettings {
    /// Largest accepted HTTP/2 frame, bytes.
    pub frame: u32,
    /// Flow-control window of one stream, bytes.
    pub stream_window: u32,
    /// Flow-control window of one connection, bytes.
    pub connection_window: u32,
    /// Largest message of an answer, bytes.
    pub message: usize,
    /// Largest request, bytes. A provider needs this much memory for each request that is being received.
    pub request: usize,
    /// Interval of pings on a connection without a question of this side, and the time for their answer. A peer that asks is pinged
    /// more often, see [`SilenceBounds::caller`], with this time for its answer.
    pub keep_alive: Duration,
    /// Bounds of a peer's silence.
    pub silence: SilenceBounds,
    /// Longest time for which sent bytes may stay unacknowledged, or the peer's receive window may stay closed. Enforced by the
    /// operating system, where it can.
    pub unacknowledged: Duration,
    /// Largest number of concurrent requests on one connection.
    pub streams: u32,
    /// Age up to which a connection accepts new requests. The peer is identified at every request; this bounds everything else.
    pub connection_age: Duration,
    /// Largest number of open connections. Further ones wait after their handshake, up to the handshake's deadline.
    pub connections: usize,
    /// Largest number of connections of one participant.
    pub party_connections: usize,
    /// Limits of connections whose handshake is not complete. Above them others are ended.
    pub unproven: UnprovenBounds,
    /// Timeout of TCP to one address of a called peer.
    pub connect: Duration,
    /// Patience with an address without a listener.
    pub listening: ListenPatience,
    /// Timeout of TLS with a called peer, including its first bytes.
    pub secure: Duration,
    /// Deadline for a caller's TLS handshake, and for the opening of a connection to a worker.
    pub handshake: Duration,
    /// Deadline for the first message of TLS, and then for that of HTTP/2.
    pub first_message: Duration,
    /// Timeout of a call without a stream.
    pub call: Duration,
    /// Longest pause in a stream of rows.
    pub stall: Duration,
}

/// Bounds of a peer's silence. Every byte counts as a sign of life, so that a slow line does not count as a dead one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SilenceBounds {
    /// Silence after which a peer with an open question is pinged. It answers even if its rows are not ready.
    pub ping: Duration,
    /// Longest silence of a peer whose answer has not begun.
    pub asked: Duration,
    /// Silence after which a peer whose answer has begun is probed by another connection.
    pub probe: Duration,
    /// Longest silence of a peer whose answer has begun, and that the probe does not reach.
    pub answering: Duration,
    /// Longest silence of a peer that the probe reaches. After a break, TCP waits for as long again before it retransmits.
    pub reachable: Duration,
    /// Longest silence of a connection without a question: more than two pings of a provider.
    pub idle: Duration,
    /// Silence after which a provider pings the peer that called.
    pub caller: Duration,
}

/// Limits of simultaneous unproven connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnprovenBounds {
    /// Largest number from one source.
    pub each: usize,
    /// Largest number from all strangers.
    pub strangers: usize,
    /// Largest number from all sources of members, in addition to those of strangers.
    pub members: usize,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            frame: 256 * 1024,
            stream_window: 4 * 1024 * 1024,
            // All streams may be full of unread rows, and the next one still has its own window.
            connection_window: 64 * 4 * 1024 * 1024,
            message: 16 * 1024 * 1024,
            request: 4 * 1024 * 1024,
            keep_alive: Duration::from_secs(20),
            silence: SilenceBounds {
                ping: Duration::from_secs(1),
                asked: Duration::from_millis(5500),
                probe: Duration::from_secs(5),
                // The second of two attempts of TCP, and half a second for TLS.
                answering: Duration::from_millis(6500),
                reachable: Duration::from_secs(12),
                idle: Duration::from_secs(45),
                caller: Duration::from_secs(10),
            },
            // Longer than any silence within an answer, so that the user sees the connector's own reason.
            unacknowledged: Duration::from_secs(15),
            streams: 64,
            connection_age: Duration::from_secs(15 * 60),
            connections: 1024,
            party_connections: 64,
            unproven: UnprovenBounds {
                each: 128,
                strangers: 512,
                members: 256,
            },
            connect: Duration::from_secs(2),
            listening: ListenPatience::default(),
            secure: Duration::from_secs(3),
            handshake: Duration::from_secs(10),
            first_message: Duration::from_secs(3),
            call: Duration::from_secs(30),
            stall: Duration::from_secs(300),
        }
    }
}

impl TransportSettings {
    /// Timeout for opening a connection to a peer, over all attempts.
    #[must_use]
    pub const fn opening_timeout(&self) -> Duration {
        self.connect.saturating_add(self.secure)
    }

    /// HTTP/2 server for peers with these limits.
    pub(crate) fn peer_server(&self) -> Server {
        self.http_server()
            .http2_keepalive_interval(Some(self.silence.caller))
    }

    /// HTTP/2 server with these limits.
    pub(crate) fn http_server(&self) -> Server {
        Server::builder()
            .max_frame_size(self.frame)
            .initial_stream_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .max_concurrent_streams(self.streams)
            .http2_keepalive_interval(Some(self.keep_alive))
            .http2_keepalive_timeout(Some(self.keep_alive))
            .max_connection_age(self.connection_age)
    }

    /// Endpoint for calls to a peer with these limits: pings are sent while a call is open, and not otherwise. The timeout of a
    /// ping is long, since over a slow line its answer comes after the rows in transit; the silence of the connection ends it.
    pub(crate) fn calling_endpoint(&self, endpoint: Endpoint) -> Endpoint {
        self.endpoint(endpoint)
            .http2_keep_alive_interval(self.silence.ping)
            .keep_alive_while_idle(false)
    }

    /// Endpoint with these limits.
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> Endpoint {
        endpoint
            .max_frame_size(self.frame)
            .http2_max_header_list_size(HEADERS)
            .initial_stream_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .http2_keep_alive_interval(self.keep_alive)
            .keep_alive_timeout(self.keep_alive)
            .keep_alive_while_idle(true)
    }
}

/// Largest size of a response's headers, bytes. They carry a refusal with its help.
const HEADERS: u32 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::TransportSettings;
    use std::time::Duration;

    #[test]
    fn the_times_add_up_to_what_is_promised() {
        let settings = TransportSettings::default();
        let silence = settings.silence;
        let a_break = Duration::from_secs(5);
        // A dead peer is noticed within seven seconds in an answer, and within six at a new question, on either connection.
        assert!(silence.answering < Duration::from_secs(7));
        assert!(silence.asked < Duration::from_secs(6));
        assert!(settings.opening_timeout() < Duration::from_secs(6));
        // A break of five seconds is survived: TCP opens another connection at once or a second later, and retransmits lost bytes
        // before twice the break is over.
        assert!(silence.probe >= a_break);
        assert!(silence.answering > silence.probe.saturating_add(Duration::from_secs(1)));
        assert!(silence.reachable > a_break.saturating_mul(2).saturating_add(silence.ping));
        // No other timeout is shorter: neither the system's, nor the provider's, nor HTTP/2's.
        assert!(settings.unacknowledged > silence.reachable);
        assert!(settings.keep_alive > silence.reachable);
        // A live peer gives several signs of life before its time is over.
        assert!(silence.ping.saturating_mul(4) < silence.asked);
        assert!(silence.idle > settings.keep_alive.saturating_mul(2));
        assert!(silence.idle > silence.caller.saturating_mul(2));
    }
}
