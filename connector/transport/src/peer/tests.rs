//! Tests of client and server over real TLS.

mod authentication;
mod connection_limits;
mod peer_messages;
mod queries;
mod silent_peers;
