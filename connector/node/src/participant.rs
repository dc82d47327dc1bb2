//! A participant as one value: its records, contracts, datasets, and everything that runs. Nothing of it is global.
//!
//! # Order of locks
//!
//! A lock is taken only by whoever holds none of those below it. Beside what is said here nobody holds two at once.
//!
//! Those that are waited for, also across a call to a peer:
//!
//! 1. `contracts.notice_lock`: one round of notices; who finds it taken goes away. What a round posts takes `negotiation_lock`.
//! 2. `peers.delivery_queues`, of one peer: first `taking`, then `carrying`. While messages are carried or taken in, the peer is
//!    called (`peers.connections`, only as long as its map is read), its bundle, heads and messages are taken in, and heads are
//!    exchanged.
//! 3. `peers.heads`, the exchange with one peer; within it `judged`.
//! 4. `contracts.negotiation_lock`: each change of negotiations, members, restrictions, rulebooks and words of officers. A statement on a log takes
//!    `judged`. A contract that comes into force has its cells released on another thread, which takes `release_lock`, and is waited for.
//! 5. `peers.heads`, `judged`: what the log holds of heads changes.
//! 6. `accounting.charge_lock`: one counted question is admitted.
//! 7. `limits.refusals`, the window of one participant: a sum is recorded.
//!
//! Those of threads that may block:
//!
//! 8. `reloadable.reload_lock`: within it `offer_lock`, then `release_lock`, one after the other.
//! 9. `datasets.snapshots`, its lock of publications: within it `release_lock`, then `archive_lock`, one after the other.
//! 10. `datasets.offer_lock`: offers are put in force and public views are signed.
//! 11. `datasets.release_lock`: cells are released, a snapshot takes the place of another one, or a backup is written.
//! 12. `records.archive_lock`: the log goes to its archive, decisions and snapshots are taken away.
//!
//! Within any of these the log may be written, a stop begun, and one of the following taken. They are held for a moment and never
//! across an `await`; where one of them is held, only those are taken that are named with it:
//!
//! - `queries.running`: `contracts.registry`, `reloadable` and trust, to find who belongs to a group no longer.
//! - `datasets.catalog`: `contracts.registry`, to show somebody what there is.
//! - `accounting.answered_requests`: the index, when it is full.
//! - the index of `records`: the log, to take its newest records in.
//! - `records.pseudonyms` and `records.texts`: their own stores beside the log.
//! - `partner_processes`: nothing at all.
//! - `access_tokens`, `contracts.registry`, `reloadable`, `identity`, templates and views of `datasets`, counters of `accounting` and `limits`, maps of
//!   `peers`, `records.time_stamps`: nothing but the clock of the log, and documents.

pub mod approval;
mod connector_identity;
pub mod opening;
pub mod pending_approvals;
pub(crate) mod person_erasure;
pub mod pseudonyms;
mod reloadable_state;
pub mod schema_secret;
mod shutdown;
pub(crate) mod signing_keys;
pub mod startup;
pub(crate) mod state_warnings;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod walk_observer;

use crate::answer::concurrency::QueryPermit;
use crate::answer::query_execution::QueryExecution;
use crate::answer::query_limits::QueryLimits;
use crate::config::ConnectorConfig;
use crate::contract::contract_state::ContractState;
use crate::contract::query_accounting::QueryAccounting;
use crate::dataset::dataset_state::DatasetState;
use crate::log::audit_event::AuditEvent;
use crate::log::record_keeping::RecordKeeping;
use crate::monitoring::connector_metrics::ConnectorMetrics;
use crate::participant::connector_identity::ConnectorIdentity;
use crate::participant::reloadable_state::ReloadableState;
use crate::participant::walk_observer::WalkObserver;
use crate::partner::PartnerProcessesSlot;
use crate::peer::peer_state::PeerState;
use crate::process::clock::AdjustableClock;
use crate::token::access_tokens::AccessTokenRegister;
use hansa_audit_log::record::upkeep::ClockRecord;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_audit_store::ClockFault;
use hansa_policy::id::ParticipantId;
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::purpose::Taxonomy;
use hansa_query::limits::QueryResourceLimits;
use std::path::PathBuf;
use std::sync::Arc;

/// A participant.
pub struct Connector {
    /// Its clock.
    pub clock: Clock,
    /// The same, to be moved.
    pub adjustable_clock: AdjustableClock,
    /// Its log, and what is kept beside it.
    pub records: RecordKeeping,
    /// As whom it acts.
    pub identity: ConnectorIdentity,
    /// What it goes by and may change while it runs.
    pub reloadable: ReloadableState,
    /// What it has and offers.
    pub datasets: DatasetState,
    /// Its contracts.
    pub contracts: ContractState,
    /// The access tokens of its people.
    pub access_tokens: AccessTokenRegister,
    /// How questions run.
    pub queries: QueryExecution,
    /// What holds them back.
    pub limits: QueryLimits,
    /// What answers cost.
    pub accounting: QueryAccounting,
    /// What it knows of others while it runs.
    pub peers: PeerState,
    /// What it negotiates and transfers with partners, where the Dataspace Protocol is spoken.
    pub partner_processes: PartnerProcessesSlot,
    /// What it counts.
    pub metrics: ConnectorMetrics,
    /// The observer of its walks.
    pub(crate) observer: Arc<dyn WalkObserver>,
    /// Held as long as the participant runs; nobody else may use the folder.
    _folder_lock: std::fs::File,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// The configuration in force.
    pub fn config(&self) -> Arc<ConnectorConfig> {
        self.reloadable.config()
    }

    /// Puts another configuration in force, with the purposes and the lists that it names.
    pub fn set_config(
        &self,
        config: ConnectorConfig,
        taxonomy: Taxonomy,
        published: PublishedLists,
    ) {
        self.reloadable.reload(config, taxonomy, published);
        self.peers.workers.forget_all();
    }

    /// Who it is.
    pub fn id(&self) -> ParticipantId {
        self.reloadable.id()
    }

    /// Now, by the log's clock: never before the last record, whatever happens to the machine's. What is over stays over.
    pub fn now(&self) -> UtcTimestamp {
        self.records.log.now()
    }

    /// Microseconds on the clock that only counts, for what is done at most so often.
    pub fn ticks(&self) -> i64 {
        i64::try_from((self.clock)().mono_ns / 1000).unwrap_or(i64::MAX)
    }

    /// Refuses while the clock can't be relied on. By one that went back, what is over would be in force again. By one that
    /// jumped ahead, what is in force may be over.
    ///
    /// # Errors
    /// `CLOCK_UNTRUSTED`.
    pub fn trusted_clock(&self) -> Result<(), Refusal> {
        let sentence = match self.records.log.clock_fault() {
            None => return Ok(()),
            Some(ClockFault::WentBack) => {
                "the clock of this connector went back by more than a minute".to_owned()
            }
            Some(ClockFault::JumpedAhead { micros }) => {
                let now = self.now();
                format!(
                    "the clock of this connector jumped ahead to {}, which is not followed: without the jump it is {now}",
                    now.plus_micros(micros)
                )
            }
        };
        Err(Refusal::new(ErrorCode::ClockUntrusted, sentence))
    }

    /// An operator has looked at the clock. That is in the log before it is relied on again.
    ///
    /// # Errors
    /// When the log can't be written.
    pub fn rely_on_clock(&self) -> Result<(), Refusal> {
        if self.records.log.clock_fault().is_none() {
            return Ok(());
        }
        let looked = AuditEvent::from(ClockRecord {
            step_us: None,
            outcome: None,
            acknowledged: Some(true),
            source: "operator".to_owned(),
        });
        let _durable = self.record_now(looked)?;
        self.records.log.acknowledge_clock();
        Ok(())
    }

    /// The limits of one question.
    pub fn query_limits(&self) -> QueryResourceLimits {
        let limits = self.config().limits;
        QueryResourceLimits {
            memory: usize::try_from(limits.memory).unwrap_or(usize::MAX),
            spill: limits.spill,
            time: limits.timeout,
            cores: limits.cores,
            ..QueryResourceLimits::default()
        }
    }

    /// A slot for one question of our own people, or the refusal that there is none.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn query_permit(&self) -> Result<QueryPermit, Refusal> {
        self.limits
            .concurrency
            .take(self.config().limits.concurrent)
    }

    /// A slot for a question of a peer.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn peer_query_permit(&self, peer: &ParticipantId) -> Result<QueryPermit, Refusal> {
        self.limits
            .concurrency
            .take_for(peer, self.config().limits.concurrent)
    }

    /// A file of the state folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.config().state.join(name)
    }
}
