//! Answer to a question over several participants, and a report on the participants.

use crate::federation::remote_query::{RemoteQueryOutcome, RemoteQueryStatus};
use crate::federation::response_check::OutcomeTracker;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::BoxStream;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;

/// Running federated answer.
pub struct FederatedAnswer {
    /// Columns of the answer.
    pub schema: SchemaRef,
    /// Row batches. An error ends the stream and invalidates all rows before it.
    pub batches: BoxStream<'static, Result<RecordBatch, Refusal>>,
    /// Report on the participants, available during and after the answer.
    pub report: ParticipantReport,
}

/// Outcomes of the participants of a question.
#[derive(Debug, Clone)]
pub struct ParticipantReport {
    pub(super) ledger: OutcomeTracker,
    pub(super) left_out: Vec<(ParticipantId, Refusal)>,
}

impl ParticipantReport {
    /// Outcomes of the remote queries, in order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<RemoteQueryOutcome> {
        self.ledger.read()
    }

    /// Participants whose rows the answer lacks, with the reason; only with `--partial`.
    #[must_use]
    pub fn missing_participants(&self) -> Vec<(ParticipantId, Refusal)> {
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
