//! The settings of HTTP/2 and of messages, the same on both ends. The figures were measured over mutual TLS:
//! frames of 256 KiB and windows of a few MiB are worth a fifth of the throughput.

use crate::peer::listen_patience::ListenPatience;
use std::time::Duration;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Endpoint, Server};

/// How messages and heads are compressed on their way to a peer: most of a message is text that repeats itself. The limits of
/// messages hold for what comes of them, and gzip needs no more than 32 KiB beside; a frame of zstd may ask for a hundred
/// megabytes. Rows are compressed within their messages, as each stream agrees, and questions not at all.
pub(crate) const COMPRESSION: CompressionEncoding = CompressionEncoding::Gzip;

/// Limits of the peer wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportSettings {
    /// The largest HTTP/2 frame that is accepted, in bytes.
    pub frame: u32,
    /// How much one stream may have under way, in bytes.
    pub stream_window: u32,
    /// How much one connection may have under way, in bytes.
    pub connection_window: u32,
    /// The largest message of an answer, in bytes.
    pub message: usize,
    /// The largest request, in bytes: a provider holds this much for each one that is on its way.
    pub request: usize,
    /// The time after which a connection is tried that carries no question of this side; an other end that does not answer within
    /// the same time is gone. A peer that asks is tried more often, see [`SilenceBounds::caller`], and has the same time to answer.
    pub keep_alive: Duration,
    /// The bounds of a peer's silence.
    pub silence: SilenceBounds,
    /// The time that bytes to a peer may stay unacknowledged by its machine, or its machine may take no more of them. The system
    /// keeps watch, where it can.
    pub unacknowledged: Duration,
    /// How many requests of one connection may run at once.
    pub streams: u32,
    /// How long a connection takes new requests. The peer is recognised at every request; this bounds the rest.
    pub connection_age: Duration,
    /// How many connections may be open at once; more wait behind their handshake, as long as one may take.
    pub connections: usize,
    /// How many of them one participant may hold.
    pub party_connections: usize,
    /// How many there may be that have not come through their handshake yet; more make others go.
    pub unproven: UnprovenBounds,
    /// The time for TCP to one address of a peer that is called.
    pub connect: Duration,
    /// The time for which an address is tried at which nobody listens.
    pub listening: ListenPatience,
    /// The time for TLS with a peer that is called, its first word included.
    pub secure: Duration,
    /// The time for a caller's TLS handshake, and for the opening of a connection to a worker.
    pub handshake: Duration,
    /// How long the first message of TLS may take, and behind it that of HTTP/2.
    pub first_message: Duration,
    /// How long a call that does not stream may take.
    pub call: Duration,
    /// How long a stream of rows may stand still.
    pub stall: Duration,
}

/// The bounds of a peer's silence. Any byte counts as a sign of life, so that a slow line is not taken for a dead one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SilenceBounds {
    /// The silence after which a peer that was asked is tried. It answers whether or not its rows are ready.
    pub ping: Duration,
    /// The longest silence of a peer that has not begun to answer.
    pub asked: Duration,
    /// The silence after which a peer whose answer has begun is called by another connection.
    pub probe: Duration,
    /// The longest silence of a peer whose answer has begun, and that the other connection does not reach.
    pub answering: Duration,
    /// The longest silence where the other connection reaches it: TCP waits as long as a break has lasted, and sends then.
    pub reachable: Duration,
    /// The longest silence of a connection on which nothing is asked: more than two tries by a provider.
    pub idle: Duration,
    /// The silence after which a provider tries the peer that called.
    pub caller: Duration,
}

/// How many unproven connections there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnprovenBounds {
    /// From one source.
    pub each: usize,
    /// From all strangers.
    pub strangers: usize,
    /// From all sources of members, beside those of strangers.
    pub members: usize,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            frame: 256 * 1024,
            stream_window: 4 * 1024 * 1024,
            // Every stream may be full of rows that nobody reads, and the next one still gets its own.
            connection_window: 64 * 4 * 1024 * 1024,
            message: 16 * 1024 * 1024,
            request: 4 * 1024 * 1024,
            keep_alive: Duration::from_secs(20),
            silence: SilenceBounds {
                ping: Duration::from_secs(1),
                asked: Duration::from_millis(5500),
                probe: Duration::from_secs(5),
                // The second of two tries of TCP, and half a second for TLS.
                answering: Duration::from_millis(6500),
                reachable: Duration::from_secs(12),
                idle: Duration::from_secs(45),
                caller: Duration::from_secs(10),
            },
            // A longer time than any silence in an answer: the reason that a user reads is the connector's own.
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
    /// The time for a connection to a peer in all, its second and further tries included.
    #[must_use]
    pub const fn opening(&self) -> Duration {
        self.connect.saturating_add(self.secure)
    }

    /// A server of HTTP/2 for peers by these limits.
    pub(crate) fn peer_server(&self) -> Server {
        self.server()
            .http2_keepalive_interval(Some(self.silence.caller))
    }

    /// A server of HTTP/2 by these limits.
    pub(crate) fn server(&self) -> Server {
        Server::builder()
            .max_frame_size(self.frame)
            .initial_stream_window_size(self.stream_window)
            .initial_connection_window_size(self.connection_window)
            .max_concurrent_streams(self.streams)
            .http2_keepalive_interval(Some(self.keep_alive))
            .http2_keepalive_timeout(Some(self.keep_alive))
            .max_connection_age(self.connection_age)
    }

    /// The other end by the same limits, for calls to a peer: while one runs the peer is tried soon, else not at all. The time
    /// for the answer is long, since over a slow line it comes behind the rows that are under way; it is the silence of the
    /// connection that ends it.
    pub(crate) fn calling_endpoint(&self, endpoint: Endpoint) -> Endpoint {
        self.endpoint(endpoint)
            .http2_keep_alive_interval(self.silence.ping)
            .keep_alive_while_idle(false)
    }

    /// The other end by the same limits.
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

/// The most bytes of a reply's headers: a refusal with its help travels in them.
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
        // A dead peer is noticed within seven seconds in an answer, and within six by a new question, on either connection.
        assert!(silence.answering < Duration::from_secs(7));
        assert!(silence.asked < Duration::from_secs(6));
        assert!(settings.opening() < Duration::from_secs(6));
        // A break of five seconds is survived: TCP opens another connection at once or a second later, and sends what was
        // lost before twice the break is over.
        assert!(silence.probe >= a_break);
        assert!(silence.answering > silence.probe.saturating_add(Duration::from_secs(1)));
        assert!(silence.reachable > a_break.saturating_mul(2).saturating_add(silence.ping));
        // Nobody else is quicker: neither the system, nor the provider, nor HTTP/2.
        assert!(settings.unacknowledged > silence.reachable);
        assert!(settings.keep_alive > silence.reachable);
        // A live peer is heard several times before its time is over.
        assert!(silence.ping.saturating_mul(4) < silence.asked);
        assert!(silence.idle > settings.keep_alive.saturating_mul(2));
        assert!(silence.idle > silence.caller.saturating_mul(2));
    }
}
