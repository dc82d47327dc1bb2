//! How the connector is, for the tools of whoever runs it: what it counts, what has to be in order, and when what ends.
//!
//! Labels are bounded: participants, datasets, codes and outcomes; never a text of a question, a person or a value. Metrics name
//! datasets and participants, so they are for the own people alone.

pub mod awaiting_join;
pub(crate) mod connector_metrics;
mod current_state;
pub mod monitoring_service;
pub mod readiness;
pub mod validity_period;
