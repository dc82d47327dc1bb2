//! Execution of questions: runtime, plan caches and running answers.

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

/// Runtime state of questions.
pub struct QueryExecution {
    /// Cached logical plans of questions that are answered here.
    pub(crate) plans: LogicalPlanCache,
    /// Cached federated plans of questions of own users.
    pub(crate) questions: FederatedQueryCache,
    /// Tables of statements that client programs have prepared.
    pub(crate) prepared_tables: PreparedTables,
    /// Runtime that executes questions.
    pub query_runtime: QueryRuntime,
    /// Intake of questions. The shutdown of the connector closes it.
    pub intake: QueryIntake,
    /// Running answers.
    pub running: RunningQueries,
    /// Answers that client programs of analysts read.
    pub client_answers: Arc<ClientAnswers>,
    /// Tasks that finish answers without a reader.
    pub background_tasks: TaskTracker,
    /// Threads of the questions; `None` after the shutdown has begun.
    pub(crate) runtime: Mutex<Option<Runtime>>,
}

crate::debug_by_name!(QueryExecution);

impl QueryExecution {
    /// Takes the threads out, once, in order to stop them.
    pub(crate) fn take_runtime(&self) -> Option<Runtime> {
        let mut runtime = self.runtime.lock();
        runtime.take()
    }
}
