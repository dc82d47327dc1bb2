//! A participant over time: what ends while an answer is being opened, a clock that goes back, files that are lost or
//! damaged, a flood of refusals.

mod clock;
mod cut;
mod files;
mod refusals;
mod withdrawal;
