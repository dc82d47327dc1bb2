//! A participant over time: what ends while an answer is being opened, a clock that goes back, files that are lost or
//! damaged, a flood of refusals.

mod attest;
mod clock;
mod cut;
mod events;
mod files;
mod groups;
mod heads;
mod overtaken;
mod prepaid;
mod prohibited;
mod publish;
mod refusals;
mod views;
mod withdrawal;
