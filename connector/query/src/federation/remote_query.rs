//! What is fetched from one participant, who carries it, and how it went.

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

/// One text of SQL for one participant: the only thing that a question sends out.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteQuery {
    /// Its number within the question, from 0.
    pub number: usize,
    /// Who answers it; the own participant too.
    pub participant: ParticipantId,
    /// The alias under which the asker knows that participant.
    pub alias: SqlIdentifier,
    /// What it reads, at least one dataset, each under one contract.
    pub reads: Vec<RemoteDatasetRead>,
    /// The declared purpose of the whole question.
    pub purpose: Option<PurposeId>,
    /// One SELECT over relations of that participant, by their bare names.
    pub sql: String,
    /// What must come back: columns by position (`c0`, or `k0` and `p0`), with their types.
    pub schema: SchemaRef,
    /// Which of these columns are states, and of what kind; others are refused.
    pub states: BTreeMap<usize, SketchKind>,
    /// The most rows that a correct answer can have, where the text itself says so; more are refused.
    pub at_most: Option<u64>,
    /// The fewest rows that it can have: one for an aggregate without keys, else none; fewer are refused.
    pub at_least: u64,
    /// The most rows that the answer can have, by the catalogue.
    pub most_rows: u64,
    /// About how many bytes these would be.
    pub most_bytes: u64,
    /// Whether `most_rows` is what is expected and no bound, as of a join.
    pub guessed: bool,
    /// The spaces of keys of which the answer relies on the participant's statement that no other one has its keys.
    pub relies: BTreeSet<String>,
    /// The keys of others with which it asks for the rows alone that fit them.
    pub keys: Vec<PushdownKeys>,
    /// Which time it is sent, from 0: a remote query may be sent again as long as no row has come back.
    pub attempt: u32,
}

/// Values that one participant has brought and that go into the text for another, so that it brings the rows alone that fit.
#[derive(Debug, Clone, PartialEq)]
pub struct PushdownKeys {
    /// Whose values.
    pub participant: ParticipantId,
    /// The alias under which the asker knows that participant.
    pub alias: SqlIdentifier,
    /// The datasets of which the values tell something; their contracts let them travel.
    pub of: Vec<KeySourceDataset>,
    /// How many different ones are in the text; absent where none of these are: they are not here yet, are too many, or never
    /// came.
    pub values: Option<usize>,
}

/// A dataset whose values travel.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySourceDataset {
    /// Which.
    pub dataset: DatasetId,
    /// The contract under which it was asked.
    pub contract: Option<ContractId>,
    /// The clause that lets them; absent where they go back to whose they are.
    pub clause: Option<ClauseId>,
    /// Its column that has the values, also where a join made them equal to another's; absent where it only has a part in which
    /// values there are.
    pub column: Option<String>,
}

/// A dataset that a remote query reads.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteDatasetRead {
    /// Which.
    pub dataset: DatasetId,
    /// The contract under which it is asked; absent for own data, which the house contract rules.
    pub contract: Option<ContractId>,
    /// The label of its snapshot: what the participant said, else what the catalogue showed.
    pub snapshot: String,
    /// The time that the dataset covers, where the catalogue shows it.
    pub covered: Option<CoveredTimeSpan>,
    /// The time that the question asks for, as far as it says.
    pub asked: QueriedTimeSpan,
    /// Whether its contract shows cells alone: groups may be withheld, and totals are those of what is shown.
    pub cells_alone: bool,
    /// What is to be said of it below the answer.
    pub provenance: Provenance,
}

/// What a participant sends back.
pub struct RemoteRows {
    /// The columns as they came.
    pub schema: SchemaRef,
    /// The rows; an error ends them and makes all before it worthless.
    pub batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// How they travel.
    pub travelled: Arc<TransferMetrics>,
}

/// How rows travel, as far as they have: whoever carries them says so.
#[derive(Debug, Default)]
pub struct TransferMetrics {
    /// Bytes of the messages that brought them; none where rows stay in the house.
    pub bytes: AtomicU64,
    /// Microseconds since they were asked for.
    pub micros: AtomicU64,
    /// The labels of the snapshots that were read, once the participant has said so.
    pub read: OnceLock<BTreeMap<DatasetId, String>>,
    /// Where the own house computed them, where it has workers.
    pub placement: OnceLock<QueryPlacement>,
}

impl std::fmt::Debug for RemoteRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteRows")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Carries remote queries: over the wire to peers, and to the own gate for own data.
#[async_trait]
pub trait RemoteExecutor: Send + Sync {
    /// Asks and returns as soon as the participant has begun to answer. Dropping the rows ends the remote query.
    ///
    /// # Errors
    /// What the participant refused with, or why it could not be reached.
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal>;
}

/// How one remote query went, for the lines below a result.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteQueryOutcome {
    /// What was asked.
    pub remote_query: RemoteQuery,
    /// How far it is.
    pub status: RemoteQueryStatus,
    /// Rows that came back.
    pub rows: u64,
    /// Their bytes in memory.
    pub bytes: u64,
    /// Bytes of the messages that brought them.
    pub travelled: u64,
    /// From the moment in which they were asked for until the last of them was here.
    pub took: Duration,
    /// Where the own house computed them, where it has workers.
    pub placement: Option<QueryPlacement>,
}

/// How far a remote query is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteQueryStatus {
    /// Not all rows are here yet.
    Running,
    /// All rows are here.
    Answered,
    /// The answer was complete before all rows were needed, as under a LIMIT.
    Enough,
    /// It was not sent: it waited for keys of others, and there are none, so that no row could fit.
    NotAsked,
    /// It failed; under `--partial` the answer lacks it.
    Failed(Box<Refusal>),
}

impl RemoteQueryOutcome {
    /// Takes over what is known of the way by now.
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
    /// The relations as the asker writes them, `munster.bike_counts`.
    #[must_use]
    pub fn relations(&self) -> String {
        let names = self.reads.iter();
        let names: Vec<String> = names.map(|reading| reading.relation(&self.alias)).collect();
        names.join(", ")
    }

    /// A refusal of the participant, with examples in which its datasets have the names that the asker writes: the participant doesn't
    /// know by which name it is known.
    #[must_use]
    pub fn qualify_examples(&self, mut refusal: Refusal) -> Refusal {
        for help in &mut refusal.help {
            if help.starts_with(EXAMPLE) {
                for reading in &self.reads {
                    let bare = format!(" FROM {} ", reading.dataset.name);
                    *help =
                        help.replace(&bare, &format!(" FROM {} ", reading.relation(&self.alias)));
                }
            }
        }
        refusal
    }

    /// The contracts under which it is asked.
    #[must_use]
    pub fn contracts(&self) -> BTreeSet<ContractId> {
        let reads = self.reads.iter();
        reads.filter_map(|reading| reading.contract).collect()
    }

    /// The keys of others that are in its text.
    pub fn keys_sent(&self) -> impl Iterator<Item = &PushdownKeys> {
        self.keys.iter().filter(|keys| keys.values.is_some())
    }
}

impl RemoteDatasetRead {
    /// The relation as the asker writes it, who knows its owner as `alias`.
    #[must_use]
    pub fn relation(&self, alias: &SqlIdentifier) -> String {
        format!("{alias}.{}", self.dataset.name)
    }

    /// Whether the dataset covers less time than the question asks for: of days one that is lacking, of instants more than a
    /// day.
    #[must_use]
    pub fn falls_short(&self) -> bool {
        let covered = self.covered.as_ref();
        covered.is_some_and(|covered| covered.falls_short_of(&self.asked))
    }

    /// Whether the question asks for a time and nobody can say whether it is covered: what a dataset covers is told only
    /// where a contract shows all rows.
    #[must_use]
    pub fn is_span_undeclared(&self) -> bool {
        self.covered.is_none() && !self.asked.is_any()
    }
}
