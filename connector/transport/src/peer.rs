//! The peer wire: `hansa.peer.v1.Peer` and Arrow Flight `DoGet` over mutual TLS, both ends.

pub mod call;
pub mod serve;
pub mod settings;
pub mod small;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
