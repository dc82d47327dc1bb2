//! Runtime of questions: dedicated threads, memory and temporary files.

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

/// Runtime of all questions of a participant.
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
    /// Creates a query runtime on the dedicated runtime of `handle`, with `memory` bytes for all questions together and temporary
    /// files below `spill`.
    ///
    /// # Errors
    /// `STATE_BROKEN` if the folder of temporary files can't be created.
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

    /// Shares the threads fairly among participants. Without a scheduler the participant with the most questions gets the most
    /// time.
    #[must_use]
    pub fn with_turns(mut self, turns: FairScheduler) -> Self {
        self.turns = Some(turns);
        self
    }

    /// Sets the number of cores for all questions. The default is all cores of the machine.
    #[must_use]
    pub fn with_cores(mut self, cores: usize) -> Self {
        self.cores = CorePool::new(cores);
        self
    }

    /// Handle for the questions of a peer. A new runtime is for the participant's own questions.
    #[must_use]
    pub fn for_participant(&self, party: &ParticipantId) -> Self {
        Self {
            party: Some(party.clone()),
            databases: self.databases.for_participant(party),
            ..self.clone()
        }
    }

    /// Runs a question's work on the runtime's threads, in turns with other questions.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        match &self.turns {
            Some(turns) => self.handle.spawn(turns.in_turn(self.party.clone(), work)),
            None => self.handle.spawn(work),
        }
    }

    /// Runtime of the questions.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Cached plans of repeated questions.
    pub(crate) const fn plan_cache(&self) -> &Arc<PhysicalPlanCache> {
        &self.ready
    }

    /// Pool of the machine's cores.
    pub(crate) const fn cores(&self) -> &CorePool {
        &self.cores
    }

    /// Connection limits of databases.
    pub(crate) const fn databases(&self) -> &ConnectionLimits {
        &self.databases
    }

    /// Memory reserved by all running questions, in bytes.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.memory.used.load(Ordering::Relaxed)
    }

    /// Size of all temporary files of running questions, in bytes.
    #[must_use]
    pub fn spilled_bytes(&self) -> u64 {
        self.spilled.bytes()
    }

    /// Execution environment of one question, with its own memory pool inside the runtime's pool and its own temporary files.
    ///
    /// # Errors
    /// `STATE_BROKEN` if the engine can't be set up.
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

/// Number of cores that this process may use.
#[must_use]
pub fn count_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Part of `limit` that operators may reserve, in bytes. The rest is for memory that the pool does not count: emitted groups while
/// their table still exists, and the second copy of sorted rows.
const fn limit_reservations(limit: usize) -> usize {
    limit / 3 * 2
}

/// Temporary files of one question. Their folder is created with the first file, since few questions need one.
struct SpillDirectory {
    folder: PathBuf,
    limit: u64,
    made: OnceLock<Arc<DiskManager>>,
    spilled: Arc<SpilledFiles>,
}

/// Temporary files of all questions that have some.
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
        // If two calls create a folder at once, one is kept, and the other one is empty and removed.
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

/// Creates a dedicated runtime for questions, whose stacks suffice for the deepest permitted statement.
///
/// # Errors
/// `INTERNAL` if the system can't create threads.
pub fn create_runtime(threads: usize) -> Result<tokio::runtime::Runtime, Refusal> {
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
    fn take_bytes(&self, bytes: usize) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }

    fn return_bytes(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Memory pool of one question: fair among its operators, and counted against the runtime's pool.
#[derive(Debug)]
pub struct QueryMemoryPool {
    inner: FairSpillPool,
    process: Arc<ProcessMemory>,
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
}

impl QueryMemoryPool {
    /// Peak of the reserved memory, in bytes.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    fn add_bytes(&self, bytes: usize) {
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
        self.add_bytes(additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.inner.shrink(reservation, shrink);
        self.process.return_bytes(shrink);
        self.used.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(
        &self,
        reservation: &MemoryReservation,
        additional: usize,
    ) -> datafusion_common::Result<()> {
        if !self.process.take_bytes(additional) {
            return Err(resources_datafusion_err!("the memory of all questions"));
        }
        if let Err(error) = self.inner.try_grow(reservation, additional) {
            self.process.return_bytes(additional);
            return Err(error);
        }
        self.add_bytes(additional);
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
    /// Releases the memory that an aborted plan did not free.
    fn drop(&mut self) {
        self.process.return_bytes(self.used.load(Ordering::Relaxed));
    }
}
