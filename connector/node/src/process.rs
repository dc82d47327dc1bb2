//! Process services: files, the clock, and the start and shutdown of runtimes.

pub mod blocking_work;
pub mod civil_day;
pub mod clock;
pub mod named_file;
pub mod randomness;
pub mod run_to_completion;
pub mod thread_shutdown;
