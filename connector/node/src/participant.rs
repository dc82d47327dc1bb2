//! Participant as one value: its records, contracts, datasets and running tasks. There is no global state.
//!
//! # Order of locks
//!
//! Take a lock only if you hold none of those below it in the list. Except for the cases listed here, no two locks are held at
//! once.
//!
//! Asynchronous locks, which may be held during a call to a peer:
//!
//! 0. `reloadable.change_lock`: each change of a file of the configuration by a command. Within it an approval takes `negotiation_lock`,
//!    and the reload takes `reload_lock`.
//! 1. `contracts.notice_lock`: one round of notices; a second round gives up. Sending a notice takes `negotiation_lock`.
//! 2. `peers.delivery_queues`, of one peer: first `taking`, then `carrying`. While messages are delivered or taken in, the peer is
//!    called (`peers.connections`, only while its map is read), its bundle, heads and messages are taken in, and heads are
//!    exchanged.
//! 4. `contracts.negotiation_lock`: each change of negotiations, members, restrictions, rulebooks and approvals. An incident
//!    statement takes `judged`. Activating a contract waits for another thread that releases its cells and takes `release_lock`.
//!    takes `judged`. Activating a contract waits for another thread that releases its cells and takes `release_lock`.
//! 5. `peers.heads`, `judged`: each change of the recorded heads.
//! 6. `accounting.charge_lock`: the admission of one counted question.
//! 7. `limits.refusals`, the window of one participant: the record of a sum.
//!
//! Locks of threads that may block:
//!
//! 8. `reloadable.reload_lock`: within it `offer_lock`, then `release_lock`, one after the other.
//! 9. `datasets.snapshots`, its lock of publications: within it `release_lock`, then `archive_lock`, one after the other.
//! 10. `datasets.offer_lock`: activation of offers and signing of public views.
//! 11. `datasets.release_lock`: the release of cells, the replacement of a snapshot, or the writing of a backup.
//! 12. `records.archive_lock`: archiving of the log, and expiry of decisions and snapshots.
//!
//! Within any of these, the log may be written, a stop begun, and one of the following taken. The following are held briefly and
//! never across an `await`. While one of them is held, only the locks named with it are taken:
//!
//! - `queries.running`: `contracts.registry`, `reloadable` and trust, to find former members of a group.
//! - `datasets.catalog`: `contracts.registry`, to show the catalog.
//! - `accounting.answered_requests`: the index, when it is full.
//! - the index of `records`: the log, to add its newest records.
//! - `records.pseudonyms` and `records.texts`: their own stores beside the log.
//! - `access_tokens`, `contracts.registry`, `reloadable`, `identity`, templates and views of `datasets`, counters of `accounting`
//!   and `limits`, maps of `peers`, `records.time_stamps`: only the clock of the log, and documents.

pub mod approval;
pub mod caller;
mod caller_pseudonym;
pub mod config_change;
pub mod config_rights;
pub mod connector_identity;
pub mod opening;
pub mod pending_approvals;
pub(crate) mod person_erasure;
pub mod pseudonyms;
pub mod reloadable_state;
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
use crate::console::console_state::ConsoleState;
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

/// Participant with its state and its running tasks.
pub struct Connector {
    /// Clock of the participant.
    pub clock: Clock,
    /// Handle that moves `clock`.
    pub adjustable_clock: AdjustableClock,
    /// Log of the participant, and the stores beside it.
    pub records: RecordKeeping,
    /// Identity of the participant.
    pub identity: ConnectorIdentity,
    /// State that can change during a reload.
    pub reloadable: ReloadableState,
    /// Datasets and offers.
    pub datasets: DatasetState,
    /// Contracts and negotiations.
    pub contracts: ContractState,
    /// Access tokens of own users.
    pub access_tokens: AccessTokenRegister,
    /// State of the console.
    pub console: ConsoleState,
    /// Execution of questions.
    pub queries: QueryExecution,
    /// Limits of questions.
    pub limits: QueryLimits,
    /// Accounting of answers.
    pub accounting: QueryAccounting,
    /// State about peers.
    pub peers: PeerState,
    /// Negotiations and transfers with partners, if the Dataspace Protocol is served.
    pub partner_processes: PartnerProcessesSlot,
    /// Metrics of the connector.
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
    /// Current configuration.
    pub fn config(&self) -> Arc<ConnectorConfig> {
        self.reloadable.config()
    }

    /// Replaces the configuration, with the purposes and lists that it names.
    pub fn set_config(
        &self,
        config: ConnectorConfig,
        taxonomy: Taxonomy,
        published: PublishedLists,
    ) {
        self.reloadable.reload(config, taxonomy, published);
        self.peers.workers.forget_all();
    }

    /// ID of the participant.
    pub fn id(&self) -> ParticipantId {
        self.reloadable.id()
    }

    /// Current time by the log's clock. It is never before the last record, even if the machine's clock goes back, so an ended
    /// contract stays ended.
    pub fn now(&self) -> UtcTimestamp {
        self.records.log.now()
    }

    /// Microseconds on the monotonic clock, for rate limits and timeouts.
    pub fn ticks(&self) -> i64 {
        i64::try_from((self.clock)().mono_ns / 1000).unwrap_or(i64::MAX)
    }

    /// Refuses while the clock is not trusted. If it went back, ended contracts would be in force again. If it jumped ahead,
    /// contracts in force may seem ended.
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

    /// Trusts the clock again after an operator has checked it. The check is recorded first.
    ///
    /// # Errors
    /// If the log can't be written.
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

    /// Limits of one question.
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

    /// Takes a slot for one question of an own user.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn query_permit(&self) -> Result<QueryPermit, Refusal> {
        self.limits
            .concurrency
            .take_for_house(self.config().limits.concurrent)
    }

    /// Takes a slot for a question of a peer.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn peer_query_permit(&self, peer: &ParticipantId) -> Result<QueryPermit, Refusal> {
        self.limits
            .concurrency
            .take_peer_slot(peer, self.config().limits.concurrent)
    }

    /// Path of a file in the state folder.
    pub fn state_file(&self, name: &str) -> PathBuf {
        self.config().state.join(name)
    }
}
