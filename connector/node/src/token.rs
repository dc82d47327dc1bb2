//! Access tokens of programs, and the answers that they are reading.

pub mod access_tokens;
pub mod client_answers;
