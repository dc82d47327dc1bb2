//! Tests of a participant over time: stops while an answer is opened, a clock that goes back, lost or damaged files, and a flood of
//! refusals.

mod answer_cutoff;
mod bounded_messages;
mod clock;
mod concurrent_publication;
mod config_change;
mod contract_events;
mod damaged_files;
mod deletion_attestation;
mod group_membership;
mod log_heads;
mod prepaid;
mod prohibition;
mod public_views;
mod refusal_flood;
mod stop_race;
mod withdrawal;
