//! Writer of SQL for participants in a small canonical form. Each text is parsed back and compared before it may be sent.
//!
//! A text that does not parse back to the intended query is not sent; the caller then pushes down less and computes the rest
//! locally. The engine's conversion of whole plans to SQL sometimes loses conditions, so only expressions are converted.

mod from_order;
pub(super) mod in_lists;
mod parse_back;
pub(super) mod rendering;
pub(super) mod verified_sql;

use self::from_order::arrange_relations;
use self::parse_back::{ParseBackTables, ParsedFromSource, ParsedSelect, take_apart};
use self::rendering::render_query;
use crate::engine_error::wrap_refusal;
use crate::federation::movable_expr::{is_movable, to_bare_expr};
use crate::federation::query_ir::{
    FromItem, FromSource, RemoteSelect, SelectBody, collect_columns, to_plain_schema,
};
use crate::federation::remote_sql::verified_sql::{UnsupportedExpr, VerifiedSql};
use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::limits::SqlStatementLimits;
use crate::session::{comparison_marker, projection_marker};
use crate::sql::functions::exact_arithmetic;
use crate::sql::plan_on_current_thread;
use arrow_schema::SchemaRef;
use datafusion::common::{DFSchemaRef, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, lit};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use hansa_audit_log::time::UtcTimestamp;
use hansa_enforcement::in_set;
use hansa_policy::id::{ContractId, DatasetId};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Writer of SQL texts with the check.
pub(super) struct RemoteSqlWriter {
    state: Arc<SessionState>,
    limits: SqlStatementLimits,
    now: UtcTimestamp,
    /// Cached results for filters, since the optimizer asks for equal ones repeatedly.
    known: Mutex<BTreeMap<FilterCacheKey, bool>>,
}

type FilterCacheKey = (DatasetId, Option<ContractId>, DatasetRelation, String);

impl RemoteSqlWriter {
    /// Creates a writer with the options of `state`. Its texts are parsed within `limits`.
    pub(super) fn new(
        state: Arc<SessionState>,
        limits: SqlStatementLimits,
        now: UtcTimestamp,
    ) -> Self {
        Self {
            state,
            limits,
            now,
            known: Mutex::default(),
        }
    }

    /// Checks that the participant can filter rows by this expression.
    pub(super) fn can_filter(
        &self,
        table: &Arc<RemoteTable>,
        relation: DatasetRelation,
        filter: &Expr,
    ) -> bool {
        if !is_movable(filter) {
            return false;
        }
        let Ok(filter) = exact_arithmetic::written_expr(to_bare_expr(filter.clone())) else {
            return false;
        };
        let asked = (
            table.dataset.clone(),
            table.contract,
            relation,
            filter.to_string(),
        );
        let known = || self.known.lock();
        if let Some(answer) = known().get(&asked) {
            return *answer;
        }
        let query = RemoteSelect {
            from: vec![FromItem::from_table(Arc::clone(table), relation)],
            conjuncts: vec![filter],
            body: SelectBody::Rows {
                outputs: Vec::new(),
                order: Vec::new(),
            },
            limit: None,
        };
        let answer = self.write(&query).is_ok();
        known().insert(asked, answer);
        answer
    }

    /// Writes a query and checks that the text has the intended meaning.
    pub(super) fn write(&self, query: &RemoteSelect) -> Result<VerifiedSql, UnsupportedExpr> {
        self.write_normal(query).map(|(_, text)| text)
    }

    /// Writes a query with the check. Also returns the query in its normal form.
    pub(super) fn write_normal(
        &self,
        query: &RemoteSelect,
    ) -> Result<(RemoteSelect, VerifiedSql), UnsupportedExpr> {
        let meant = self.normalize_query(query)?;
        let sql = render_query(&meant)?;
        match self.check_meaning(&sql, &meant) {
            Some(schema) => Ok((meant, VerifiedSql { sql, schema })),
            None => {
                tracing::debug!(name: "federate.not_same", "a text does not read back the same");
                Err(UnsupportedExpr(sql))
            }
        }
    }

    /// Output schema of the text, if the text has exactly the intended meaning.
    fn check_meaning(&self, sql: &str, meant: &RemoteSelect) -> Option<SchemaRef> {
        let (read, schema) = self.read_back(sql, meant).ok()?;
        let meant = ParsedSelect::of(meant);
        (read == meant && read.list_time_types() == meant.list_time_types()).then_some(schema)
    }

    /// Simplifies an expression over these columns.
    pub(super) fn simplify(
        &self,
        expr: Expr,
        schema: &DFSchemaRef,
    ) -> Result<Expr, DataFusionError> {
        let folded = in_set::folded_in(expr, schema)?;
        let expr = exact_arithmetic::guarded_expr(folded.data, schema)?;
        let expr = comparison_marker::mark_expr(expr)?;
        let context = SimplifyContext::builder()
            .with_schema(Arc::clone(schema))
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(
                self.state.execution_props().query_execution_start_time,
            )
            .build();
        let simple = ExprSimplifier::new(context).simplify(expr)?;
        let simple = projection_marker::unmarked_expr(simple)?;
        let simple = exact_arithmetic::written_expr(simple.unalias_nested().data)?;
        if folded.transformed {
            return in_set::unfolded_in(simple);
        }
        Ok(simple)
    }

    /// Splits a condition into simplified conjuncts.
    fn simplify_conditions(
        &self,
        conditions: Vec<Expr>,
        schema: &DFSchemaRef,
    ) -> Result<Vec<Expr>, DataFusionError> {
        let mut all = Vec::new();
        for condition in conditions {
            all.extend(split_conjunction_owned(self.simplify(condition, schema)?));
        }
        Ok(all)
    }

    fn normalize_query(&self, query: &RemoteSelect) -> Result<RemoteSelect, UnsupportedExpr> {
        let RemoteSelect {
            from,
            conjuncts,
            body,
            limit,
        } = arrange_relations(query.clone());
        let schema = Arc::new(collect_columns(&from));
        let all = |exprs: Vec<Expr>| -> Result<Vec<Expr>, UnsupportedExpr> {
            exprs
                .into_iter()
                .map(|expr| {
                    let simple = self.simplify(expr.clone(), &schema);
                    simple.map_err(|_| UnsupportedExpr(expr.to_string()))
                })
                .collect()
        };
        let conditions = |conditions: Vec<Expr>| -> Result<Vec<Expr>, UnsupportedExpr> {
            let report = || conditions.first().map(ToString::to_string);
            let mut all = self
                .simplify_conditions(conditions.clone(), &schema)
                .map_err(|_| UnsupportedExpr(report().unwrap_or_default()))?;
            all.retain(|condition| *condition != lit(true));
            Ok(all)
        };
        let body = match body {
            SelectBody::Rows { outputs, order } => SelectBody::Rows {
                outputs: if outputs.is_empty() {
                    vec![lit(1_i64)]
                } else {
                    all(outputs)?
                },
                order,
            },
            SelectBody::Groups { keys, partials } => SelectBody::Groups {
                keys: all(keys)?,
                partials: all(partials)?,
            },
        };
        let from = from
            .into_iter()
            .map(|item| {
                let on = conditions(item.on)?;
                Ok(FromItem { on, ..item })
            })
            .collect::<Result<_, UnsupportedExpr>>()?;
        Ok(RemoteSelect {
            from,
            conjuncts: conditions(conjuncts)?,
            body,
            limit,
        })
    }

    fn read_back(
        &self,
        sql: &str,
        meant: &RemoteSelect,
    ) -> Result<(ParsedSelect, SchemaRef), DataFusionError> {
        let known = Arc::new(ParseBackTables::of(meant));
        let plan = plan_on_current_thread(sql, known, &self.limits, self.now)
            .map_err(wrap_refusal)?
            .plan;
        let read = take_apart(&plan).ok_or_else(changed_shape_error)?;
        Ok((
            self.simplify_select(read, meant)?,
            to_plain_schema(plan.schema()),
        ))
    }

    /// Simplifies the parsed query over the columns of the intended one.
    fn simplify_select(
        &self,
        mut read: ParsedSelect,
        meant: &RemoteSelect,
    ) -> Result<ParsedSelect, DataFusionError> {
        let schema = Arc::new(collect_columns(&meant.from));
        if read.items.len() != meant.from.len() {
            return Err(changed_shape_error());
        }
        for (item, meant) in read.items.iter_mut().zip(&meant.from) {
            item.on = self.simplify_conditions(std::mem::take(&mut item.on), &schema)?;
            item.on.sort_by_key(ToString::to_string);
            if let (ParsedFromSource::Select(inner), FromSource::Inner(meant)) =
                (&mut item.source, &meant.source)
            {
                let read = std::mem::take(&mut **inner);
                **inner = self.simplify_select(read, &meant.select)?;
            }
        }
        let simplify = |exprs: Vec<Expr>| -> Result<Vec<Expr>, DataFusionError> {
            exprs
                .into_iter()
                .map(|expr| self.simplify(expr, &schema))
                .collect()
        };
        read.conjuncts = self.simplify_conditions(read.conjuncts, &schema)?;
        read.outputs = simplify(read.outputs)?;
        read.keys = read.keys.map(simplify).transpose()?;
        Ok(read)
    }
}

fn changed_shape_error() -> DataFusionError {
    DataFusionError::Plan("another shape than was written".to_owned())
}

#[cfg(test)]
mod tests;
