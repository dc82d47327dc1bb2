//! The answer to a question over several participants, and the report on how they did.

use crate::federation::remote_query::{RemoteQueryOutcome, RemoteQueryStatus};
use crate::federation::response_check::OutcomeTracker;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::BoxStream;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;

/// The answer, as it comes.
pub struct FederatedAnswer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows. An error ends them, and all rows before it are void.
    pub batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// What can be said of the participants, at any time and at the end.
    pub report: ParticipantReport,
}

/// How the participants of a question did.
#[derive(Debug, Clone)]
pub struct ParticipantReport {
    pub(super) ledger: OutcomeTracker,
    pub(super) left_out: Vec<(ParticipantId, Refusal)>,
}

impl ParticipantReport {
    /// One for each remote query, in order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<RemoteQueryOutcome> {
        self.ledger.read()
    }

    /// Whom the answer lacks, and why: it was asked for with `--partial`.
    #[must_use]
    pub fn missing(&self) -> Vec<(ParticipantId, Refusal)> {
        let failed = self
            .ledger
            .read()
            .into_iter()
            .filter_map(|outcome| match outcome.status {
                RemoteQueryStatus::Failed(refusal) => {
                    Some((outcome.remote_query.participant, *refusal))
                }
                RemoteQueryStatus::Running
                | RemoteQueryStatus::Answered
                | RemoteQueryStatus::Enough
                | RemoteQueryStatus::NotAsked => None,
            });
        self.left_out.iter().cloned().chain(failed).collect()
    }
}

impl std::fmt::Debug for FederatedAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FederatedAnswer")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
