//! Protocol between a connector and its workers: Arrow Flight `DoGet` over the mutual TLS of the cluster, both ends.

pub mod client;
pub mod server;

#[cfg(test)]
mod tests;
