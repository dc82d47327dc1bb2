//! A participant as one value: identity, log, book, catalogue, index and everything that runs. Nothing of it is global.

pub(crate) mod catalog_cache;
pub(crate) mod cell_releases;
pub(crate) mod concurrency;
mod config_records;
pub(crate) mod delivery;
pub(crate) mod group_lists;
pub(crate) mod index;
pub(crate) mod issued_receipts;
pub(crate) mod log_heads;
pub(crate) mod offers;
pub(crate) mod peer_aliases;
pub(crate) mod peer_connections;
pub(crate) mod prepaid_balances;
pub(crate) mod provider_restrictions;
pub(crate) mod pseudonyms;
pub(crate) mod published_lists;
pub(crate) mod query_texts;
pub(crate) mod quota_budget;
pub(crate) mod rate_limit;
pub(crate) mod refusal_recorder;
mod request_dedup;
pub(crate) mod running_queries;
pub(crate) mod schema_secret;
mod shutdown;
pub(crate) mod signing_keys;
pub(crate) mod snapshot_checks;
pub(crate) mod startup;
pub(crate) mod state_warnings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod unfiled_documents;
pub(crate) mod workers;

use crate::config::ConnectorConfig;
use crate::participant::concurrency::{ConcurrencyLimiter, QueryPermit};
use crate::participant::delivery::DeliveryQueues;
use crate::participant::group_lists::GroupLists;
use crate::participant::issued_receipts::IssuedReceipts;
use crate::participant::log_heads::HeadTracker;
use crate::participant::offers::public_views::PendingView;
use crate::participant::peer_connections::PeerConnections;
use crate::participant::prepaid_balances::BalanceStore;
use crate::participant::query_texts::text_queue::QueryTextQueue;
use crate::participant::quota_budget::BudgetCounters;
use crate::participant::rate_limit::RateLimiter;
use crate::participant::refusal_recorder::RefusalRecorder;
use crate::participant::running_queries::RunningQueries;
use crate::participant::workers::WorkerRegistry;
use crate::process::clock::AdjustableClock;
use crate::workflow::audit_event::AuditEvent;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, Recorded};
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_audit_store::AuditLog;
use hansa_catalog::Catalog;
use hansa_identity::mtls::TrustStore;
use hansa_identity::signature::ParticipantSigner;
use hansa_policy::contract::ContractRegistry;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::ProviderRestrictions;
use hansa_policy::term::purpose::Taxonomy;
use hansa_proto::peer::catalog_page::ListedTemplate;
use hansa_query::federation::query_cache::FederatedQueryCache;
use hansa_query::limits::{QueryResourceLimits, QueryRuntime};
use hansa_query::snapshot::registry::SnapshotRegistry;
use hansa_query::sql::logical_plan_cache::LogicalPlanCache;
use hansa_store::document_folder::DocumentFolder;
use hansa_store::state_index::StateIndex;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::Notify;

/// A participant.
pub(crate) struct Connector {
    /// Its clock.
    pub(crate) clock: Clock,
    /// The same, to be moved.
    pub(crate) adjustable_clock: AdjustableClock,
    /// The texts of questions, beside the log: those that wait are written before the log lets go of the folder.
    pub(crate) texts: QueryTextQueue,
    /// Its log.
    pub(crate) log: AuditLog,
    /// Who stands behind pseudonyms in the log, and the reasons that people gave.
    pub(crate) pseudonyms: pseudonyms::PseudonymRegistry,
    /// Its documents.
    pub(crate) documents: DocumentFolder,
    /// What it believes and shows.
    pub(crate) trust: Arc<TrustStore>,
    /// Signs contracts, withdrawals and receipts.
    pub(crate) signer: RwLock<Arc<dyn ParticipantSigner>>,
    /// The snapshots that are current.
    pub(crate) snapshots: SnapshotRegistry,
    /// What questions that were put before were planned to, to be answered here.
    pub(crate) plans: LogicalPlanCache,
    /// What questions of our own people that were put before were planned to.
    pub(crate) questions: FederatedQueryCache,
    /// Where questions run.
    pub(crate) query_runtime: QueryRuntime,
    /// The answers under way.
    pub(crate) running: RunningQueries,
    /// Questions at once.
    pub(crate) concurrency: ConcurrencyLimiter,
    /// How fast rows leave.
    pub(crate) rate_limiter: RateLimiter,
    /// What was spent.
    pub(crate) budgets: BudgetCounters,
    /// What was paid beforehand, and spent of it.
    pub(crate) prepaid_balances: BalanceStore,
    /// Held while a question that is counted is admitted, so that two can't spend the same last use.
    pub(crate) counting: tokio::sync::Mutex<()>,
    /// The questions answered since the start, so that each is answered once.
    pub(crate) answered_requests: Mutex<BTreeSet<(RequestId, ParticipantId)>>,
    /// Heads of logs, ours and others', on their way between witnesses.
    pub(crate) heads: HeadTracker,
    /// Receipts that were issued a moment ago.
    pub(crate) issued_receipts: IssuedReceipts,
    /// What each was refused in this minute.
    pub(crate) refusals: RefusalRecorder,
    /// Connections to peers.
    pub(crate) connections: PeerConnections,
    /// Those to the own workers.
    pub(crate) workers: WorkerRegistry,
    /// Who carries letters to them.
    pub(crate) delivery_queues: DeliveryQueues,
    /// Names the schemas of its datasets, so that nobody can guess at them.
    pub(crate) schema_secret: [u8; 32],
    /// What is still owed for answers that nobody reads any more.
    pub(crate) background_tasks: tokio_util::task::TaskTracker,
    /// Given when letters were put into the outbox.
    pub(crate) outbox_signal: Notify,
    /// Held while people are told what ends soon.
    pub(crate) noticing: tokio::sync::Mutex<()>,
    /// Held while configuration and trust are read again: a person and a new bundle may ask for it at once.
    pub(crate) reloading: Mutex<()>,
    /// Taken by whoever changes negotiations or the index, so that changes follow each other.
    pub(crate) negotiation_lock: tokio::sync::Mutex<()>,
    #[cfg(test)]
    pub(crate) pauses: testing::pause_point::PausePoints,
    config: RwLock<Arc<ConnectorConfig>>,
    book: RwLock<ContractRegistry>,
    catalog: RwLock<Catalog>,
    taxonomy: RwLock<Arc<Taxonomy>>,
    /// What others may clone.
    templates: RwLock<Vec<ListedTemplate>>,
    groups: RwLock<Arc<GroupLists>>,
    guards: RwLock<Arc<ProviderRestrictions>>,
    /// Public views that wait for two officers.
    pending_views: RwLock<Vec<PendingView>>,
    published: RwLock<Arc<PublishedLists>>,
    state: Mutex<StateIndex>,
    /// Held while offers are put in force, so that nobody signs a public view twice.
    pub(crate) offering: Mutex<()>,
    /// Held while cells are released: one after another, so that each sees what was released before.
    pub(crate) releasing: Mutex<()>,
    /// Held while files of the log go to its archive.
    pub(crate) archiving: Mutex<()>,
    /// That the signed heads of the log were gone when it was opened.
    lost_heads: Option<Refusal>,
    /// Held as long as the participant runs; nobody else may use the folder.
    _lock: std::fs::File,
    /// Where its questions run; absent from its end on.
    runtime: Mutex<Option<tokio::runtime::Runtime>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Connector {
    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<ConnectorConfig> {
        Arc::clone(&read(&self.config))
    }

    /// Puts another configuration in force.
    pub(crate) fn set_config(&self, config: ConnectorConfig) {
        *write(&self.config) = Arc::new(config);
        self.workers.forget_all();
    }

    /// Who it is.
    pub(crate) fn id(&self) -> ParticipantId {
        read(&self.config).participant.id.clone()
    }

    /// Now, by the log's clock: never before the last record, whatever happens to the machine's. What is over stays over.
    pub(crate) fn now(&self) -> UtcTimestamp {
        self.log.now()
    }

    /// Microseconds on the clock that only counts, for what is done at most so often.
    pub(crate) fn ticks(&self) -> i64 {
        i64::try_from((self.clock)().mono_ns / 1000).unwrap_or(i64::MAX)
    }

    /// Refuses while the clock can't be relied on: by one that went back, what is over would be in force again.
    ///
    /// # Errors
    /// `CLOCK_UNTRUSTED`.
    pub(crate) fn trusted_clock(&self) -> Result<(), Refusal> {
        if self.log.is_clock_trusted() {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::ClockUntrusted,
            "the clock of this connector went back by more than a minute",
        ))
    }

    /// An operator has looked at the clock. That is on the books before it is relied on again.
    ///
    /// # Errors
    /// When the log can't be written.
    pub(crate) fn rely_on_clock(&self) -> Result<(), Refusal> {
        if self.log.is_clock_trusted() {
            return Ok(());
        }
        let looked = AuditEvent::new(
            "clock",
            [
                ("acknowledged", Json::Bool(true)),
                ("source", "operator".into()),
            ],
        );
        let _durable = self.record_now(looked)?;
        self.log.acknowledge_clock();
        Ok(())
    }

    /// Reads the book.
    pub(crate) fn book<T>(&self, act: impl FnOnce(&ContractRegistry) -> T) -> T {
        act(&read(&self.book))
    }

    /// Changes the book.
    pub(crate) fn book_mut<T>(&self, act: impl FnOnce(&mut ContractRegistry) -> T) -> T {
        act(&mut write(&self.book))
    }

    /// Reads the catalogue.
    pub(crate) fn catalog<T>(&self, act: impl FnOnce(&Catalog) -> T) -> T {
        act(&read(&self.catalog))
    }

    /// Changes the catalogue.
    pub(crate) fn catalog_mut<T>(&self, act: impl FnOnce(&mut Catalog) -> T) -> T {
        act(&mut write(&self.catalog))
    }

    /// The purposes known here: the vocabulary and the own ones.
    pub(crate) fn taxonomy(&self) -> Arc<Taxonomy> {
        Arc::clone(&read(&self.taxonomy))
    }

    /// Puts other purposes in force.
    pub(crate) fn set_taxonomy(&self, taxonomy: Taxonomy) {
        *write(&self.taxonomy) = Arc::new(taxonomy);
    }

    fn locked(&self) -> MutexGuard<'_, StateIndex> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the index, after it has taken in every durable record.
    ///
    /// # Errors
    /// When the index can't be brought up to date.
    pub(crate) fn index<T>(
        &self,
        act: impl FnOnce(&StateIndex) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        waiting(|| {
            let mut state = self.locked();
            index::catch_up(&self.log, &mut state)?;
            act(&state)
        })
    }

    /// The same for rows that are few whatever the index holds. To take in the last records and to find these takes less time than to
    /// hand on what else this thread does; where it would not, that is handed on as ever.
    ///
    /// # Errors
    /// As [`Self::index`].
    pub(crate) fn index_fast<T>(
        &self,
        act: impl FnOnce(&StateIndex) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if let Ok(mut state) = self.state.try_lock()
            && self.log.size().saturating_sub(state.position()) <= FEW
        {
            index::catch_up(&self.log, &mut state)?;
            return act(&state);
        }
        self.index(act)
    }

    /// Records something; when this returns it is durable.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL`; then nothing may be done.
    pub(crate) async fn record<T>(&self, value: T) -> Result<Recorded<T>, Refusal>
    where
        T: Evidence + Send + 'static,
    {
        self.log
            .record(value)
            .await
            .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))
    }

    /// The limits of one question.
    pub(crate) fn limits(&self) -> QueryResourceLimits {
        let limits = self.config().limits;
        QueryResourceLimits {
            memory: usize::try_from(limits.memory).unwrap_or(usize::MAX),
            spill: limits.spill,
            time: limits.timeout,
            ..QueryResourceLimits::default()
        }
    }

    /// A seat for one question of our own people, or the refusal that there is none.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn query_permit(&self) -> Result<QueryPermit, Refusal> {
        self.concurrency.take(self.config().limits.concurrent)
    }

    /// A seat for a question of a peer.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn peer_query_permit(&self, peer: &ParticipantId) -> Result<QueryPermit, Refusal> {
        self.concurrency
            .take_for(peer, self.config().limits.concurrent)
    }

    /// A file of the state folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.config().state.join(name)
    }
}

/// So many records are taken into the index in between.
const FEW: u64 = 16;

/// Does something that waits for a disk. On a thread that drives other tasks too, these move on to another one meanwhile.
pub(crate) fn waiting<T>(act: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(act)
        }
        Ok(_) | Err(_) => act(),
    }
}

/// Random bytes, for identities and nonces.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut bytes);
    bytes
}

/// So many random bytes as hexadecimal digits.
pub(crate) fn random_hex(bytes: usize) -> String {
    let random: [u8; 32] = random_bytes();
    random
        .iter()
        .take(bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
