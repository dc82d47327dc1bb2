//! The evidence floor: digests, instants, canonical JSON, the hash tree, the ledger and its offline verification.
//!
//! Nothing here knows what an entry means, performs input or output, or reads a clock.

pub mod digest;
pub mod json;
pub mod ledger;
pub mod time;
