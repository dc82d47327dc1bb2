//! Running answers, so that a withdrawal or an expulsion can cut them.

use hansa_policy::attribute::Credential;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, PurposeId, RequestId};
use hansa_policy::refusal::Refusal;
use hansa_query::execute::cancellation::{self, CancellationHandle, CancellationSignal};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// List of the running answers.
#[derive(Debug, Clone, Default)]
pub struct RunningQueries(Arc<Mutex<BTreeMap<u64, RunningQuery>>>);

#[derive(Debug)]
struct RunningQuery {
    request: RequestId,
    peer: ParticipantId,
    contracts: Vec<ContractId>,
    datasets: Vec<DatasetId>,
    credentials: Vec<Credential>,
    stop: CancellationHandle,
    /// Facts about the arrival; none for a file of open data, whose own answer has them.
    arrival: Option<QueryArrival>,
    /// Rows that left so far.
    sent_rows: Arc<AtomicU64>,
}

/// Origin of a question, for the people of this participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// Another participant.
    Peer,
    /// Person or program of this participant.
    House,
    /// Anybody, by an open view.
    Web,
}

/// Facts about the arrival of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryArrival {
    pub(crate) caller: CallerKind,
    pub(crate) purpose: Option<PurposeId>,
    /// Arrival on the monotonic clock, in microseconds.
    pub(crate) begun: i64,
}

/// Running answer, for the people of this participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAnswer {
    /// Identity of the question.
    pub request: RequestId,
    /// Participant that asks.
    pub peer: ParticipantId,
    /// Origin of the question.
    pub caller: CallerKind,
    /// Declared purpose.
    pub purpose: Option<PurposeId>,
    /// Datasets that the answer reads; empty until the question is permitted.
    pub datasets: Vec<DatasetId>,
    /// Contracts of the answer.
    pub contracts: Vec<ContractId>,
    /// Rows that left so far.
    pub rows: u64,
    /// Arrival on the monotonic clock, in microseconds.
    pub begun: i64,
}

/// Place of an answer in the list. Dropping it removes the answer.
#[derive(Debug)]
pub struct RunningQueryGuard {
    list: RunningQueries,
    key: u64,
}

impl RunningQueryGuard {
    /// Sets the contracts and datasets of this answer, as far as they are known.
    pub fn set_reads(&self, contracts: Vec<ContractId>, datasets: Vec<DatasetId>) {
        self.list.with_queries(|list| {
            if let Some(entry) = list.get_mut(&self.key) {
                entry.contracts = contracts;
                entry.datasets = datasets;
            }
        });
    }

    /// Notes the facts about the arrival of the question.
    pub(crate) fn note_arrival(&self, arrival: QueryArrival) {
        self.list.with_queries(|list| {
            if let Some(entry) = list.get_mut(&self.key) {
                entry.arrival = Some(arrival);
            }
        });
    }

    /// Counter of the rows that left. Its reader sees each message after it was reserved.
    pub(crate) fn sent_rows(&self) -> Arc<AtomicU64> {
        let counter = self.list.with_queries(|list| {
            list.get(&self.key)
                .map(|entry| Arc::clone(&entry.sent_rows))
        });
        counter.unwrap_or_default()
    }

    /// Sets the credentials on which this answer relies.
    pub(crate) fn relies_on(&self, credentials: Vec<Credential>) {
        self.list.with_queries(|list| {
            if let Some(entry) = list.get_mut(&self.key) {
                entry.credentials = credentials;
            }
        });
    }

    /// Number of running answers under a contract that were asked before this one.
    pub(crate) fn count_earlier(&self, contract: ContractId) -> u64 {
        let earlier = self.list.with_queries(|list| {
            let earlier = list.range(..self.key);
            earlier
                .filter(|(_, entry)| entry.contracts.contains(&contract))
                .count()
        });
        u64::try_from(earlier).unwrap_or(u64::MAX)
    }

    /// Cuts this answer.
    pub(crate) fn stop(&self, why: Refusal) {
        self.list.with_queries(|list| {
            if let Some(entry) = list.get(&self.key) {
                entry.stop.stop(why);
            }
        });
    }
}

impl Drop for RunningQueryGuard {
    fn drop(&mut self) {
        self.list.with_queries(|list| list.remove(&self.key));
    }
}

impl RunningQueries {
    fn with_queries<T>(&self, act: impl FnOnce(&mut BTreeMap<u64, RunningQuery>) -> T) -> T {
        let mut list = self.0.lock();
        act(&mut list)
    }

    /// Lists an answer when it is asked, before any lookup.
    ///
    /// A stop changes the state first and cuts answers afterwards. An answer therefore either sees the new state or is cut.
    pub fn register_query(
        &self,
        request: RequestId,
        peer: &ParticipantId,
        contracts: Vec<ContractId>,
    ) -> (RunningQueryGuard, CancellationSignal) {
        let (stop, watch) = cancellation::cancellation_pair();
        let key = self.with_queries(|list| {
            let key = list
                .last_key_value()
                .map_or(0, |(key, _)| key.saturating_add(1));
            list.insert(
                key,
                RunningQuery {
                    request,
                    peer: peer.clone(),
                    contracts,
                    datasets: Vec::new(),
                    credentials: Vec::new(),
                    stop,
                    arrival: None,
                    sent_rows: Arc::default(),
                },
            );
            key
        });
        let place = RunningQueryGuard {
            list: self.clone(),
            key,
        };
        (place, watch)
    }

    /// Number of running answers.
    pub fn count(&self) -> usize {
        self.with_queries(|list| list.len())
    }

    /// Running answers: question, caller and datasets.
    pub fn list(&self) -> Vec<(RequestId, ParticipantId, Vec<DatasetId>)> {
        self.with_queries(|list| {
            list.values()
                .map(|entry| (entry.request, entry.peer.clone(), entry.datasets.clone()))
                .collect()
        })
    }

    /// Running answers with their facts, the oldest first, without those before their arrival was noted.
    pub fn list_answers(&self) -> Vec<ListedAnswer> {
        self.with_queries(|list| {
            let known = list.values().filter_map(|entry| {
                let arrival = entry.arrival.as_ref()?;
                Some(ListedAnswer {
                    request: entry.request,
                    peer: entry.peer.clone(),
                    caller: arrival.caller,
                    purpose: arrival.purpose.clone(),
                    datasets: entry.datasets.clone(),
                    contracts: entry.contracts.clone(),
                    rows: entry.sent_rows.load(Ordering::Relaxed),
                    begun: arrival.begun,
                })
            });
            known.collect()
        })
    }

    /// Cuts the answers under a contract and returns their number.
    pub(crate) fn cut_contract(&self, contract: ContractId, why: &Refusal) -> usize {
        self.cut_matching(|entry| entry.contracts.contains(&contract), why)
    }

    /// Cuts the answer to one question and returns the number of cut answers.
    pub fn cut_request(&self, request: RequestId, why: &Refusal) -> usize {
        self.cut_matching(|entry| entry.request == request, why)
    }

    /// Cuts the answers of a participant, except those whose contracts all satisfy `stays`. Returns their number.
    pub(crate) fn cut_peer_under(
        &self,
        peer: &ParticipantId,
        stays: impl Fn(ContractId) -> bool,
        why: &Refusal,
    ) -> usize {
        self.cut_matching(
            |entry| {
                entry.peer == *peer
                    && (entry.contracts.is_empty()
                        || !entry.contracts.iter().all(|contract| stays(*contract)))
            },
            why,
        )
    }

    /// Cuts the answers that rely on a credential that is no longer valid.
    pub(crate) fn cut_unattested(
        &self,
        counts: impl Fn(&Credential, &ParticipantId) -> Result<(), Refusal>,
    ) {
        self.with_queries(|list| {
            for entry in list.values() {
                let each = &mut entry.credentials.iter();
                if let Err(why) = each.try_for_each(|one| counts(one, &entry.peer)) {
                    entry.stop.stop(why);
                }
            }
        });
    }

    /// Cuts the answers for whose caller and contracts `why` returns a refusal.
    pub(crate) fn cut_whoever(
        &self,
        why: impl Fn(&ParticipantId, &[ContractId]) -> Option<Refusal>,
    ) {
        self.with_queries(|list| {
            for entry in list.values() {
                if let Some(why) = why(&entry.peer, &entry.contracts) {
                    entry.stop.stop(why);
                }
            }
        });
    }

    /// Cuts all answers and returns their number.
    pub fn cut_all(&self, why: &Refusal) -> usize {
        self.cut_matching(|_| true, why)
    }

    /// Cuts the answers that read a dataset and returns their number.
    pub(crate) fn cut_dataset(&self, dataset: &DatasetId, why: &Refusal) -> usize {
        self.cut_matching(|entry| entry.datasets.contains(dataset), why)
    }

    /// Cuts those that read a dataset and are not our own people's: those of others, and what is made for anybody under a public view.
    /// Says how many.
    pub(crate) fn cut_restricted(
        &self,
        dataset: &DatasetId,
        own: &ParticipantId,
        why: &Refusal,
    ) -> usize {
        let theirs = |entry: &RunningQuery| {
            let is_own = entry.peer == *own && entry.contracts.is_empty();
            entry.datasets.contains(dataset) && !is_own
        };
        self.cut_matching(theirs, why)
    }

    fn cut_matching(&self, which: impl Fn(&RunningQuery) -> bool, why: &Refusal) -> usize {
        self.with_queries(|list| {
            let hit = list.values().filter(|entry| which(entry));
            hit.map(|entry| entry.stop.stop(why.clone())).count()
        })
    }
}
