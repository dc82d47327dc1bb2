//! Access tokens of client programs, and the answers that those programs read.

pub mod access_tokens;
pub mod client_answers;
