//! Monitoring for operators: counters, readiness checks, and expiry dates.
//!
//! Labels are bounded: participants, datasets, codes and outcomes, never the text of a question, a person or a value. Metrics name
//! datasets and participants, so only the operator may read them.

pub mod awaiting_join;
pub(crate) mod connector_metrics;
mod current_state;
pub mod day_figures;
pub mod minute_figures;
pub mod monitoring_service;
pub mod readiness;
pub mod validity_period;
