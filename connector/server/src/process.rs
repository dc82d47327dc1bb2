//! Wiring: where things are found, the clock, and how the runtimes are built and taken down.

pub(crate) mod admin_service;
pub(crate) mod blocking_work;
pub(crate) mod civil_day;
pub(crate) mod clock;
pub(crate) mod config_lookup;
mod inherited_listeners;
mod member_hosts;
pub(crate) mod named_file;
pub(crate) mod randomness;
pub(crate) mod server;
mod service_manager;
pub(crate) mod temporary_folder;
pub(crate) mod thread_shutdown;
pub(crate) mod trace_export;
pub(crate) mod worker_server;
