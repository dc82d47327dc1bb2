//! Federated question: planned once, then sent to all participants in parallel and merged.

mod dispatch;
mod execution;
mod missing_participants;
mod physical_plan_cache;
mod planning;
mod stream;

use self::physical_plan_cache::FederatedPlanCache;
use crate::federation::key_pushdown::KeyFilter;
use crate::federation::options::QueryOptions;
use crate::federation::remote_query::RemoteQuery;
use crate::federation::remote_sql::RemoteSqlWriter;
use crate::sql::monotonicity;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Planned question. All texts for participants are fixed.
#[derive(Clone)]
pub struct FederatedQuery {
    pub(super) plan: Arc<LogicalPlan>,
    pub(super) remote_queries: Vec<Arc<RemoteQuery>>,
    pub(super) left_out: Vec<(ParticipantId, Refusal)>,
    key_filters: Arc<[KeyFilter]>,
    writer: Arc<RemoteSqlWriter>,
    pub(super) plan_cache: Arc<FederatedPlanCache>,
    options: QueryOptions,
    goes_on: bool,
    stays: bool,
    explain: bool,
}

impl FederatedQuery {
    /// Remote queries, in order.
    #[must_use]
    pub fn remote_queries(&self) -> &[Arc<RemoteQuery>] {
        &self.remote_queries
    }

    /// Checks that the statement asks for the explanation alone (`EXPLAIN SELECT …`). [`FederatedQuery::run`] then sends no remote
    /// query.
    #[must_use]
    pub const fn explains(&self) -> bool {
        self.explain
    }

    /// Columns of the answer as the plan knows them, without metadata. All columns are nullable.
    #[must_use]
    pub fn columns(&self) -> SchemaRef {
        let fields = self.plan.schema().fields();
        let columns: Vec<Field> = match self.explain {
            true => vec![Field::new("plan", DataType::Utf8, true)],
            false => fields
                .iter()
                .map(|field| Field::new(field.name(), field.data_type().clone(), true))
                .collect(),
        };
        Arc::new(Schema::new(columns))
    }

    /// Checks that the answer over new rows equals the addition to the answer. Only the local part of the plan is considered.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        self.goes_on && monotonicity::is_additive(&self.plan)
    }

    /// Checks that the answer does not change while the data stays equal: the question uses no function of the current time, and is
    /// not an EXPLAIN.
    #[must_use]
    pub const fn has_stable_answer(&self) -> bool {
        self.stays
    }

    /// Checks that the text for a participant depends on keys of another one.
    #[must_use]
    pub fn waits_for_keys(&self) -> bool {
        !self.key_filters.is_empty()
    }

    /// Participants that the answer will lack, with the reason.
    #[must_use]
    pub fn left_out(&self) -> &[(ParticipantId, Refusal)] {
        &self.left_out
    }
}

impl std::fmt::Debug for FederatedQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FederatedQuery")
            .field("remote_queries", &self.remote_queries)
            .finish_non_exhaustive()
    }
}
