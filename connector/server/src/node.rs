//! A participant as one value: identity, log, book, catalogue, index and everything that runs. Nothing of it is global.

pub(crate) mod aliases;
mod asked;
pub(crate) mod budget;
pub(crate) mod calls;
mod close;
pub(crate) mod entries;
pub(crate) mod groups;
pub(crate) mod guards;
pub(crate) mod heads;
pub(crate) mod index;
pub(crate) mod issued;
pub(crate) mod lists;
mod noted;
pub(crate) mod offers;
pub(crate) mod open;
pub(crate) mod paces;
pub(crate) mod people;
pub(crate) mod purse;
pub(crate) mod refusals;
pub(crate) mod releases;
pub(crate) mod running;
pub(crate) mod seats;
pub(crate) mod secret;
pub(crate) mod signs;
pub(crate) mod snapshot_checks;
pub(crate) mod state_remarks;
pub(crate) mod team;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod texts;
mod unfiled;
pub(crate) mod ways;

use crate::app::clock::Moved;
use crate::config::Config;
use crate::node::budget::Budgets;
use crate::node::calls::Calls;
use crate::node::groups::Groups;
use crate::node::heads::Heads;
use crate::node::issued::Issued;
use crate::node::offers::views::Held;
use crate::node::paces::Paces;
use crate::node::purse::Purses;
use crate::node::refusals::Refusals;
use crate::node::running::Running;
use crate::node::seats::{Seat, Seats};
use crate::node::team::Team;
use crate::node::texts::waiting::Texts;
use crate::node::ways::Ways;
use crate::walk::fact::Fact;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Evidence, Recorded};
use hansa_audit_log::time::{Clock, Time};
use hansa_audit_store::Log;
use hansa_catalog::Catalog;
use hansa_identity::mtls::TrustStore;
use hansa_identity::signature::Signer;
use hansa_policy::contract::Book;
use hansa_policy::guard::Guards;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::published::Published;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::purpose::Taxonomy;
use hansa_proto::peer::catalogue::Template;
use hansa_query::federate::kept::Questions;
use hansa_query::limits::{Limits, Room};
use hansa_query::plan::again::Plans;
use hansa_query::snapshot::shelf::Shelf;
use hansa_store::contracts::Documents;
use hansa_store::state::State;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::Notify;

/// A participant.
pub(crate) struct Node {
    /// Its clock.
    pub(crate) clock: Clock,
    /// The same, to be moved.
    pub(crate) moved: Moved,
    /// The texts of questions, beside the log: those that wait are written before the log lets go of the folder.
    pub(crate) texts: Texts,
    /// Its log.
    pub(crate) log: Log,
    /// Who stands behind pseudonyms in the log, and the reasons that people gave.
    pub(crate) people: people::People,
    /// Its documents.
    pub(crate) documents: Documents,
    /// What it believes and shows.
    pub(crate) trust: Arc<TrustStore>,
    /// Signs contracts, withdrawals and receipts.
    pub(crate) signer: RwLock<Arc<dyn Signer>>,
    /// The snapshots that are current.
    pub(crate) shelf: Shelf,
    /// What questions that were put before were planned to, to be answered here.
    pub(crate) plans: Plans,
    /// What questions of our own people that were put before were planned to.
    pub(crate) questions: Questions,
    /// Where questions run.
    pub(crate) room: Room,
    /// The answers under way.
    pub(crate) running: Running,
    /// Questions at once.
    pub(crate) seats: Seats,
    /// How fast rows leave.
    pub(crate) paces: Paces,
    /// What was spent.
    pub(crate) budgets: Budgets,
    /// What was paid beforehand, and spent of it.
    pub(crate) purses: Purses,
    /// Held while a question that is counted is admitted, so that two can't spend the same last use.
    pub(crate) counting: tokio::sync::Mutex<()>,
    /// The questions answered since the start, so that each is answered once.
    pub(crate) asked: Mutex<BTreeSet<(RequestId, ParticipantId)>>,
    /// Heads of logs, ours and others', on their way between witnesses.
    pub(crate) heads: Heads,
    /// Receipts that were issued a moment ago.
    pub(crate) issued: Issued,
    /// What each was refused in this minute.
    pub(crate) refusals: Refusals,
    /// Connections to peers.
    pub(crate) calls: Calls,
    /// Those to the own workers.
    pub(crate) team: Team,
    /// Who carries letters to them.
    pub(crate) ways: Ways,
    /// Names the schemas of its datasets, so that nobody can guess at them.
    pub(crate) schema_secret: [u8; 32],
    /// What is still owed for answers that nobody reads any more.
    pub(crate) owed: tokio_util::task::TaskTracker,
    /// Given when letters were put into the outbox.
    pub(crate) posted: Notify,
    /// Held while people are told what ends soon.
    pub(crate) noticing: tokio::sync::Mutex<()>,
    /// Held while configuration and trust are read again: a person and a new bundle may ask for it at once.
    pub(crate) reloading: Mutex<()>,
    /// Taken by whoever changes negotiations or the index, so that changes follow each other.
    pub(crate) desk: tokio::sync::Mutex<()>,
    #[cfg(test)]
    pub(crate) pauses: testing::pause::Pauses,
    config: RwLock<Arc<Config>>,
    book: RwLock<Book>,
    catalog: RwLock<Catalog>,
    taxonomy: RwLock<Arc<Taxonomy>>,
    /// What others may clone.
    templates: RwLock<Vec<Template>>,
    groups: RwLock<Arc<Groups>>,
    guards: RwLock<Arc<Guards>>,
    /// Public views that wait for two officers.
    held: RwLock<Vec<Held>>,
    published: RwLock<Arc<Published>>,
    state: Mutex<State>,
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

impl std::fmt::Debug for Node {
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

impl Node {
    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&read(&self.config))
    }

    /// Puts another configuration in force.
    pub(crate) fn set_config(&self, config: Config) {
        *write(&self.config) = Arc::new(config);
        self.team.forget_all();
    }

    /// Who it is.
    pub(crate) fn id(&self) -> ParticipantId {
        read(&self.config).participant.id.clone()
    }

    /// Now, by the log's clock: never before the last record, whatever happens to the machine's. What is over stays over.
    pub(crate) fn now(&self) -> Time {
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
            Code::ClockUntrusted,
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
        let looked = Fact::new(
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
    pub(crate) fn book<T>(&self, act: impl FnOnce(&Book) -> T) -> T {
        act(&read(&self.book))
    }

    /// Changes the book.
    pub(crate) fn book_mut<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
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

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the index, after it has taken in every durable record.
    ///
    /// # Errors
    /// When the index can't be brought up to date.
    pub(crate) fn index<T>(
        &self,
        act: impl FnOnce(&State) -> Result<T, Refusal>,
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
    pub(crate) fn glance<T>(
        &self,
        act: impl FnOnce(&State) -> Result<T, Refusal>,
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
    pub(crate) fn limits(&self) -> Limits {
        let limits = self.config().limits;
        Limits {
            memory: usize::try_from(limits.memory).unwrap_or(usize::MAX),
            spill: limits.spill,
            time: limits.timeout,
            ..Limits::default()
        }
    }

    /// A seat for one question of our own people, or the refusal that there is none.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn seat(&self) -> Result<Seat, Refusal> {
        self.seats.take(self.config().limits.concurrent)
    }

    /// A seat for a question of a peer.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS`.
    pub(crate) fn seat_for(&self, peer: &ParticipantId) -> Result<Seat, Refusal> {
        self.seats.take_for(peer, self.config().limits.concurrent)
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
pub(crate) fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut bytes);
    bytes
}

/// So many random bytes as hexadecimal digits.
pub(crate) fn fresh_text(bytes: usize) -> String {
    let random: [u8; 32] = fresh();
    random
        .iter()
        .take(bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
