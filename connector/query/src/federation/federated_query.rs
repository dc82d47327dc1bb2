//! One question: planned, then asked of all participants at once, then answered.

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

/// A planned question: what will travel is decided.
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
    /// What will travel, in order.
    #[must_use]
    pub fn remote_queries(&self) -> &[Arc<RemoteQuery>] {
        &self.remote_queries
    }

    /// Whether the text asks for the explanation alone (`EXPLAIN SELECT …`); [`FederatedQuery::run`] then asks nobody.
    #[must_use]
    pub const fn explains(&self) -> bool {
        self.explain
    }

    /// The columns of the answer, as far as the plan knows them: without metadata, and each may lack values.
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

    /// Whether the answer over what came since is what came to the answer, as far as it is put together here.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        self.goes_on && monotonicity::is_additive(&self.plan)
    }

    /// Whether it is the same answer at any time as long as nothing comes: it names no function of the moment, and asks for rows.
    #[must_use]
    pub const fn stays(&self) -> bool {
        self.stays
    }

    /// Whether the text for somebody depends on what others bring.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.key_filters.is_empty()
    }

    /// Whom the answer will lack, and why.
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
