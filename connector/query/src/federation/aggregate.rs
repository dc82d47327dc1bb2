//! Aggregates over several participants: each participant computes partial states, which are merged here.
//!
//! An aggregate over a single participant is sent to it as a whole.

mod measure;
mod moments;
pub(super) mod partial_state;
pub(super) mod sketch;
pub(super) mod split_error;

use crate::federation::aggregate::split_error::{AggregateSplitError, format_call};
use crate::federation::fragment::RemoteFragment;
use crate::federation::key_space::separating_key_space;
use crate::federation::movable_expr::{is_movable, remove_alias};
use crate::federation::plan_union::union_plans;
use crate::federation::query_ir::{RemoteSelect, SelectBody};
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use crate::federation::remote_sql::verified_sql::VerifiedSql;
use crate::sql::functions::{min_max, sum};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{
    Aggregate, AggregateUDF, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, lit, when,
};
use datafusion::prelude::ident;
use measure::{bare_measure, of_nothing};
use moments::{cast_to_double, merge_moments_call};
use partial_state::{PartialMerge, derive_partials};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Splits an aggregate into remote queries and a merge. Returns the reason if that is not possible.
pub(super) fn split_aggregate(
    aggregate: &Aggregate,
    branches: &[RemoteFragment],
    builder: &mut RemoteQueryBuilder,
) -> Result<LogicalPlan, AggregateSplitError> {
    let input = aggregate.input.schema();
    let keys: Vec<Expr> = aggregate
        .group_expr
        .iter()
        .cloned()
        .map(remove_alias)
        .collect();
    let calls = aggregate
        .aggr_expr
        .iter()
        .cloned()
        .map(|expr| match remove_alias(expr) {
            Expr::AggregateFunction(call) => Ok(call),
            other => Err(AggregateSplitError(other.to_string())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(key) = keys.iter().find(|key| !is_movable(key)) {
        return Err(AggregateSplitError(key.to_string()));
    }
    if let Some(call) = calls
        .iter()
        .find(|call| !is_movable(&Expr::AggregateFunction((*call).clone())))
    {
        return Err(AggregateSplitError(format_call(call)));
    }
    // Groups that belong to one participant alone are complete in its answer.
    let own = separating_key_space(&keys, branches, input);
    let whole = branches.len() == 1 || own.is_some();
    let (merges, partials) = if whole {
        let whole: Vec<Expr> = calls.into_iter().map(Expr::AggregateFunction).collect();
        ((0..whole.len()).map(PartialMerge::Whole).collect(), whole)
    } else {
        let of_cells = branches.iter().any(RemoteFragment::is_base);
        derive_partials(&calls, input, of_cells)?
    };
    if whole && keys.is_empty() && partials.is_empty() {
        return Err(AggregateSplitError(
            "an aggregate without anything".to_owned(),
        ));
    }
    let merges = match branches.iter().any(RemoteFragment::is_base) {
        // Where cells are withheld a count may be NULL, and a withheld count is not 0.
        true => merges
            .into_iter()
            .map(PartialMerge::withheld_flag)
            .collect(),
        false => merges,
    };
    let mut parts = Vec::new();
    for branch in branches {
        let mut part = PartialAggregate::from_branch(branch, &keys, &partials, input, builder)?;
        part.relies.extend(own.clone());
        parts.push(part);
    }
    let strange = |error: DataFusionError| AggregateSplitError(error.to_string());
    let types = partials
        .iter()
        .map(|partial| partial.get_type(input))
        .collect::<Result<Vec<_>, _>>()
        .map_err(strange)?;
    let plans = parts
        .into_iter()
        .map(|part| part.plan(&keys, &types, input, builder))
        .collect::<Result<Vec<_>, _>>()
        .map_err(strange)?;
    merge_partials(plans, &merges, keys.len(), whole, &aggregate.schema).map_err(strange)
}

/// Partial aggregate of one branch.
struct PartialAggregate {
    query: RemoteSelect,
    text: VerifiedSql,
    /// Source of each key of the complete aggregate: a constant of this branch, or the index of a sent key.
    keys: Vec<PartialStateColumn>,
    /// Source of each partial state of the complete aggregate: a constant of this branch, or the index of a sent state.
    states: Vec<PartialStateColumn>,
    /// Index of the count that is 0 if the branch returns a row for an empty input.
    guard: Option<usize>,
    /// Key spaces as in [`RemoteFragment::relies`].
    relies: BTreeSet<String>,
}

enum PartialStateColumn {
    Constant(Expr),
    Sent(usize),
}

impl PartialAggregate {
    fn from_branch(
        branch: &RemoteFragment,
        keys: &[Expr],
        partials: &[Expr],
        input: &DFSchema,
        builder: &RemoteQueryBuilder,
    ) -> Result<Self, AggregateSplitError> {
        let relation = branch.columns();
        let mut sent = Vec::new();
        let mut own = Vec::new();
        for key in keys {
            let inside = branch
                .rewrite_expr(key, input)
                .and_then(|inside| builder.writer.simplify(inside, &relation).ok())
                .ok_or_else(|| AggregateSplitError(key.to_string()))?;
            if inside.any_column_refs() {
                own.push(PartialStateColumn::Sent(sent.len()));
                sent.push(inside);
            } else {
                own.push(PartialStateColumn::Constant(inside));
            }
        }
        let insides: Vec<Expr> = partials
            .iter()
            .map(|partial| {
                branch
                    .rewrite_expr(partial, input)
                    .ok_or_else(|| AggregateSplitError(partial.to_string()))
            })
            .collect::<Result<_, _>>()?;
        let mut states = Vec::new();
        let mut known = Vec::new();
        for inside in &insides {
            if let Some(value) = of_nothing(inside, |expr| builder.writer.simplify(expr, &relation))
            {
                known.push(PartialStateColumn::Constant(value));
                continue;
            }
            let bare = bare_measure(inside.clone(), &relation);
            // A column name does not contain casts, so `sum(m)` and `sum(CAST(m AS DOUBLE))` would have one name in a SELECT.
            let twin = insides
                .iter()
                .any(|other| other != inside && bare_measure(other.clone(), &relation) == bare);
            let sent = if twin || branch.is_base() {
                bare
            } else {
                inside.clone()
            };
            let place = states.iter().position(|state| *state == sent);
            known.push(PartialStateColumn::Sent(place.unwrap_or(states.len())));
            if place.is_none() {
                states.push(sent);
            }
        }
        // An aggregate without keys returns one row even for an empty input, whereas a grouped one returns no row.
        let guard = (sent.is_empty() && !keys.is_empty()).then_some(states.len());
        if guard.is_some() || (sent.is_empty() && states.is_empty()) {
            states.push(Expr::AggregateFunction(AggregateFunction::new_udf(
                count_udaf(),
                vec![lit(1_i64)],
                false,
                None,
                Vec::new(),
                None,
            )));
        }
        let query = RemoteSelect {
            from: branch.from.clone(),
            conjuncts: branch.conjuncts.clone(),
            body: SelectBody::Groups {
                keys: sent,
                partials: states,
            },
            limit: None,
        };
        let mut text = builder
            .writer
            .write(&query)
            .map_err(|unwritable| AggregateSplitError(unwritable.0))?;
        if branch.is_base() {
            text.schema = all_nullable(&text.schema);
        }
        Ok(Self {
            query,
            text,
            keys: own,
            states: known,
            guard,
            relies: branch.relies.clone(),
        })
    }

    fn plan(
        self,
        keys: &[Expr],
        types: &[DataType],
        input: &DFSchema,
        query_builder: &mut RemoteQueryBuilder,
    ) -> Result<LogicalPlan, DataFusionError> {
        let scan = query_builder.add_query(&self.query, self.text, &self.relies)?;
        let schema = Arc::clone(scan.schema());
        let mut outputs = Vec::new();
        for (at, (own, key)) in self.keys.into_iter().zip(keys).enumerate() {
            let expr = match own {
                PartialStateColumn::Constant(value) => value,
                PartialStateColumn::Sent(place) => ident(format!("k{place}")),
            };
            let kind = key.get_type(input)?;
            outputs.push(expr.cast_to(&kind, &schema)?.alias(format!("k{at}")));
        }
        for (at, (own, kind)) in self.states.into_iter().zip(types).enumerate() {
            let expr = match own {
                PartialStateColumn::Constant(value) => value,
                PartialStateColumn::Sent(place) => ident(format!("p{place}")),
            };
            outputs.push(expr.cast_to(kind, &schema)?.alias(format!("p{at}")));
        }
        let mut builder = LogicalPlanBuilder::from(scan);
        if let Some(guard) = self.guard {
            builder = builder.filter(ident(format!("p{guard}")).gt(lit(0_i64)))?;
        }
        builder.project(outputs)?.build()
    }
}

/// Schema with all columns nullable, since a count of withheld cells is NULL.
fn all_nullable(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields: Fields = fields
        .map(|field| Field::clone(field).with_nullable(true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// Merges partial states `p0..` with keys `k0..` into columns with the names and types of `schema`.
pub(super) fn merge_partials(
    plans: Vec<LogicalPlan>,
    merges: &[PartialMerge],
    keys: usize,
    whole: bool,
    schema: &DFSchema,
) -> Result<LogicalPlan, DataFusionError> {
    let plan = union_plans(plans)?;
    let call = |func: Arc<AggregateUDF>, at: usize| {
        Expr::AggregateFunction(AggregateFunction::new_udf(
            func,
            vec![ident(format!("p{at}"))],
            false,
            None,
            Vec::new(),
            None,
        ))
    };
    let key_names = (0..keys).map(|at| ident(format!("k{at}")));
    let mut results: Vec<Expr> = key_names.clone().collect();
    let plan = if whole {
        results.extend(merges.iter().filter_map(|merge| match merge {
            PartialMerge::Whole(at) => Some(ident(format!("p{at}"))),
            _ => None,
        }));
        plan
    } else {
        let mut states = Vec::new();
        for (at, merge) in merges.iter().enumerate() {
            let main = format!("m{at}");
            let side = format!("n{at}");
            results.push(match merge {
                PartialMerge::Whole(place) | PartialMerge::Sum(place) => {
                    states.push(call(sum::checked_sum(), *place).alias(&main));
                    ident(&main)
                }
                PartialMerge::Count(place) => {
                    states.push(call(sum::checked_sum(), *place).alias(&main));
                    when(ident(&main).is_null(), lit(0_i64)).otherwise(ident(&main))?
                }
                PartialMerge::Untold(place) => {
                    let part = ident(format!("p{place}"));
                    let untold = when(part.is_null(), lit(1_i64)).end()?;
                    states.push(call(sum::checked_sum(), *place).alias(&main));
                    states.push(count_udaf().call(vec![untold]).alias(&side));
                    let all = ident(&side).eq(lit(0_i64));
                    when(all.or(ident(&main).not_eq(lit(0_i64))), ident(&main)).end()?
                }
                PartialMerge::Min(place) => {
                    states.push(call(min_max::min_function(), *place).alias(&main));
                    ident(&main)
                }
                PartialMerge::Max(place) => {
                    states.push(call(min_max::max_function(), *place).alias(&main));
                    ident(&main)
                }
                PartialMerge::Avg { sum, count } => {
                    states.push(call(sum::checked_sum(), *sum).alias(&main));
                    states.push(call(sum::checked_sum(), *count).alias(&side));
                    ident(&main) / cast_to_double(ident(&side))
                }
                PartialMerge::Moments(kind, places) => {
                    let parts = places.iter().map(|place| ident(format!("p{place}")));
                    states.push(merge_moments_call(*kind, parts.collect()).alias(&main));
                    ident(&main)
                }
                PartialMerge::Sketch(sketch, place) => {
                    let parts = ident(format!("p{place}"));
                    states.push(sketch.merge_call(parts).alias(&main));
                    ident(&main)
                }
            });
        }
        LogicalPlanBuilder::from(plan)
            .aggregate(key_names, states)?
            .build()?
    };
    let outputs = results
        .into_iter()
        .zip(schema.iter())
        .map(|(expr, (qualifier, field))| {
            Ok(expr
                .cast_to(field.data_type(), plan.schema())?
                .alias_qualified(qualifier.cloned(), field.name()))
        })
        .collect::<Result<Vec<_>, DataFusionError>>()?;
    LogicalPlanBuilder::from(plan).project(outputs)?.build()
}
