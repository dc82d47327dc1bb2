//! How questions run: where, what they were planned to, and which are under way.

use crate::answer::query_intake::QueryIntake;
use crate::answer::running_queries::RunningQueries;
use crate::question::prepared_tables::PreparedTables;
use crate::token::client_answers::ClientAnswers;
use hansa_query::federation::query_cache::FederatedQueryCache;
use hansa_query::runtime::QueryRuntime;
use hansa_query::sql::logical_plan_cache::LogicalPlanCache;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

/// Questions and their threads.
pub struct QueryExecution {
    /// What questions that were put before were planned to, to be answered here.
    pub(crate) plans: LogicalPlanCache,
    /// What questions of our own people that were put before were planned to.
    pub(crate) questions: FederatedQueryCache,
    /// The tables of statements that programs have prepared.
    pub(crate) prepared_tables: PreparedTables,
    /// Where questions run.
    pub query_runtime: QueryRuntime,
    /// The intake of questions, which the end of the connector closes.
    pub intake: QueryIntake,
    /// The answers under way.
    pub running: RunningQueries,
    /// The answers that programs of analysts read.
    pub client_answers: Arc<ClientAnswers>,
    /// What is still owed for answers that nobody reads any more.
    pub background_tasks: TaskTracker,
    /// The threads of the questions; absent from the end on.
    pub(crate) runtime: Mutex<Option<Runtime>>,
}

crate::debug_by_name!(QueryExecution);

impl QueryExecution {
    /// Takes the threads, once, to end them.
    pub(crate) fn take_runtime(&self) -> Option<Runtime> {
        let mut runtime = self.runtime.lock();
        runtime.take()
    }
}
