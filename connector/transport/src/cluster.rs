//! The wire between a connector and workers of its own: Arrow Flight `DoGet` over a mutual TLS of the two, both ends.

pub mod client;
pub mod server;

#[cfg(test)]
mod tests;
