//! Peer protocol: `hansa.peer.v1.Peer` and Arrow Flight `DoGet` over mutual TLS, both ends.

pub mod client;
pub mod listen_patience;
pub mod message_packer;
pub mod server;
pub mod settings;
pub(crate) mod timer_clock;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
