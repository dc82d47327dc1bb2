//! Check of the rows that participants send: schema, row count and size.

use crate::federation::options::FederatedQueryLimits;
use crate::federation::remote_query::{
    RemoteQuery, RemoteQueryOutcome, RemoteQueryStatus, RemoteRows, TransferMetrics,
};
use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use datafusion::arrow::compute::cast;
use futures::StreamExt;
use futures::stream::BoxStream;
use hansa_enforcement::canonical_float::canonical_floats;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Outcomes of a running question, one for each remote query.
#[derive(Debug, Clone)]
pub(super) struct OutcomeTracker(Arc<Mutex<Vec<RemoteQueryOutcome>>>);

impl OutcomeTracker {
    pub(super) fn new(remote_queries: &[Arc<RemoteQuery>]) -> Self {
        let outcomes = remote_queries
            .iter()
            .map(|remote_query| RemoteQueryOutcome {
                remote_query: RemoteQuery::clone(remote_query),
                status: RemoteQueryStatus::Running,
                rows: 0,
                bytes: 0,
                travelled: 0,
                took: Duration::ZERO,
                placement: None,
            })
            .collect();
        Self(Arc::new(Mutex::new(outcomes)))
    }

    pub(super) fn change(&self, number: usize, change: impl FnOnce(&mut RemoteQueryOutcome)) {
        let mut outcomes = self.0.lock();
        let found = outcomes
            .iter_mut()
            .find(|outcome| outcome.remote_query.number == number);
        if let Some(outcome) = found {
            change(outcome);
        }
    }

    pub(super) fn read(&self) -> Vec<RemoteQueryOutcome> {
        self.0.lock().clone()
    }
}

/// Checked rows of one remote query.
pub(super) type CheckedBatchStream = BoxStream<'static, Result<RecordBatch, Refusal>>;

/// Checks schema, row count and size of the rows. The first violation ends the stream.
pub(super) fn check_response(
    remote_query: &Arc<RemoteQuery>,
    rows: RemoteRows,
    bounds: &FederatedQueryLimits,
    ledger: &OutcomeTracker,
) -> Result<CheckedBatchStream, Refusal> {
    same_columns(remote_query, &rows.schema)?;
    let state = ResponseChecker {
        remote_query: Arc::clone(remote_query),
        batches: Some(rows.batches),
        rows: 0,
        bytes: 0,
        travelled: rows.travelled,
        most_rows: bounds.remote_query_rows,
        most_bytes: bounds.remote_query_bytes,
        ledger: ledger.clone(),
    };
    Ok(futures::stream::unfold(state, |mut state| async move {
        let item = state.next().await?;
        Some((item, state))
    })
    .boxed())
}

struct ResponseChecker {
    remote_query: Arc<RemoteQuery>,
    batches: Option<BoxStream<'static, Result<RecordBatch, Refusal>>>,
    rows: u64,
    bytes: u64,
    travelled: Arc<TransferMetrics>,
    most_rows: u64,
    most_bytes: u64,
    ledger: OutcomeTracker,
}

impl ResponseChecker {
    async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        let batches = self.batches.as_mut()?;
        let result = match batches.next().await {
            None if self.rows < self.remote_query.at_least => Err(Refusal::new(
                ErrorCode::PeerDataInvalid,
                "it sent fewer rows than any answer has",
            )),
            None => {
                self.batches = None;
                self.ledger.change(self.remote_query.number, |outcome| {
                    outcome.apply_transfer_metrics(&self.travelled);
                    outcome.status = RemoteQueryStatus::Answered;
                });
                return None;
            }
            Some(Ok(batch)) => self.check_batch(&batch),
            Some(Err(refusal)) => Err(refusal),
        };
        match result {
            Ok(batch) => Some(Ok(batch)),
            Err(refusal) => {
                self.batches = None;
                let refusal = with_participant_and_contract(refusal, &self.remote_query);
                self.ledger.change(self.remote_query.number, |outcome| {
                    outcome.status = RemoteQueryStatus::Failed(Box::new(refusal.clone()));
                });
                Some(Err(refusal))
            }
        }
    }

    fn check_batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Refusal> {
        same_columns(&self.remote_query, &batch.schema())?;
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        // A batch without rows counts bytes too; otherwise an endless sequence of empty batches would never reach a limit.
        let bytes = u64::try_from(batch.get_array_memory_size())
            .unwrap_or(u64::MAX)
            .max(64);
        self.rows = self.rows.saturating_add(rows);
        self.bytes = self.bytes.saturating_add(bytes);
        if self
            .remote_query
            .at_most
            .is_some_and(|most| self.rows > most)
        {
            return Err(Refusal::new(
                ErrorCode::PeerDataInvalid,
                "it sent more rows than were asked for",
            ));
        }
        if self.rows > self.most_rows || self.bytes > self.most_bytes {
            return Err(Refusal::new(
                ErrorCode::ResourceLimit,
                format!(
                    "it sent more than the {} rows or {} bytes that one part of a question may bring",
                    self.most_rows, self.most_bytes
                ),
            ));
        }
        let columns = batch
            .columns()
            .iter()
            .zip(self.remote_query.schema.fields())
            .map(|(column, field)| {
                if column.data_type() == field.data_type() {
                    Ok(canonical_floats(column))
                } else {
                    cast(column, field.data_type()).map_err(|cause| {
                        invalid_answer_refusal("a text is not valid").caused_by(cause)
                    })
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (at, state) in &self.remote_query.states {
            if let Some(column) = columns.get(*at) {
                state.check(column)?;
            }
        }
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(
            Arc::clone(&self.remote_query.schema),
            columns,
            &options,
        )
        .map_err(|cause| {
            invalid_answer_refusal("it sent NULL where none can be").caused_by(cause)
        })?;
        self.ledger.change(self.remote_query.number, |outcome| {
            outcome.rows = self.rows;
            outcome.bytes = self.bytes;
            outcome.apply_transfer_metrics(&self.travelled);
        });
        Ok(batch)
    }
}

impl Drop for ResponseChecker {
    fn drop(&mut self) {
        self.ledger.change(self.remote_query.number, |outcome| {
            if outcome.status == RemoteQueryStatus::Running {
                outcome.status = RemoteQueryStatus::Enough;
            }
        });
    }
}

/// Refusal with its participant and contract, and with names in the consumer's notation.
pub(super) fn with_participant_and_contract(
    mut refusal: Refusal,
    remote_query: &RemoteQuery,
) -> Refusal {
    for reading in &remote_query.reads {
        let (dataset, full) = (
            &reading.dataset.name,
            reading.format_relation(&remote_query.alias),
        );
        for (bare, full) in [
            (format!("`{dataset}.cube`"), format!("`{full}.cube`")),
            (format!("`{dataset}`"), format!("`{full}`")),
        ] {
            refusal.sentence = refusal.sentence.replace(&bare, &full);
            for line in &mut refusal.help {
                *line = line.replace(&bare, &full);
            }
        }
    }
    if refusal.participant.is_none() {
        refusal.participant = Some(remote_query.participant.clone());
    }
    // With several contracts only the participant can name the refusing one.
    if let (None, [reading]) = (refusal.contract, remote_query.reads.as_slice()) {
        refusal.contract = reading.contract;
    }
    refusal
}

fn same_columns(remote_query: &RemoteQuery, came: &SchemaRef) -> Result<(), Refusal> {
    if remote_query.schema.fields().len() != came.fields().len() {
        return Err(invalid_answer_refusal("it sent another number of columns"));
    }
    for (meant, came) in remote_query.schema.fields().iter().zip(came.fields()) {
        let same = meant.data_type() == came.data_type()
            || (is_text(meant.data_type()) && is_text(came.data_type()));
        if !same || meant.name() != came.name() {
            return Err(invalid_answer_refusal(&format!(
                "column `{}` came back as `{}` of another type or name",
                meant.name(),
                came.name().escape_default()
            )));
        }
    }
    Ok(())
}

fn is_text(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn invalid_answer_refusal(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::PeerDataInvalid, sentence)
}
