//! The settings of HTTP/2 and of messages, the same on both ends. The figures were measured over mutual TLS:
//! frames of 256 KiB and windows of a few MiB are worth a fifth of the throughput.

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
    /// How often an idle connection is tried; a peer that does not answer within the same time is gone.
    pub keep_alive: Duration,
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
    /// How long a TLS handshake or the opening of a connection may take.
    pub handshake: Duration,
    /// How long the first message of TLS may take, and behind it that of HTTP/2.
    pub first_message: Duration,
    /// How long a call that does not stream may take.
    pub call: Duration,
    /// How long a stream of rows may stand still.
    pub stall: Duration,
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
            streams: 64,
            connection_age: Duration::from_secs(15 * 60),
            connections: 1024,
            party_connections: 64,
            unproven: UnprovenBounds {
                each: 128,
                strangers: 512,
                members: 256,
            },
            handshake: Duration::from_secs(10),
            first_message: Duration::from_secs(3),
            call: Duration::from_secs(30),
            stall: Duration::from_secs(300),
        }
    }
}

impl TransportSettings {
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
