//! Wiring: where things are found, the clock, and how the runtimes are built and taken down.

pub mod blocking_work;
pub mod civil_day;
pub mod clock;
pub mod named_file;
pub mod randomness;
pub mod run_to_completion;
pub mod thread_shutdown;
