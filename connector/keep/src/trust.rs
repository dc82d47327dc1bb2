//! Keys and certificates: who a participant is, how it proves it, and whom it believes.

pub mod keys;
pub mod signature;
