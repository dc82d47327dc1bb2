//! Local socket: `hansa.admin.v1.Admin` between the command line and a running connector.

pub mod client;
mod local_connections;
pub mod server;

#[cfg(test)]
mod tests;
