//! Collection of the remote queries of a plan.

use crate::federation::fragment::RemoteFragment;
use crate::federation::options::QueryOptions;
use crate::federation::query_ir::{FromSource, RemoteSelect, SelectBody, relation_places};
use crate::federation::remote_query::{RemoteDatasetRead, RemoteQuery};
use crate::federation::remote_query_source::RemoteQuerySource;
use crate::federation::remote_sql::RemoteSqlWriter;
use crate::federation::remote_sql::verified_sql::VerifiedSql;
use crate::federation::row_estimate;
use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::federation::time_span::{CoveredTimeSpan, QueriedTimeSpan};
use crate::sql::functions::sketch_state::SketchKind;
use datafusion::common::{DataFusionError, TableReference};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use hansa_catalog::query_view::ViewShape;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Builder that collects the remote queries of a question.
pub(super) struct RemoteQueryBuilder {
    /// Writer of the SQL texts.
    pub(super) writer: Arc<RemoteSqlWriter>,
    /// Options of the question.
    pub(super) options: QueryOptions,
    /// Remote queries so far.
    pub(super) remote_queries: Vec<Arc<RemoteQuery>>,
    /// Cached fragments of plan parts, which are requested repeatedly.
    parts: RefCell<HashMap<LogicalPlan, Option<Vec<RemoteFragment>>>>,
}

impl RemoteQueryBuilder {
    /// Creates an empty builder.
    pub(super) fn new(writer: Arc<RemoteSqlWriter>, options: QueryOptions) -> Self {
        Self {
            writer,
            options,
            remote_queries: Vec::new(),
            parts: RefCell::default(),
        }
    }

    /// Cached fragments of a plan part, if the part was analysed before.
    pub(super) fn cached_fragments(
        &self,
        part: &LogicalPlan,
    ) -> Option<Option<Vec<RemoteFragment>>> {
        self.parts.borrow().get(part).cloned()
    }

    /// Caches the fragments of a plan part.
    pub(super) fn cache_fragments(&self, part: &LogicalPlan, found: Option<Vec<RemoteFragment>>) {
        self.parts.borrow_mut().insert(part.clone(), found);
    }

    /// Adds a remote query and returns the plan node that reads its rows.
    pub(super) fn add_query(
        &mut self,
        query: &RemoteSelect,
        text: VerifiedSql,
        relies: &BTreeSet<String>,
    ) -> Result<LogicalPlan, DataFusionError> {
        let tables = query.tables();
        let Some((first, _)) = tables.first() else {
            return Err(DataFusionError::Plan(
                "a remote query without a table".to_owned(),
            ));
        };
        let single = matches!(&query.body, SelectBody::Groups { keys, .. } if keys.is_empty());
        let at_most = if single {
            Some(1)
        } else {
            query.limit.and_then(|limit| u64::try_from(limit).ok())
        };
        let RemoteRowEstimate {
            rows,
            read,
            guessed,
        } = estimate_rows(query, first);
        // A row count of 0 means that the participant does not publish it.
        let most_rows = match (at_most, rows) {
            (Some(limit), 0) => limit,
            (Some(limit), rows) => limit.min(rows),
            (None, rows) => rows,
        };
        let number = self.remote_queries.len();
        let remote_query = Arc::new(RemoteQuery {
            number,
            participant: first.dataset.owner.clone(),
            alias: first.alias.clone(),
            reads: tables
                .iter()
                .map(|(table, relation)| describe_dataset_read(query, table, *relation))
                .collect(),
            purpose: self.options.purpose.clone(),
            sql: text.sql,
            most_bytes: row_estimate::estimate_transfer_bytes(
                text.schema.fields(),
                most_rows,
                read,
            ),
            schema: text.schema,
            states: find_state_columns(&query.body),
            at_most,
            at_least: u64::from(single),
            most_rows,
            guessed,
            relies: relies.clone(),
            keys: Vec::new(),
            attempt: 0,
        });
        self.remote_queries.push(Arc::clone(&remote_query));
        let name = TableReference::partial("hansa", format!("remote_{number}"));
        let query = Arc::new(query.clone());
        LogicalPlanBuilder::scan(
            name,
            Arc::new(RemoteQuerySource {
                remote_query,
                query,
            }),
            None,
        )?
        .build()
    }
}

/// Estimate for the result of a query.
struct RemoteRowEstimate {
    /// Number of result rows.
    rows: u64,
    /// Number of rows read for the result.
    read: u64,
    /// Set if the number is an estimate. For one relation its row count is an upper bound.
    guessed: bool,
}

fn estimate_rows(query: &RemoteSelect, first: &RemoteTable) -> RemoteRowEstimate {
    if let [item] = query.from.as_slice()
        && matches!(item.source, FromSource::Table(..))
    {
        return RemoteRowEstimate {
            rows: first.rows,
            read: first.rows,
            guessed: false,
        };
    }
    RemoteRowEstimate {
        rows: row_estimate::to_row_count(row_estimate::estimate_select_rows(query)),
        read: row_estimate::to_row_count(row_estimate::estimate_read_rows(query)),
        guessed: true,
    }
}

/// Output columns of a query that hold sketch states.
fn find_state_columns(body: &SelectBody) -> BTreeMap<usize, SketchKind> {
    let SelectBody::Groups { keys, partials } = body else {
        return BTreeMap::new();
    };
    let all = (keys.len()..).zip(partials);
    let states = all.filter_map(|(at, partial)| match partial {
        Expr::AggregateFunction(call) => {
            Some((at, SketchKind::from_function_name(call.func.name())?))
        }
        _ => None,
    });
    states.collect()
}

fn describe_dataset_read(
    query: &RemoteSelect,
    table: &RemoteTable,
    relation: DatasetRelation,
) -> RemoteDatasetRead {
    let mut spans = Vec::new();
    collect_time_spans(query, table, relation, &mut spans);
    RemoteDatasetRead {
        dataset: table.dataset.clone(),
        contract: table.contract,
        snapshot: table.snapshot.clone(),
        covered: table.covered.clone(),
        asked: QueriedTimeSpan::unite_spans(&spans),
        cells_alone: matches!(table.shape, ViewShape::Cube { .. }),
        provenance: table.provenance.clone(),
    }
}

/// Time spans that the conditions leave for a table, for each position at which it is read.
fn collect_time_spans(
    query: &RemoteSelect,
    table: &RemoteTable,
    relation: DatasetRelation,
    spans: &mut Vec<QueriedTimeSpan>,
) {
    for (at, item) in query.from.iter().enumerate() {
        match &item.source {
            FromSource::Table(other, kind)
                if other.dataset == table.dataset && *kind == relation =>
            {
                let own =
                    |expr: &&Expr| query.from.len() == 1 || relation_places(expr).iter().eq([&at]);
                let all = query.conjuncts.iter().chain(&item.on);
                let all: Vec<Expr> = all.filter(own).cloned().collect();
                let columns = table.covered.as_ref().map(CoveredTimeSpan::columns);
                spans.push(QueriedTimeSpan::from_conjuncts(&all, columns));
            }
            FromSource::Table(..) => {}
            FromSource::Inner(inner) => collect_time_spans(&inner.select, table, relation, spans),
        }
    }
}
