//! The engine's session for one question: functions, options, and what it may use.

use datafusion::execution::SessionState;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionConfig;
use policy::refusal::{Code, Refusal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What one question may use here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ample {
    /// Bytes of memory for the operators.
    pub memory: usize,
    /// Where operators spill to; absent: they don't.
    pub spill: Option<PathBuf>,
    /// Bytes on disk.
    pub spill_bytes: u64,
    /// From the first errand to the last row.
    pub time: Duration,
    /// The most rows that one errand may bring.
    pub errand_rows: u64,
    /// The most bytes that one errand may bring.
    pub errand_bytes: u64,
    /// How often an errand is sent again that failed on the way before its first row.
    pub retries: u32,
    /// How many parts of the question run at once.
    pub partitions: usize,
}

impl Default for Ample {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            spill: None,
            spill_bytes: 8 << 30,
            time: Duration::from_secs(300),
            errand_rows: 1_000_000_000,
            errand_bytes: 64 << 30,
            retries: 1,
            partitions: 2,
        }
    }
}

/// A session that knows functions but neither tables nor files, and sends nothing but what was planned.
pub(super) fn session(ample: &Ample) -> Result<Arc<SessionState>, Refusal> {
    let internal = |_| Refusal::new(Code::Internal, "the engine's session can't be made");
    let mut config = SessionConfig::new().with_target_partitions(ample.partitions.max(1));
    // Dynamic filters would carry keys of one participant's rows into the request to another. The first flag only takes
    // effect through `set`, which also turns the other three; they are set as well, since one forgotten is a leak.
    // A sort with a limit that runs per partition shares one threshold among all of them and leaves out columns that are
    // constant in each, as `participant` is in each branch of a model: rows of other branches are lost (DataFusion 55.2).
    for flag in [
        "datafusion.optimizer.repartition_sorts",
        "datafusion.optimizer.enable_dynamic_filter_pushdown",
        "datafusion.optimizer.enable_join_dynamic_filter_pushdown",
        "datafusion.optimizer.enable_topk_dynamic_filter_pushdown",
        "datafusion.optimizer.enable_aggregate_dynamic_filter_pushdown",
    ] {
        config.options_mut().set(flag, "false").map_err(internal)?;
    }
    let disk = match &ample.spill {
        Some(folder) => DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![folder.clone()]))
            .with_max_temp_directory_size(ample.spill_bytes),
        None => DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
    };
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(ample.memory)))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(internal)?;
    let mut builder = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_runtime_env(runtime);
    builder.table_functions().take();
    builder.file_formats().take();
    builder.table_factories().take();
    Ok(Arc::new(builder.build()))
}
