//! Remote queries, the interface that sends them, and their outcomes.

use crate::execute::stages::workers::QueryPlacement;
use crate::federation::provenance::Provenance;
use crate::federation::time_span::{CoveredTimeSpan, QueriedTimeSpan};
use crate::sql::cube_rewrite::EXAMPLE;
use crate::sql::functions::sketch_state::SketchKind;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use futures::stream::BoxStream;
use hansa_policy::id::{ClauseId, ContractId, DatasetId, ParticipantId, PurposeId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// SQL text for one participant. Only remote queries leave the consumer for a question.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteQuery {
    /// Number within the question, from 0.
    pub number: usize,
    /// Participant that answers, possibly the own one.
    pub participant: ParticipantId,
    /// Alias of the participant at the consumer.
    pub alias: SqlIdentifier,
    /// Datasets that the query reads, at least one, each under one contract.
    pub reads: Vec<RemoteDatasetRead>,
    /// Declared purpose of the whole question.
    pub purpose: Option<PurposeId>,
    /// One SELECT over relations of the participant, by their bare names.
    pub sql: String,
    /// Expected columns by position (`c0`, or `k0` and `p0`), with their types.
    pub schema: SchemaRef,
    /// Columns with sketch states, and their kinds. States in other columns are refused.
    pub states: BTreeMap<usize, SketchKind>,
    /// Maximum number of rows, if the text implies one. An answer with more rows is refused.
    pub at_most: Option<u64>,
    /// Minimum number of rows: one for an aggregate without keys, otherwise zero. An answer with fewer rows is refused.
    pub at_least: u64,
    /// Upper bound of the row count, according to the catalogue.
    pub most_rows: u64,
    /// Estimated bytes of these rows.
    pub most_bytes: u64,
    /// Set if `most_rows` is an estimate and no bound, as for a join.
    pub guessed: bool,
    /// Key spaces that the participant declares as its own and on which the answer relies.
    pub relies: BTreeSet<String>,
    /// Keys of other participants in the text, which restrict the fetched rows.
    pub keys: Vec<PushdownKeys>,
    /// Number of the attempt, from 0. A remote query may be sent again until its first row arrives.
    pub attempt: u32,
}

/// Values of one participant in the text for another, which restrict the fetched rows.
#[derive(Debug, Clone, PartialEq)]
pub struct PushdownKeys {
    /// Owner of the values.
    pub participant: ParticipantId,
    /// Alias of the owner at the consumer.
    pub alias: SqlIdentifier,
    /// Datasets of which the values reveal something. Their contracts permit the transfer.
    pub of: Vec<KeySourceDataset>,
    /// Number of distinct values in the text. Absent if there are none: they have not arrived, are too many, or failed to arrive.
    pub values: Option<usize>,
}

/// Dataset whose values are transferred.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySourceDataset {
    /// Id of the dataset.
    pub dataset: DatasetId,
    /// Contract under which it was queried.
    pub contract: Option<ContractId>,
    /// Clause that permits the transfer; absent if the values return to their owner.
    pub clause: Option<ClauseId>,
    /// Column with the values, including a column that a join equated with another one. Absent if the dataset only affects which
    /// values remain.
    pub column: Option<String>,
}

/// Dataset that a remote query reads.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteDatasetRead {
    /// Id of the dataset.
    pub dataset: DatasetId,
    /// Contract of the query; absent for own data under the house contract.
    pub contract: Option<ContractId>,
    /// Label of the snapshot, from the participant's answer or else from the catalogue.
    pub snapshot: String,
    /// Time that the dataset covers, if the catalogue shows it.
    pub covered: Option<CoveredTimeSpan>,
    /// Time for which the question asks, as far as its conditions say.
    pub asked: QueriedTimeSpan,
    /// Set if the contract shows cells alone. Groups may then be withheld, and totals cover the shown cells only.
    pub cells_alone: bool,
    /// Provenance to be shown below the answer.
    pub provenance: Provenance,
}

/// Rows that a participant sends.
pub struct RemoteRows {
    /// Columns as received.
    pub schema: SchemaRef,
    /// Row batches. An error ends the stream and invalidates all rows before it.
    pub batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// Metrics of the transfer.
    pub travelled: Arc<TransferMetrics>,
}

/// Metrics of a running transfer, updated by the executor.
#[derive(Debug, Default)]
pub struct TransferMetrics {
    /// Bytes of the received messages; 0 for own data.
    pub bytes: AtomicU64,
    /// Microseconds since the request.
    pub micros: AtomicU64,
    /// Labels of the snapshots that were read, once the participant has sent them.
    pub read: OnceLock<BTreeMap<DatasetId, String>>,
    /// Place of execution of own data, if there are workers.
    pub placement: OnceLock<QueryPlacement>,
}

impl std::fmt::Debug for RemoteRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteRows")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Executor of remote queries: over the network for peers, and through the own enforcement for own data.
#[async_trait]
pub trait RemoteExecutor: Send + Sync {
    /// Sends a remote query and returns when the participant starts to answer. Dropping the rows ends the remote query.
    ///
    /// # Errors
    /// The participant's refusal, or the reason why the participant is unreachable.
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal>;
}

/// Outcome of one remote query, for the lines below a result.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteQueryOutcome {
    /// Remote query that was sent.
    pub remote_query: RemoteQuery,
    /// Status of the remote query.
    pub status: RemoteQueryStatus,
    /// Number of received rows.
    pub rows: u64,
    /// Size of the rows in memory, in bytes.
    pub bytes: u64,
    /// Bytes of the received messages.
    pub travelled: u64,
    /// Time from the request to the last row.
    pub took: Duration,
    /// Place of execution of own data, if there are workers.
    pub placement: Option<QueryPlacement>,
}

/// Status of a remote query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteQueryStatus {
    /// Rows are still arriving.
    Running,
    /// All rows have arrived.
    Answered,
    /// The answer was complete before all rows were needed, as with a LIMIT.
    Enough,
    /// The query was not sent: it waited for keys of others, and there were none, so no row could match.
    NotAsked,
    /// The query failed. With `--partial` the answer lacks its rows.
    Failed(Box<Refusal>),
}

impl RemoteQueryOutcome {
    /// Updates the outcome from the transfer metrics.
    pub(super) fn apply_transfer_metrics(&mut self, metrics: &TransferMetrics) {
        self.travelled = metrics.bytes.load(Ordering::Relaxed);
        self.took = Duration::from_micros(metrics.micros.load(Ordering::Relaxed));
        self.placement = metrics.placement.get().cloned();
        let said = metrics.read.get();
        for reading in &mut self.remote_query.reads {
            if let Some(label) = said.and_then(|said| said.get(&reading.dataset)) {
                reading.snapshot.clone_from(label);
            }
        }
    }
}

impl RemoteQuery {
    /// Relations in the consumer's notation, such as `munster.bike_counts`.
    #[must_use]
    pub fn format_relations(&self) -> String {
        let names = self.reads.iter();
        let names: Vec<String> = names
            .map(|reading| reading.format_relation(&self.alias))
            .collect();
        names.join(", ")
    }

    /// Refusal of the participant with examples in the consumer's notation. The participant does not know its alias at the
    /// consumer.
    #[must_use]
    pub fn qualify_examples(&self, mut refusal: Refusal) -> Refusal {
        for help in &mut refusal.help {
            if help.starts_with(EXAMPLE) {
                for reading in &self.reads {
                    let bare = format!(" FROM {} ", reading.dataset.name);
                    *help = help.replace(
                        &bare,
                        &format!(" FROM {} ", reading.format_relation(&self.alias)),
                    );
                }
            }
        }
        refusal
    }

    /// Contracts of the remote query.
    #[must_use]
    pub fn contracts(&self) -> BTreeSet<ContractId> {
        let reads = self.reads.iter();
        reads.filter_map(|reading| reading.contract).collect()
    }

    /// Keys of other participants in the text.
    pub fn keys_sent(&self) -> impl Iterator<Item = &PushdownKeys> {
        self.keys.iter().filter(|keys| keys.values.is_some())
    }
}

impl RemoteDatasetRead {
    /// Relation in the consumer's notation, with `alias` for its owner.
    #[must_use]
    pub fn format_relation(&self, alias: &SqlIdentifier) -> String {
        format!("{alias}.{}", self.dataset.name)
    }

    /// Checks that the dataset covers less time than requested: by at least one day for dates, by more than one day for timestamps.
    #[must_use]
    pub fn falls_short(&self) -> bool {
        let covered = self.covered.as_ref();
        covered.is_some_and(|covered| covered.falls_short_of(&self.asked))
    }

    /// Checks that the question asks for a time but the coverage is unknown. Coverage is published only under contracts that show
    /// all rows.
    #[must_use]
    pub fn is_span_undeclared(&self) -> bool {
        self.covered.is_none() && !self.asked.is_any()
    }
}
