//! How questions run: where, what they were planned to, and which are under way.

use crate::participant::client_answers::ClientAnswers;
use crate::participant::prepared_tables::PreparedTables;
use crate::participant::query_intake::QueryIntake;
use crate::participant::running_queries::RunningQueries;
use hansa_query::federation::query_cache::FederatedQueryCache;
use hansa_query::runtime::QueryRuntime;
use hansa_query::sql::logical_plan_cache::LogicalPlanCache;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

/// Questions and their threads.
pub(crate) struct QueryExecution {
    /// What questions that were put before were planned to, to be answered here.
    pub(crate) plans: LogicalPlanCache,
    /// What questions of our own people that were put before were planned to.
    pub(crate) questions: FederatedQueryCache,
    /// The tables of statements that programs have prepared.
    pub(crate) prepared_tables: PreparedTables,
    /// Where questions run.
    pub(crate) query_runtime: QueryRuntime,
    /// The intake of questions, which the end of the connector closes.
    pub(crate) intake: QueryIntake,
    /// The answers under way.
    pub(crate) running: RunningQueries,
    /// The answers that programs of analysts read.
    pub(crate) client_answers: Arc<ClientAnswers>,
    /// What is still owed for answers that nobody reads any more.
    pub(crate) background_tasks: TaskTracker,
    /// The threads of the questions; absent from the end on.
    pub(super) runtime: Mutex<Option<Runtime>>,
}

impl QueryExecution {
    /// Takes the threads, once, to end them.
    pub(super) fn take_runtime(&self) -> Option<Runtime> {
        let mut runtime = self.runtime.lock();
        runtime.take()
    }
}
