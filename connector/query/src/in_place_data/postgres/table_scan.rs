//! Scan of a database table, with pushdown of columns, filters and a limit.

use super::filter_sql::render_filter;
use super::query_connections::{self, PostgresConnection, QueryConnections};
use super::row_decoder::PostgresRowDecoder;
use super::table_description::{self, RelationKind};
use super::{PostgresColumn, PostgresTable, quote_identifier};
use crate::engine_error;
use crate::in_place_data::error_detail::ErrorDetail;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::config::ConfigOptions;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    SendableRecordBatchStream,
};
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{Result, internal_err};
use futures::stream::{self, StreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use tokio_postgres::RowStream;

/// Columns of a dataset whose rows stay elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InPlaceColumns<'c> {
    /// The names and types of all columns, in the order of the source.
    pub(crate) schema: &'c SchemaRef,
    /// The places of those that are wanted; all where absent.
    pub(crate) projection: Option<&'c Vec<usize>>,
    /// The columns by which a database orders the rows.
    pub(crate) key: &'c [String],
}

/// The scan of columns of a table.
pub(crate) fn scan_table(
    table: &PostgresTable,
    columns: InPlaceColumns<'_>,
    connections: &QueryConnections,
    detail: ErrorDetail,
) -> Result<Arc<dyn ExecutionPlan>> {
    let InPlaceColumns {
        schema,
        projection,
        key,
    } = columns;
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let indices = projection.unwrap_or(&all);
    let schema = Arc::new(schema.project(indices)?);
    let columns = indices.iter().filter_map(|at| table.columns.get(*at));
    Ok(Arc::new(PostgresScanExec {
        properties: scan_properties(&schema),
        columns: columns.cloned().collect(),
        table: Arc::new(table.clone()),
        schema,
        conditions: Vec::new(),
        key: key.to_vec(),
        limit: None,
        sessions: connections.clone(),
        error_detail: detail,
    }))
}

#[derive(Clone)]
struct PostgresScanExec {
    table: Arc<PostgresTable>,
    columns: Vec<PostgresColumn>,
    schema: SchemaRef,
    conditions: Vec<String>,
    /// Columns of the sort order.
    key: Vec<String>,
    limit: Option<usize>,
    sessions: QueryConnections,
    error_detail: ErrorDetail,
    properties: Arc<PlanProperties>,
}

fn scan_properties(schema: &SchemaRef) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(Arc::clone(schema)),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Incremental,
        Boundedness::Bounded,
    ))
}

impl PostgresScanExec {
    /// SQL statement of the scan.
    fn to_sql(&self, rows: RelationKind) -> String {
        let values: Vec<String> = self.columns.iter().map(PostgresColumn::value).collect();
        let mut conditions = self.table.readable_conditions();
        conditions.extend(self.conditions.iter().cloned());
        let (before, from) = match rows {
            RelationKind::Stored => (String::new(), self.table.quoted_name()),
            // All rows are computed before the first one is sent, whatever the question selects. Otherwise an error of the question
            // could reveal hidden rows.
            RelationKind::Computed => {
                conditions.push("(SELECT count(*) FROM \"each\") >= 0".to_owned());
                let all = self
                    .table
                    .columns
                    .iter()
                    .map(|column| quote_identifier(&column.name));
                let all: Vec<String> = all.collect();
                let before = format!(
                    "WITH \"each\" AS MATERIALIZED (SELECT {} FROM {}) ",
                    all.join(", "),
                    self.table.quoted_name()
                );
                (before, "\"each\"".to_owned())
            }
        };
        let filter = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let key: Vec<String> = self.key.iter().map(|name| quote_identifier(name)).collect();
        let order = match key.is_empty() {
            true => String::new(),
            false => format!(" ORDER BY {}", key.join(", ")),
        };
        let limit = self
            .limit
            .map_or_else(String::new, |rows| format!(" LIMIT {rows}"));
        format!(
            "{before}SELECT {} FROM {from}{filter}{order}{limit}",
            values.join(", ")
        )
    }
}

impl fmt::Debug for PostgresScanExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresScanExec").finish_non_exhaustive()
    }
}

impl DisplayAs for PostgresScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresScanExec: {}", self.to_sql(RelationKind::Stored))
    }
}

impl ExecutionPlan for PostgresScanExec {
    fn name(&self) -> &'static str {
        "PostgresScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() {
            Ok(self)
        } else {
            internal_err!("a table has no children")
        }
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self {
            limit,
            ..self.clone()
        }))
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    /// Translates filters for the database where possible. The plan keeps all filters, since the database may accept more rows than
    /// the engine.
    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        offered: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let columns: Vec<&PostgresColumn> = self.columns.iter().collect();
        let kept = offered.parent_filters.iter().map(|_| PushedDown::No);
        let propagation = FilterPushdownPropagation::with_parent_pushdown_result(kept.collect());
        // A filter above the limit applies to the limited rows.
        if self.limit.is_some() {
            return Ok(propagation);
        }
        let conditions = offered
            .parent_filters
            .iter()
            .filter_map(|filter| render_filter(&filter.filter, &columns));
        let mut taken = self.clone();
        for condition in conditions {
            if !taken.conditions.contains(&condition) {
                taken.conditions.push(condition);
            }
        }
        Ok(propagation.with_updated_node(Arc::new(taken)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("a table has one partition");
        }
        let reading = PostgresScanStream {
            columns: PostgresRowDecoder::new(Arc::clone(&self.schema), self.columns.iter()),
            rows: context.session_config().batch_size(),
            stage: PostgresScanState::Asking(self.clone()),
            error_detail: self.error_detail,
        };
        let batches = stream::unfold(reading, async |mut reading| {
            let batch = reading.next().await.transpose()?;
            if batch.is_err() {
                reading.stage = PostgresScanState::Over;
            }
            let batch = batch.map_err(|refusal| {
                engine_error::wrap_refusal(reading.error_detail.redact_refusal(refusal))
            });
            Some((batch, reading))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        )))
    }
}

/// Running scan.
struct PostgresScanStream {
    columns: PostgresRowDecoder,
    rows: usize,
    stage: PostgresScanState,
    error_detail: ErrorDetail,
}

enum PostgresScanState {
    Asking(PostgresScanExec),
    Rows {
        rows: Pin<Box<RowStream>>,
        /// Connection, kept open until the last row.
        open: Arc<PostgresConnection>,
    },
    Over,
}

impl PostgresScanStream {
    async fn next(&mut self) -> std::result::Result<Option<RecordBatch>, Refusal> {
        if let PostgresScanState::Asking(scan) = &self.stage {
            let open = scan.sessions.open(&scan.table.server).await?;
            let come_about = table_description::check_published_columns(&open, &scan.table).await?;
            if !scan.key.is_empty() {
                table_description::is_still_a_key(&open, &scan.table, &scan.key).await?;
            }
            let rows = Box::pin(open.stream(&scan.to_sql(come_about)).await?);
            self.stage = PostgresScanState::Rows { rows, open };
        }
        let PostgresScanState::Rows { rows, open } = &mut self.stage else {
            return Ok(None);
        };
        let broken =
            |error: &tokio_postgres::Error| query_connections::database_error_refusal(error);
        while !self.columns.is_full(self.rows) {
            match rows.next().await {
                Some(Ok(row)) => {
                    let taken = self.columns.take_row(&row);
                    taken.map_err(|error| match error.downcast_ref() {
                        Some(error) => broken(error),
                        None => refuse_changed_value(&error),
                    })?;
                }
                Some(Err(error)) => return Err(broken(&error)),
                None => {
                    open.mark_idle();
                    self.stage = PostgresScanState::Over;
                    break;
                }
            }
        }
        if self.columns.is_empty() {
            return Ok(None);
        }
        let batch = self.columns.finish_batch();
        batch
            .map(Some)
            .map_err(|error| refuse_changed_value(&error))
    }
}

/// Refusal for a value that does not fit its column.
fn refuse_changed_value(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(name: "in_place.batch", detail = %error);
    Refusal::new(
        ErrorCode::SchemaChanged,
        "a table in place holds what it was not published with",
    )
}
