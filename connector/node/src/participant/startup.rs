//! Opening of a participant's state: identity, log, index, contracts, datasets, in this order. Each is checked before the next one.

use crate::answer::query_execution::QueryExecution;
use crate::answer::query_intake::QueryIntake;
use crate::answer::query_limits::QueryLimits;
use crate::answer::query_texts;
use crate::answer::query_texts::text_queue::QueryTextQueue;
use crate::answer::running_queries::RunningQueries;
use crate::config::ConnectorConfig;
use crate::config::limits::LimitsConfig;
use crate::console::console_state::ConsoleState;
use crate::contract::contract_files::read_contract;
use crate::contract::contract_state::ContractState;
use crate::contract::prepaid_balances::BalanceStore;
use crate::contract::query_accounting::QueryAccounting;
use crate::contract::quota_budget;
use crate::contract::quota_budget::BudgetCounters;
use crate::dataset::dataset_state::DatasetState;
use crate::dataset::{provider_restrictions, published_lists};
use crate::league::{group_lists, rulebook_register};
use crate::log::audit_event::AuditEvent;
use crate::log::log_verification::LogVerifications;
use crate::log::record_keeping::RecordKeeping;
use crate::log::time_stamp_progress::TimeStampState;
use crate::log::{index, unfiled_documents};
use crate::monitoring::connector_metrics::ConnectorMetrics;
use crate::participant::connector_identity::ConnectorIdentity;
use crate::participant::reloadable_state::{ReloadableState, ReloadableValues};
use crate::participant::walk_observer::WalkObserver;
use crate::participant::{Connector, pseudonyms, schema_secret};
use crate::partner::PartnerProcessesSlot;
use crate::peer::peer_aliases;
use crate::peer::peer_state::PeerState;
use crate::process::clock;
use crate::process::clock::AdjustableClock;
use crate::process::randomness::random_hex;
use crate::question::prepared_tables::PreparedTables;
use crate::receipt::issued_receipts::IssuedReceipts;
use crate::token::access_tokens::AccessTokenRegister;
use hansa_audit_log::record::answers::{CloseRecord, NotReceivedRecord};
use hansa_audit_log::record::publications::PublicationRecord;
use hansa_audit_log::time::Clock;
use hansa_audit_store::erasable_texts::ErasableTextStore;
use hansa_audit_store::key::LogSigningKey;
use hansa_audit_store::{AuditLog, LogConfig, MachineClock};
use hansa_catalog::Catalog;
use hansa_catalog::schema_compatibility::SchemaSecret;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::mtls::TrustStore;
use hansa_identity::participant_identity;
use hansa_policy::contract::ContractRegistry;
use hansa_policy::id::{ContractId, DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::fair_scheduler::FairScheduler;
use hansa_query::federation::query_cache::FederatedQueryCache;
use hansa_query::runtime::{QueryRuntime, create_runtime};
use hansa_query::snapshot::registry::{SnapshotRegistry, SnapshotSet};
use hansa_query::sql::logical_plan_cache::LogicalPlanCache;
use hansa_store::document_folder::{ContractFile, DocumentFolder};
use hansa_store::state_index::StateIndex;
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::runtime::Runtime;

/// Findings of the start for operators. None of them stops the participant.
#[derive(Debug, Default)]
pub struct StartupFindings {
    /// Unusable contracts, documents and records. The other ones are usable.
    pub faults: Vec<Refusal>,
    /// Stored snapshots and cells that differ from their publication. Publishing again repairs them.
    pub damaged: Vec<Refusal>,
    /// Published lists that can't be read.
    pub(crate) unread_lists: Vec<Refusal>,
    /// Policies, contracts and releases that do not fit the published datasets.
    pub(crate) unfit: Vec<Refusal>,
}

/// State that a command checks itself from the files. It reports these findings at its end, because it can repair them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JudgedState {
    /// No state.
    None,
    /// Offers.
    Offers,
    /// Published lists, offers, contracts and releases.
    Configuration,
    /// Snapshots, offers, contracts and releases.
    Publications,
}

impl StartupFindings {
    /// Returns all findings.
    pub fn all_findings(&self) -> Vec<Refusal> {
        self.remaining_findings(JudgedState::None)
    }

    /// Returns the findings that a command reports at its start, each once: those that it does not check itself.
    pub fn remaining_findings(&self, judged: JudgedState) -> Vec<Refusal> {
        let told: [&[Refusal]; 3] = match judged {
            JudgedState::None => [&self.damaged, &self.unread_lists, &self.unfit],
            JudgedState::Offers => [&self.damaged, &self.unread_lists, &[]],
            JudgedState::Configuration => [&self.damaged, &[], &[]],
            JudgedState::Publications => [&self.unread_lists, &[], &[]],
        };
        let mut once: Vec<Refusal> = Vec::new();
        for found in self.faults.iter().chain(told.into_iter().flatten()) {
            if !once.contains(found) {
                once.push(found.clone());
            }
        }
        once
    }
}

impl Connector {
    /// Opens the state of a participant. `crate::participant::opening` does the due steps afterwards. Blocks while the log is
    /// checked.
    ///
    /// # Errors
    /// What makes it impossible to run at all.
    pub(crate) fn open(
        config: ConnectorConfig,
        clock: Clock,
        observer: Arc<dyn WalkObserver>,
    ) -> Result<(Arc<Self>, StartupFindings), Refusal> {
        hansa_files::create_folder(&config.state)?;
        let lock = lock_state_folder(&config.state)?;
        let machine = clock::keep_clock_in(config.state.join("clock"), &clock);
        let moved = AdjustableClock::new(clock);
        moved.set(clock::clock_offset(&config)?);
        let clock = moved.clock();
        // A jump of the clock that is held back from the first reading on does not expire certificates either.
        let held = machine.as_ref().map_or(0, MachineClock::find_held_jump);
        let now = clock().wall.plus_micros(held.saturating_neg());
        let id = config.participant.id.clone();
        let database = config.state.join("state.db");
        let floor = if database.exists() {
            StateIndex::open(&database, u64::MAX)?.stored_number("bundle")?
        } else {
            0
        };
        let identity =
            participant_identity::load_identity(&config.trust.identity_files(), &id, floor, now)?;
        let note = LogSigningKey::open(&config.trust.note_key, id.domain())?;
        let mut log_config = LogConfig::new(
            config.state.join("log"),
            id.domain(),
            Arc::new(note),
            Arc::clone(&clock),
            random_hex(8),
        );
        log_config.machine = machine;
        log_config.reserve = config.limits.reserve;
        log_config.spare = config.limits.spare;
        log_config.segment = config.limits.segment;
        let lost_heads = hansa_audit_store::log_dir_warnings::lost_heads(&log_config.folder);
        let (log, _) = AuditLog::open(log_config)?;
        let mut state = StateIndex::open(&database, log.size())?;
        index::catch_up(&log, &mut state)?;
        if close_open(&log, &state)? {
            index::catch_up(&log, &mut state)?;
        }
        peer_aliases::check_aliases(&config, &state.peers()?)?;
        // The bundle file may be lost, so the bundle number in the log also counts.
        identity
            .bundle
            .not_before_number(state.stored_number("bundle")?)?;
        let side = ErasableTextStore::open(&config.state.join("side"))?;
        query_texts::erase_again(&state, &side)?;
        let people = pseudonyms::PseudonymRegistry::open(&config.state, |side| {
            query_texts::erase_again(&state, side)
        })?;
        let documents = DocumentFolder::open(&config.state)?;
        let schema_secret = schema_secret::open_secret(&config.state)?;
        let mut found = StartupFindings::default();
        found
            .faults
            .extend(unfiled_documents::write_missing_documents(&state, &log, &documents).err());
        let registry = load_registry(&config, &state, &documents, &identity.bundle, &mut found)?;
        let budgets =
            BudgetCounters::new(state.quota_usages(quota_budget::oldest_counted_instant(now))?);
        let prepaid_balances = BalanceStore::new(state.balances()?);
        let keeps = hansa_query::ingest::config::parser::retention::parse_retention(&config.text);
        let since =
            |name: &SqlIdentifier| keeps.get(name).filter(|keep| keep.0 > 0).map(|_| log.now());
        let (snapshots, damaged) = SnapshotRegistry::open_keeping(&config.state, &id, &since);
        let unread_snapshots = snapshots.damaged_datasets();
        let is_snapshot = |fault: &Refusal| unread_snapshots.values().any(|one| one == fault);
        let (of_snapshots, of_cells): (Vec<Refusal>, Vec<Refusal>) =
            damaged.into_iter().partition(is_snapshot);
        found.damaged.extend(of_snapshots);
        found.faults.extend(of_cells);
        let catalog = load_datasets(
            &config,
            &state,
            &snapshots,
            SchemaSecret::new(schema_secret),
            &mut found,
        )?;
        let (runtime, query_runtime) =
            start_runtime(&config.limits, config.state.join("spill"), &clock)?;
        let taxonomy = hansa_proto::purpose_taxonomy::build_taxonomy(&config.purposes)?;
        let (mut published, unread) = published_lists::load_lists(&config.lists);
        found.unread_lists.extend(unread);
        let groups =
            group_lists::load_group_lists(&state, &documents, &mut published, &mut found.faults)?;
        let restrictions =
            provider_restrictions::load_restrictions(&state, &documents, &mut found.faults)?;
        let access_tokens = AccessTokenRegister::load(&state, &documents, &mut found.faults)?;
        let rulebooks = rulebook_register::load_register(
            &state,
            &documents,
            &identity.bundle,
            &mut found.faults,
        )?;
        let connector = Arc::new(Self {
            clock,
            adjustable_clock: moved,
            records: RecordKeeping {
                texts: QueryTextQueue::of(side),
                log,
                pseudonyms: people,
                documents,
                archive_lock: Mutex::new(()),
                time_stamps: TimeStampState::default(),
                verifications: LogVerifications::default(),
                lost_heads,
                state: Mutex::new(state),
            },
            identity: ConnectorIdentity {
                trust: TrustStore::new(&identity),
                signer: RwLock::new(Arc::clone(&identity.signer)),
            },
            reloadable: ReloadableState::new(ReloadableValues {
                config: Arc::new(config),
                taxonomy: Arc::new(taxonomy),
                groups: Arc::new(groups),
                restrictions: Arc::new(restrictions),
                published: Arc::new(published),
                rulebooks: Arc::new(rulebooks),
            }),
            datasets: DatasetState {
                snapshots,
                schema_secret,
                release_lock: Mutex::new(()),
                catalog: RwLock::new(catalog),
                templates: RwLock::default(),
                pending_views: RwLock::default(),
                offer_lock: Mutex::new(()),
                coming_files: Arc::default(),
                checked_rulebook: AtomicU64::new(0),
            },
            contracts: ContractState {
                registry: RwLock::new(registry),
                negotiation_lock: tokio::sync::Mutex::new(()),
                notice_lock: tokio::sync::Mutex::new(()),
            },
            access_tokens,
            console: ConsoleState::default(),
            queries: QueryExecution {
                plans: LogicalPlanCache::default(),
                questions: FederatedQueryCache::default(),
                prepared_tables: PreparedTables::default(),
                query_runtime,
                intake: QueryIntake::default(),
                running: RunningQueries::default(),
                client_answers: Arc::default(),
                background_tasks: tokio_util::task::TaskTracker::new(),
                runtime: Mutex::new(Some(runtime)),
            },
            limits: QueryLimits::default(),
            accounting: QueryAccounting {
                budgets,
                prepaid_balances,
                charge_lock: tokio::sync::Mutex::new(()),
                answered_requests: Mutex::default(),
                issued_receipts: IssuedReceipts::default(),
            },
            peers: PeerState::default(),
            partner_processes: PartnerProcessesSlot::default(),
            metrics: ConnectorMetrics::default(),
            observer,
            _folder_lock: lock,
        });
        Ok((connector, found))
    }
}

/// Starts the runtime of questions: own threads, fair turns between participants, and memory for several questions at once.
///
/// # Errors
/// Same errors as [`QueryRuntime::new`], or if no threads can be started.
pub fn start_runtime(
    limits: &LimitsConfig,
    spill: PathBuf,
    clock: &Clock,
) -> Result<(Runtime, QueryRuntime), Refusal> {
    let threads = hansa_query::runtime::count_cores();
    // One thread per core, and one per additional turn of `FairScheduler`.
    let runtime = create_runtime(threads.saturating_mul(2))?;
    let memory = usize::try_from(limits.memory_of_all).unwrap_or(usize::MAX);
    let query_runtime = QueryRuntime::new(runtime.handle().clone(), memory, spill)?;
    let turns = FairScheduler::new(threads, threads, Arc::clone(clock));
    let query_runtime = query_runtime.with_cores(limits.cores);
    Ok((runtime, query_runtime.with_turns(turns)))
}

/// Locks the state folder, which one process uses at a time.
pub fn lock_state_folder(folder: &Path) -> Result<std::fs::File, Refusal> {
    let path = folder.join("lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| hansa_files::unwritable_file_refusal(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(cause) => Err(Refusal::new(
            ErrorCode::StateLocked,
            format!(
                "another process uses the state folder `{}`",
                folder.display()
            ),
        )
        .caused_by(cause)),
    }
}

/// Closes answers that a crash left open as cut. Their whole reservation counts as used, and their bound as sent. Answers that were
/// being received have ended too, with an unknown amount.
fn close_open(log: &AuditLog, state: &StateIndex) -> Result<bool, Refusal> {
    let given = state.open_answers()?.into_iter();
    let given = given.map(|answer| {
        AuditEvent::from(CloseRecord {
            request_id: Some(answer.request.to_string()),
            opened: answer.opened,
            outcome: "cut".to_owned(),
            code: Some(ErrorCode::Interrupted.to_string()),
            rows: None,
            bytes: None,
            result_digest: None,
            at_most: answer.bound,
            stage: None,
            contract: None,
            clause: None,
            restriction: None,
        })
    });
    let coming = state.running_queries()?.into_iter();
    let coming = coming.map(|(request, peer)| {
        AuditEvent::from(NotReceivedRecord {
            request_id: request.to_string(),
            peer: peer.to_string(),
            code: ErrorCode::Interrupted.to_string(),
            sent: None,
        })
    });
    let mut any = false;
    for ending in given.chain(coming) {
        let _durable = log
            .record_blocking(ending)
            .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))?;
        any = true;
    }
    Ok(any)
}

fn load_registry(
    config: &ConnectorConfig,
    state: &StateIndex,
    documents: &DocumentFolder,
    bundle: &TrustBundle,
    found: &mut StartupFindings,
) -> Result<ContractRegistry, Refusal> {
    let mut registry = ContractRegistry::new(config.participant.id.clone());
    let events = state.contracts()?.into_iter();
    let events: BTreeMap<ContractId, _> = events.map(|event| (event.id, event)).collect();
    let logged: BTreeSet<ContractId> = events
        .values()
        .filter(|event| event.activated.is_some())
        .map(|event| event.id)
        .collect();
    let (good, bad) = documents.read_contracts()?;
    for file in bad {
        found.faults.push(
            file.refusal
                .with_place(file.file.display().to_string(), None, None),
        );
    }
    let read = |(id, bytes): &ContractFile| {
        // A contract that a crash left without a record is not in force.
        let at = events.get(id).and_then(|event| event.activated)?;
        Some(read_contract(bytes, *id, bundle, at))
    };
    for agreed in on_all_cores(&good, read).into_iter().flatten() {
        let admitted = agreed.and_then(|agreed| registry.readmit(agreed, &logged));
        found.faults.extend(admitted.err());
    }
    for event in events.values() {
        if let Some(at) = event.withdrawn {
            registry.end_contract(event.id, at);
        }
    }
    Ok(registry)
}

/// Applies `one` to each item on all cores and keeps their order. Verifying signatures takes most of a start with many contracts.
fn on_all_cores<T: Sync, U: Send>(all: &[T], one: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let threads = hansa_query::runtime::count_cores();
    let share = all.len().div_ceil(threads).max(1);
    let one = &one;
    std::thread::scope(|scope| {
        let shares = all.chunks(share);
        let begun: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().map(one).collect::<Vec<U>>()))
            .collect();
        let done = begun.into_iter().map(|share| match share.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.flatten().collect()
    })
}

/// Published datasets: snapshots on disk with a recorded publication.
fn load_datasets(
    config: &ConnectorConfig,
    state: &StateIndex,
    registry: &SnapshotRegistry,
    seal: SchemaSecret,
    found: &mut StartupFindings,
) -> Result<Catalog, Refusal> {
    let mut catalog = Catalog::new(config.participant.id.clone()).sealed_by(seal);
    let holdings = registry.holdings();
    for (dataset, body) in state.publications()? {
        let again = dataset_again(&dataset, &body, &holdings, &mut catalog);
        found.faults.extend(again.err());
    }
    Ok(catalog)
}

fn dataset_again(
    dataset: &str,
    body: &str,
    holdings: &SnapshotSet,
    catalog: &mut Catalog,
) -> Result<(), Refusal> {
    let broken = || {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("the record of the publication of `{dataset}` can't be read"),
        )
    };
    let id: DatasetId = dataset.parse().map_err(|cause| broken().caused_by(cause))?;
    let body: PublicationRecord =
        serde_json::from_str(body).map_err(|cause| broken().caused_by(cause))?;
    match holdings.get(&id) {
        Some(snapshot) => catalog.restore(snapshot.dataset.clone(), &body),
        None => Ok(()),
    }
}
