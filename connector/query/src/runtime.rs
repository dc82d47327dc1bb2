//! The runtime of questions: threads of their own, memory and temporary files.

use crate::core_pool::CorePool;
use crate::execute::gated_leaf::{ClosedGate, ScanGate};
use crate::execute::plan_cache::PhysicalPlanCache;
use crate::fair_scheduler::FairScheduler;
use crate::in_place_data::postgres::connection_limits::ConnectionLimits;
use crate::limits::QueryResourceLimits;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SpillFile, TempFileFactory};
use datafusion_common::resources_datafusion_err;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Where questions run. One per participant.
#[derive(Clone)]
pub struct QueryRuntime {
    handle: Handle,
    memory: Arc<ProcessMemory>,
    spill: PathBuf,
    spilled: Arc<SpilledFiles>,
    caches: CacheManagerConfig,
    databases: ConnectionLimits,
    ready: Arc<PhysicalPlanCache>,
    turns: Option<FairScheduler>,
    cores: CorePool,
    party: Option<ParticipantId>,
    /// The protections of the tables that its questions read.
    pub(crate) gate: Arc<dyn ScanGate>,
}

impl std::fmt::Debug for QueryRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryRuntime")
            .field("memory", &self.memory)
            .field("spill", &self.spill)
            .finish_non_exhaustive()
    }
}

impl QueryRuntime {
    /// A query runtime on the runtime of `handle`, which serves nothing else, with `memory` bytes for all questions together and
    /// temporary files below `spill`.
    ///
    /// # Errors
    /// `STATE_BROKEN` when the folder of temporary files can't be made.
    pub fn new(handle: Handle, memory: usize, spill: PathBuf) -> Result<Self, Refusal> {
        std::fs::create_dir_all(&spill).map_err(|cause| {
            Refusal::new(
                ErrorCode::StateBroken,
                "the folder for temporary files can't be made",
            )
            .caused_by(cause)
        })?;
        let shared = RuntimeEnv::default();
        let caches = CacheManagerConfig::default()
            .with_file_metadata_cache(Some(shared.cache_manager.get_file_metadata_cache()));
        Ok(Self {
            handle,
            memory: Arc::new(ProcessMemory {
                limit: limit_reservations(memory),
                used: AtomicUsize::new(0),
            }),
            spill,
            spilled: Arc::default(),
            caches,
            databases: ConnectionLimits::default(),
            ready: Arc::default(),
            turns: None,
            cores: CorePool::new(count_cores()),
            party: None,
            gate: Arc::new(ClosedGate),
        })
    }

    /// The same, in which participants share the threads: without turns whoever asks most gets most.
    #[must_use]
    pub fn with_turns(mut self, turns: FairScheduler) -> Self {
        self.turns = Some(turns);
        self
    }

    /// This runtime, whose questions have so many cores between them: all of the machine where nothing is said.
    #[must_use]
    pub fn with_cores(mut self, cores: usize) -> Self {
        self.cores = CorePool::new(cores);
        self
    }

    /// The same, for the questions of a peer. As it is made it is for those of our own people.
    #[must_use]
    pub fn of(&self, party: &ParticipantId) -> Self {
        Self {
            party: Some(party.clone()),
            databases: self.databases.of(party),
            ..self.clone()
        }
    }

    /// Does the work of a question on its threads, in turns with that of others.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        match &self.turns {
            Some(turns) => self.handle.spawn(turns.in_turn(self.party.clone(), work)),
            None => self.handle.spawn(work),
        }
    }

    /// The runtime of the questions.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The plans of questions that are put again.
    pub(crate) const fn ready(&self) -> &Arc<PhysicalPlanCache> {
        &self.ready
    }

    /// The cores of the machine.
    pub(crate) const fn cores(&self) -> &CorePool {
        &self.cores
    }

    /// The connections of all questions to databases.
    pub(crate) const fn databases(&self) -> &ConnectionLimits {
        &self.databases
    }

    /// Bytes that all running questions have reserved.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.memory.used.load(Ordering::Relaxed)
    }

    /// Bytes that all running questions hold in temporary files.
    #[must_use]
    pub fn spilled_bytes(&self) -> u64 {
        self.spilled.bytes()
    }

    /// What one question runs in: its own pool inside the runtime's, its own temporary files.
    ///
    /// # Errors
    /// `STATE_BROKEN` when the engine can't be set up.
    pub fn environment(
        &self,
        limits: &QueryResourceLimits,
    ) -> Result<(Arc<RuntimeEnv>, Arc<QueryMemoryPool>), Refusal> {
        let limit = limit_reservations(limits.memory);
        let pool = Arc::new(QueryMemoryPool {
            inner: FairSpillPool::new(limit),
            process: Arc::clone(&self.memory),
            limit,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        });
        let shared: Arc<dyn MemoryPool> = pool.clone();
        let disk = DiskManagerBuilder::default().with_temp_file_factory(Arc::new(SpillDirectory {
            folder: self.spill.clone(),
            limit: limits.spill,
            made: OnceLock::new(),
            spilled: Arc::clone(&self.spilled),
        }));
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(shared)
            .with_disk_manager_builder(disk)
            .with_cache_manager(self.caches.clone())
            .build_arc()
            .map_err(|cause| {
                Refusal::new(ErrorCode::StateBroken, "the engine can't be set up").caused_by(cause)
            })?;
        Ok((environment, pool))
    }
}

/// The cores of the machine, as far as this process may use them.
#[must_use]
pub fn count_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of `limit` that operators may reserve. The rest is for what they hold beside it and no pool counts: groups as they are put
/// out while their table is still there, and the second copy of rows that are sorted.
const fn limit_reservations(limit: usize) -> usize {
    limit / 3 * 2
}

/// The temporary files of one question, in a folder of their own that is made with the first of them: few questions have any.
struct SpillDirectory {
    folder: PathBuf,
    limit: u64,
    made: OnceLock<Arc<DiskManager>>,
    spilled: Arc<SpilledFiles>,
}

/// The temporary files of the questions that have some.
#[derive(Default)]
struct SpilledFiles(parking_lot::Mutex<Vec<Weak<DiskManager>>>);

impl SpilledFiles {
    fn add(&self, files: &Arc<DiskManager>) {
        let mut all = self.0.lock();
        all.retain(|files| files.strong_count() > 0);
        all.push(Arc::downgrade(files));
    }

    fn bytes(&self) -> u64 {
        let all = self.0.lock();
        let live = all.iter().filter_map(Weak::upgrade);
        live.map(|files| files.used_disk_space())
            .fold(0, u64::saturating_add)
    }
}

impl SpillDirectory {
    fn manager(&self) -> datafusion_common::Result<Arc<DiskManager>> {
        if let Some(made) = self.made.get() {
            return Ok(Arc::clone(made));
        }
        let made = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.folder.clone()]))
            .with_max_temp_directory_size(self.limit)
            .build()?;
        // Of two that come at once one is kept, and the other's empty folder goes.
        Ok(Arc::clone(self.made.get_or_init(|| {
            let made = Arc::new(made);
            self.spilled.add(&made);
            made
        })))
    }
}

impl TempFileFactory for SpillDirectory {
    fn create_temp_file(&self, what_for: &str) -> datafusion_common::Result<Arc<dyn SpillFile>> {
        self.manager()?.create_tmp_file(what_for)
    }
}

/// A runtime for questions alone, with stacks that fit the deepest statement allowed.
///
/// # Errors
/// `INTERNAL` when the system gives no threads.
pub fn runtime(threads: usize) -> Result<tokio::runtime::Runtime, Refusal> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .thread_name("question")
        .thread_stack_size(32 * 1024 * 1024)
        .enable_all()
        .build()
        .map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "no threads for questions").caused_by(cause)
        })
}

#[derive(Debug)]
struct ProcessMemory {
    limit: usize,
    used: AtomicUsize,
}

impl ProcessMemory {
    fn take(&self, bytes: usize) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }

    fn give(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The memory of one question: fair among its operators, counted against the runtime.
#[derive(Debug)]
pub struct QueryMemoryPool {
    inner: FairSpillPool,
    process: Arc<ProcessMemory>,
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
}

impl QueryMemoryPool {
    /// The most that was reserved at once.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    fn note(&self, bytes: usize) {
        let used = self
            .used
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes);
        self.peak.fetch_max(used, Ordering::Relaxed);
    }
}

impl std::fmt::Display for QueryMemoryPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("question")
    }
}

impl MemoryPool for QueryMemoryPool {
    fn name(&self) -> &'static str {
        "question"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.inner.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.process.used.fetch_add(additional, Ordering::Relaxed);
        self.inner.grow(reservation, additional);
        self.note(additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.inner.shrink(reservation, shrink);
        self.process.give(shrink);
        self.used.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(
        &self,
        reservation: &MemoryReservation,
        additional: usize,
    ) -> datafusion_common::Result<()> {
        if !self.process.take(additional) {
            return Err(resources_datafusion_err!("the memory of all questions"));
        }
        if let Err(error) = self.inner.try_grow(reservation, additional) {
            self.process.give(additional);
            return Err(error);
        }
        self.note(additional);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.inner.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl Drop for QueryMemoryPool {
    /// What a plan that was dropped in mid-air did not give back.
    fn drop(&mut self) {
        self.process.give(self.used.load(Ordering::Relaxed));
    }
}
