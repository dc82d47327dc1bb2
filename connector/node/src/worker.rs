//! Workers of a connector, and the workflow of a worker.

pub mod stage_worker;
pub mod workers;
