//! Row batches of a running answer, counted against its limits.

pub mod frames;
pub mod sealed_answer;

use crate::execute::cancellation::CancellationSignal;
use crate::execute::started_plan::StartedPlan;
use crate::runtime::QueryMemoryPool;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use hansa_audit_log::ledger::RecordReceipt;
use hansa_policy::decision::quota_budget::RowLimit;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;

/// Running answer to one question. Dropping it stops the execution.
pub struct QueryAnswer {
    schema: SchemaRef,
    source: StartedPlan,
    opened: Option<RecordReceipt>,
    request: RequestId,
    rows: u64,
    rows_limit: u64,
    clause: Option<RowLimit>,
    watch: CancellationSignal,
    done: bool,
}

impl QueryAnswer {
    pub(crate) const fn new(
        schema: SchemaRef,
        source: StartedPlan,
        opened: RecordReceipt,
        request: RequestId,
        rows_limit: u64,
        clause: Option<RowLimit>,
        watch: CancellationSignal,
    ) -> Self {
        Self {
            schema,
            source,
            opened: Some(opened),
            request,
            rows: 0,
            rows_limit,
            clause,
            watch,
            done: false,
        }
    }

    /// Schema of the batches.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Identity of the question.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// Peak memory of the operators, in reserved bytes.
    #[must_use]
    pub fn peak_memory(&self) -> usize {
        match &self.source {
            StartedPlan::Ready(_) => 0,
            StartedPlan::Running { pool, .. } => QueryMemoryPool::peak(pool),
        }
    }

    /// Next batch, or `None` after the last one. The answer ends after an error.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, Refusal>> {
        if self.done {
            return None;
        }
        let next = self.source.next(&mut self.watch).await;
        let checked = match next {
            Some(Ok(batch)) => Some(self.check_row_limit(batch)),
            other => other,
        };
        if !matches!(checked, Some(Ok(_))) {
            self.end();
        }
        checked
    }

    fn check_row_limit(&mut self, batch: RecordBatch) -> Result<RecordBatch, Refusal> {
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        self.rows = self.rows.saturating_add(rows);
        if self.rows <= self.rows_limit {
            return Ok(batch);
        }
        let refusal = Refusal::new(
            ErrorCode::ResultTooLarge,
            format!("the answer has more than {} rows", self.rows_limit),
        )
        .with_help("add a filter or a LIMIT");
        Err(match self.clause {
            None => refusal,
            Some(RowLimit {
                contract,
                clause,
                rows,
            }) => refusal
                .with_contract(contract)
                .with_clause(clause, format!("answers of at most {rows} rows")),
        })
    }

    fn end(&mut self) {
        self.done = true;
        self.source.end();
    }

    /// Ends the answer and returns the receipt of its log entry, which must still be closed. Returns `None` on later calls.
    pub(crate) fn close(&mut self) -> Option<RecordReceipt> {
        self.end();
        self.opened.take()
    }
}

impl Drop for QueryAnswer {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for QueryAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryAnswer")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
