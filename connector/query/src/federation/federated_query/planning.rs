//! Planning of a federated question: name resolution, aggregate blocks, the engine's optimizer rules, and the split into remote
//! queries.

use super::FederatedQuery;
use super::missing_participants::{ModelMemberKey, QueriedModelMember, missing_participants};
use crate::engine_error;
use crate::federation::aggregate_block;
use crate::federation::column_usage::create_probe;
use crate::federation::eager_aggregation::reduce_fetched_rows;
use crate::federation::fragmenter::split_fragments;
use crate::federation::join_order::reorder_joins;
use crate::federation::key_pushdown::key_filters;
use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::QueryCatalog;
use crate::federation::query_catalog::resolved_table::{ModelMember, ResolvedTable};
use crate::federation::remote_query::RemoteQuery;
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use crate::federation::remote_query_exec::RemoteExecPlanner;
use crate::federation::remote_query_source::RemoteQuerySource;
use crate::federation::remote_sql::RemoteSqlWriter;
use crate::federation::table::RemoteTable;
use crate::federation::table_source::{ModelTableSource, RemoteTableSource};
use crate::limits::{QueryResourceLimits, SqlStatementLimits};
use crate::model::Model;
use crate::session::{self, projection_marker};
use crate::sql::day_zone::DayZone;
use crate::sql::functions::exact_arithmetic;
use crate::sql::monotonicity;
use crate::sql::resolver::TableResolver;
use crate::sql::sound_forms::use_sound_forms;
use crate::sql::zone_lineage::zone_of_column;
use crate::sql::{PlannedStatement, plan_on_current_thread, planner_threads};
use arrow_schema::DataType;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::Transformed;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, TableSource};
use datafusion::optimizer::Optimizer;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl QueryCatalog {
    /// Plans a question. All texts for participants are fixed here, and nothing is sent.
    ///
    /// Blocks on a planner thread. `now` is the value of `now()` in the question.
    ///
    /// # Errors
    /// A refusal if the text is no query, names an unknown table or column, or needs data that a contract does not show.
    pub fn plan(
        &self,
        sql: &str,
        options: &QueryOptions,
        limits: &SqlStatementLimits,
        now: UtcTimestamp,
    ) -> Result<FederatedQuery, Refusal> {
        let (catalog, sql, options, limits) =
            (self.clone(), sql.to_owned(), options.clone(), *limits);
        planner_threads::wait_on_planner_thread(limits.planning, move || {
            plan_here(catalog, &sql, options, &limits, now)
        })
    }
}

impl QueryCatalog {
    /// Types of the numbered parameters, as far as the statement determines them.
    ///
    /// # Errors
    /// As [`QueryCatalog::plan`].
    pub fn parameter_types(
        &self,
        sql: &str,
        options: &QueryOptions,
        limits: &SqlStatementLimits,
        now: UtcTimestamp,
    ) -> Result<BTreeMap<usize, DataType>, Refusal> {
        let limits = SqlStatementLimits {
            parameters: true,
            ..*limits
        };
        let (catalog, sql, options) = (self.clone(), sql.to_owned(), options.clone());
        planner_threads::wait_on_planner_thread(limits.planning, move || {
            let state = Arc::new(session::create_session(
                &QueryResourceLimits::default(),
                Arc::default(),
                Arc::new(RemoteExecPlanner),
            ));
            let writer = Arc::new(RemoteSqlWriter::new(state, limits, now));
            let tables = Arc::new(FederatedTableResolver::new(
                &catalog, &options, &writer, None,
            ));
            let planned = tables.plan_statement(&sql, &limits, now)?;
            let types = planned.plan.get_parameter_types();
            let types = types.map_err(|error| engine_error::planning_refusal(&error))?;
            let numbered = types.into_iter().filter_map(|(name, data_type)| {
                Some((name.strip_prefix('$')?.parse().ok()?, data_type?))
            });
            Ok(numbered.collect())
        })
    }
}

/// Plans a question on the current thread.
fn plan_here(
    catalog: QueryCatalog,
    sql: &str,
    options: QueryOptions,
    limits: &SqlStatementLimits,
    now: UtcTimestamp,
) -> Result<FederatedQuery, Refusal> {
    let state = Arc::new(session::create_session(
        &QueryResourceLimits::default(),
        Arc::default(),
        Arc::new(RemoteExecPlanner),
    ));
    let writer = Arc::new(RemoteSqlWriter::new(Arc::clone(&state), *limits, now));
    catalog.check_named(&options)?;
    let probed = Arc::new(FederatedTableResolver::new(
        &catalog, &options, &writer, None,
    ));
    let mut planned = probed.plan_statement(sql, limits, now)?;
    let mut bound = probed.bound_contracts();
    let parts = probed.parts();
    let mut left_out = Vec::new();
    if !parts.is_empty() {
        let lacks = missing_participants(&planned.plan, &parts, &state)?;
        left_out = lacks.report(&parts, options.partial)?;
        let chosen = Arc::new(FederatedTableResolver::new(
            &catalog,
            &options,
            &writer,
            Some(lacks.unasked_members(&parts)),
        ));
        planned = chosen.plan_statement(sql, limits, now)?;
        bound = chosen.bound_contracts();
    }
    catalog.check_bound(&options, &bound, &left_out)?;
    // Both properties are determined by the original plan; the split into remote queries does not matter.
    let stays = !planned.explain && monotonicity::is_steady(&planned.plan);
    let goes_on = stays && monotonicity::is_additive(&planned.plan);
    let mut builder = RemoteQueryBuilder::new(writer, options.clone());
    let plan = aggregate_block::lift_blocks(planned.plan, &mut builder)
        .and_then(exact_arithmetic::replace_operators)
        .and_then(use_sound_forms)
        .and_then(session::protect_plan)
        .and_then(|plan| state.optimizer().optimize(plan, &*state, |_, _| {}))
        .and_then(projection_marker::remove_projection_marks)
        .and_then(exact_arithmetic::restore_operators)
        .and_then(|plan| arrange_joins(plan, &builder, &state))
        .and_then(|plan| split_fragments(plan, &mut builder))
        .and_then(|plan| settle_remote_queries(plan, &mut builder))
        .map_err(|error| engine_error::planning_refusal(&error))?;
    let mut remote_queries = builder.remote_queries;
    let narrowings = if options.settled {
        Vec::new()
    } else {
        key_filters(&plan, &mut remote_queries)
    };
    Ok(FederatedQuery {
        plan: Arc::new(plan),
        remote_queries,
        left_out,
        key_filters: narrowings.into(),
        writer: builder.writer,
        plan_cache: Arc::default(),
        options,
        goes_on,
        stays,
        explain: planned.explain,
    })
}

/// Plan with joins of one participant grouped first, and with fewer rows for local joins.
fn arrange_joins(
    plan: LogicalPlan,
    builder: &RemoteQueryBuilder,
    state: &SessionState,
) -> Result<LogicalPlan, DataFusionError> {
    let ordered = reorder_joins(plan, builder)?;
    let less = reduce_fetched_rows(ordered.data, builder)?;
    if !ordered.transformed && !less.transformed {
        return Ok(less.data);
    }
    // Removes columns that the new joins do not need.
    let narrow = Optimizer::with_rules(vec![Arc::new(OptimizeProjections::new())]);
    session::protect_plan(less.data)
        .and_then(|plan| narrow.optimize(plan, state, |_, _| {}))
        .and_then(projection_marker::remove_projection_marks)
}

/// Resolver of the names in one question.
struct FederatedTableResolver {
    catalog: QueryCatalog,
    options: QueryOptions,
    writer: Arc<RemoteSqlWriter>,
    /// Members of models that are not asked. `None` before that is decided: every member is then a probe.
    unasked: Option<BTreeMap<ModelMemberKey, Refusal>>,
    parts: Mutex<Vec<QueriedModelMember>>,
    /// Contracts of the resolved names.
    bound: Mutex<BTreeSet<ContractId>>,
    /// Reason why an existing name can't be queried.
    refused: Mutex<Option<Refusal>>,
}

impl FederatedTableResolver {
    fn new(
        catalog: &QueryCatalog,
        options: &QueryOptions,
        writer: &Arc<RemoteSqlWriter>,
        unasked: Option<BTreeMap<ModelMemberKey, Refusal>>,
    ) -> Self {
        Self {
            catalog: catalog.clone(),
            options: options.clone(),
            writer: Arc::clone(writer),
            unasked,
            parts: Mutex::default(),
            bound: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    fn plan_statement(
        self: &Arc<Self>,
        sql: &str,
        limits: &SqlStatementLimits,
        now: UtcTimestamp,
    ) -> Result<PlannedStatement, Refusal> {
        let tables: Arc<dyn TableResolver> = Arc::<Self>::clone(self);
        let planned = plan_on_current_thread(sql, tables, limits, now);
        let refused = self.refused.lock().take();
        let planned = match (planned, refused) {
            (Err(refusal), Some(why)) if refusal.code == ErrorCode::DatasetUnknown => Err(why),
            (planned, _) => planned,
        };
        planned.map_err(|refusal| match refusal.code {
            ErrorCode::ContractAmbiguous => self
                .catalog
                .unmentioned_contract_refusal(sql, &self.options)
                .unwrap_or(refusal),
            _ => refusal,
        })
    }

    /// Members of models that the plan contains as probes, by number.
    fn parts(&self) -> Vec<QueriedModelMember> {
        self.parts.lock().clone()
    }

    /// Contracts of the resolved names.
    fn bound_contracts(&self) -> BTreeSet<ContractId> {
        self.bound.lock().clone()
    }

    fn bind_contracts<'t>(&self, tables: impl IntoIterator<Item = &'t Arc<RemoteTable>>) {
        let contracts = tables.into_iter().filter_map(|table| table.contract);
        let mut bound = self.bound.lock();
        bound.extend(contracts);
    }

    fn resolve_table(&self, path: &[&str]) -> Result<Arc<dyn TableSource>, Refusal> {
        let source = match self.catalog.resolve_table(path, &self.options)? {
            ResolvedTable::One(table, relation) => {
                self.bind_contracts([&table]);
                return Ok(Arc::new(RemoteTableSource {
                    table,
                    relation,
                    writer: Arc::clone(&self.writer),
                }));
            }
            ResolvedTable::Model(model, parts) => match &self.unasked {
                None => self.create_probes(model, parts),
                Some(unasked) => {
                    let tables: Vec<_> = parts
                        .into_iter()
                        .filter(|part| !unasked.contains_key(&(model.name, part.key())))
                        .filter_map(|part| part.table)
                        .collect();
                    self.bind_contracts(&tables);
                    ModelTableSource::new(model, &tables, &self.writer)
                }
            },
        };
        let source = source.map_err(|error| engine_error::planning_refusal(&error))?;
        Ok(Arc::new(source))
    }

    fn create_probes(
        &self,
        model: &'static Model,
        parts: Vec<ModelMember>,
    ) -> Result<ModelTableSource, DataFusionError> {
        let mut all = self.parts.lock();
        let columns = model.schema();
        let mut branches = Vec::new();
        for part in parts {
            let dataset = part.dataset.as_ref().map(SqlIdentifier::as_str);
            branches.push(create_probe(
                all.len(),
                &columns,
                part.participant.domain(),
                dataset,
            )?);
            all.push(QueriedModelMember { model, part });
        }
        ModelTableSource::from_branches(branches, model)
    }
}

impl TableResolver for FederatedTableResolver {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        let found = self.resolve_table(path);
        match found {
            Ok(source) => Some(source),
            Err(refusal) => {
                // A participant's refusal is reported first; an unknown name is reported where the planner misses it.
                if refusal.code != ErrorCode::DatasetUnknown || refusal.participant.is_some() {
                    self.refused.lock().get_or_insert(refusal);
                }
                None
            }
        }
    }

    fn day_zone(&self, source: &dyn TableSource, column: &str) -> Option<DayZone> {
        if let Some(remote) = source.downcast_ref::<RemoteTableSource>() {
            return Some(DayZone::Of(remote.table.day_zone(column).to_owned()));
        }
        let model = source
            .downcast_ref::<ModelTableSource>()?
            .get_logical_plan()?;
        let index = model.schema().index_of_column_by_name(None, column)?;
        zone_of_column(&model, index, self)
    }
}

/// Makes each remote query occur exactly once in the plan. Unused remote queries are dropped, and one that occurs twice is sent
/// twice.
fn settle_remote_queries(
    plan: LogicalPlan,
    builder: &mut RemoteQueryBuilder,
) -> Result<LogicalPlan, DataFusionError> {
    let mut used = BTreeSet::new();
    let mut next = builder.remote_queries.len();
    let mut copies = Vec::new();
    let plan = plan
        .transform_down_with_subqueries(|node| {
            let LogicalPlan::TableScan(mut scan) = node else {
                return Ok(Transformed::no(node));
            };
            let Some(source) = scan.source.downcast_ref::<RemoteQuerySource>() else {
                return Err(engine_error::wrap_refusal(Refusal::new(
                    ErrorCode::Internal,
                    "a table of the question belongs to nobody",
                )));
            };
            if used.insert(source.remote_query.number) {
                return Ok(Transformed::no(LogicalPlan::TableScan(scan)));
            }
            let copy = Arc::new(RemoteQuery {
                number: next,
                ..RemoteQuery::clone(&source.remote_query)
            });
            used.insert(next);
            next = next.saturating_add(1);
            copies.push(Arc::clone(&copy));
            let query = Arc::clone(&source.query);
            scan.source = Arc::new(RemoteQuerySource {
                remote_query: copy,
                query,
            });
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        })?
        .data;
    builder.remote_queries.append(&mut copies);
    builder
        .remote_queries
        .retain(|remote_query| used.contains(&remote_query.number));
    Ok(plan)
}
