//! The local socket: `hansa.admin.v1.Admin` between the command line and a running connector.

pub mod call;
mod local;
pub mod serve;

#[cfg(test)]
mod tests;
