//! Wiring: where things are found, the clock, and how the rooms are built and taken down.

pub(crate) mod bridge;
pub(crate) mod clock;
pub(crate) mod find;
mod hosts;
pub(crate) mod serve;
pub(crate) mod threads;
pub(crate) mod worker;
