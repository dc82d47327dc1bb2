//! Computation of a subquery for each existing combination of its outer columns.

use super::free_columns::{OuterColumns, find_outer_columns, subquery_of};
use super::{SubqueryJoiner, cannot_join};
use crate::sql::row_number::row_number;
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchemaRef, NullEquality, Result, ScalarValue, TableReference};
use datafusion_expr::logical_plan::{
    Distinct, FetchType, Join, JoinType, Limit, LogicalPlan, LogicalPlanBuilder, SkipType,
    Subquery, Union,
};
use datafusion_expr::{Expr, ExprSchemable, SortExpr, lit};
use std::sync::Arc;

/// Distinct combinations of the outer columns, as a relation.
#[derive(Debug, Clone)]
pub(super) struct OuterValues {
    plan: LogicalPlan,
    columns: Vec<OuterColumn>,
}

/// Outer column, with its name in the computed plans.
#[derive(Debug, Clone)]
pub(super) struct OuterColumn {
    pub(super) outer: Column,
    pub(super) name: String,
}

impl OuterValues {
    /// Creates the distinct values of `outer` in `input`.
    pub(super) fn new(input: &LogicalPlan, outer: &OuterColumns, name: String) -> Result<Self> {
        let columns: Vec<OuterColumn> = outer
            .keys()
            .enumerate()
            .map(|(number, column)| OuterColumn {
                outer: column.clone(),
                name: format!("{name}_{number}"),
            })
            .collect();
        let shown = columns
            .iter()
            .map(|column| Expr::Column(column.outer.clone()).alias(column.name.clone()));
        let plan = LogicalPlanBuilder::from(input.clone())
            .project(shown.collect::<Vec<_>>())?
            .distinct()?
            .alias(name)?
            .build()?;
        Ok(Self { plan, columns })
    }

    pub(super) fn columns(&self) -> &[OuterColumn] {
        &self.columns
    }

    /// Column of a plan that carries an outer column.
    pub(super) fn column_in(&self, plan: &LogicalPlan, name: &str) -> Result<Column> {
        let schema = plan.schema();
        let (qualifier, field) = schema.qualified_field_with_unqualified_name(name)?;
        Ok(Column::new(qualifier.cloned(), field.name()))
    }

    fn columns_in(&self, plan: &LogicalPlan) -> Result<Vec<Expr>> {
        let columns = self.columns.iter();
        columns
            .map(|column| self.column_in(plan, &column.name).map(Expr::Column))
            .collect()
    }

    /// Copy of the values under other names.
    fn rename_values(&self, joiner: &mut SubqueryJoiner) -> Result<Self> {
        joiner.count_copy(&self.plan)?;
        let name = joiner.next_name();
        let columns: Vec<OuterColumn> = self
            .columns
            .iter()
            .enumerate()
            .map(|(number, column)| OuterColumn {
                outer: column.outer.clone(),
                name: format!("{name}_{number}"),
            })
            .collect();
        let shown = self.columns_in(&self.plan)?.into_iter().zip(&columns);
        let shown: Vec<Expr> = shown
            .map(|(column, renamed)| column.alias(renamed.name.clone()))
            .collect();
        let plan = LogicalPlanBuilder::from(self.plan.clone())
            .project(shown)?
            .alias(name)?
            .build()?;
        Ok(Self { plan, columns })
    }

    /// Conditions that join rows of `input` with those of `plan`, which carries the values under `name`.
    pub(super) fn equal_columns(
        &self,
        input: &LogicalPlan,
        plan: &LogicalPlan,
        name: &TableReference,
    ) -> Result<Vec<Expr>> {
        let both = Arc::new(input.schema().join(plan.schema())?);
        let mut conditions = Vec::new();
        for column in &self.columns {
            let carried = Column::new(Some(name.clone()), column.name.clone());
            let outer = Expr::Column(column.outer.clone());
            conditions.extend(equal_or_both_null(outer, Expr::Column(carried), &both)?);
        }
        Ok(conditions)
    }

    fn affects_plan(&self, plan: &LogicalPlan) -> Result<bool> {
        let outer = find_outer_columns(plan)?;
        Ok(self
            .columns
            .iter()
            .any(|column| outer.contains_key(&column.outer)))
    }

    /// Rows of `plan` for each combination of values, with the columns of the values.
    pub(super) fn apply(
        &self,
        joiner: &mut SubqueryJoiner,
        plan: LogicalPlan,
    ) -> Result<LogicalPlan> {
        if !self.affects_plan(&plan)? {
            joiner.count_copy(&self.plan)?;
            return LogicalPlanBuilder::from(self.plan.clone())
                .cross_join(plan)?
                .build();
        }
        match plan {
            LogicalPlan::Projection(projection) => {
                let names = projection.schema.columns();
                let input = self.apply(joiner, Arc::unwrap_or_clone(projection.input))?;
                let mut shown = Vec::new();
                for (expr, name) in projection.expr.into_iter().zip(names) {
                    let expr = self.bind(expr, input.schema())?;
                    shown.push(expr.unalias().alias_qualified(name.relation, name.name));
                }
                shown.extend(self.columns_in(&input)?);
                LogicalPlanBuilder::from(input).project(shown)?.build()
            }
            LogicalPlan::Filter(filter) => {
                let input = self.apply(joiner, Arc::unwrap_or_clone(filter.input))?;
                let condition = self.bind(filter.predicate, input.schema())?;
                LogicalPlanBuilder::from(input).filter(condition)?.build()
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let input = self.apply(joiner, Arc::unwrap_or_clone(alias.input))?;
                LogicalPlanBuilder::from(input).alias(alias.alias)?.build()
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let input = self.apply(joiner, Arc::unwrap_or_clone(input))?;
                LogicalPlanBuilder::from(input).distinct()?.build()
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                self.apply(joiner, Arc::unwrap_or_clone(sort.input))
            }
            LogicalPlan::Limit(limit) => self.apply_limit(joiner, limit),
            LogicalPlan::Aggregate(aggregate) => {
                let schema = Arc::clone(&aggregate.schema);
                let input = self.apply(joiner, Arc::unwrap_or_clone(aggregate.input))?;
                if matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]) {
                    return Err(cannot_join("over GROUPING SETS that names the outer row"));
                }
                let is_whole = aggregate.group_expr.is_empty();
                let mut groups = self.columns_in(&input)?;
                for group in aggregate.group_expr {
                    let name = group.schema_name().to_string();
                    groups.push(match group {
                        Expr::Column(_) => group,
                        other => self.bind(other, input.schema())?.unalias().alias(name),
                    });
                }
                let mut calls = Vec::new();
                // A duplicate group key is one column, so the aggregates are located from the end.
                let columns = schema.columns();
                let first_call = columns.len().saturating_sub(aggregate.aggr_expr.len());
                let names = columns.into_iter().skip(first_call);
                for (call, name) in aggregate.aggr_expr.into_iter().zip(names) {
                    calls.push(self.bind(call, input.schema())?.unalias().alias(name.name));
                }
                let grouped = LogicalPlanBuilder::from(input)
                    .aggregate(groups, calls.clone())?
                    .build()?;
                match is_whole {
                    true => self.with_empty_groups(joiner, grouped, &calls, &schema),
                    false => Ok(grouped),
                }
            }
            LogicalPlan::Window(window) => {
                let input = self.apply(joiner, Arc::unwrap_or_clone(window.input))?;
                let partition = self.columns_in(&input)?;
                let mut windows = Vec::new();
                for expr in window.window_expr {
                    let name = expr.schema_name().to_string();
                    let expr = self.bind(expr, input.schema())?;
                    let expr = expr.transform(|part| match part {
                        Expr::WindowFunction(mut call) => {
                            call.params.partition_by.extend(partition.iter().cloned());
                            Ok(Transformed::yes(Expr::WindowFunction(call)))
                        }
                        other => Ok(Transformed::no(other)),
                    })?;
                    windows.push(expr.data.unalias().alias(name));
                }
                LogicalPlanBuilder::from(input).window(windows)?.build()
            }
            LogicalPlan::Union(union) => {
                let mut arms = Vec::new();
                for input in union.inputs {
                    let shown = input.schema().columns().into_iter().map(Expr::Column);
                    let shown: Vec<Expr> = shown.collect();
                    let applied = self.apply(joiner, Arc::unwrap_or_clone(input))?;
                    let shown = shown.into_iter().chain(self.columns_in(&applied)?);
                    let arm = LogicalPlanBuilder::from(applied)
                        .project(shown.collect::<Vec<_>>())?
                        .build()?;
                    arms.push(Arc::new(arm));
                }
                Ok(LogicalPlan::Union(Union::try_new_with_loose_types(arms)?))
            }
            LogicalPlan::Join(join) => self.apply_join(joiner, join),
            _ => Err(cannot_join("that names the outer row in this way")),
        }
    }

    /// Adds groups for combinations without rows, which have the aggregates of an empty input.
    fn with_empty_groups(
        &self,
        joiner: &mut SubqueryJoiner,
        grouped: LogicalPlan,
        calls: &[Expr],
        schema: &DFSchemaRef,
    ) -> Result<LogicalPlan> {
        let all = self.rename_values(joiner)?;
        let input_schema = match &grouped {
            LogicalPlan::Aggregate(aggregate) => Arc::clone(aggregate.input.schema()),
            _ => return Err(cannot_join("over an aggregate of this kind")),
        };
        let found = joiner.next_name();
        let mut columns: Vec<Expr> = grouped
            .schema()
            .columns()
            .into_iter()
            .map(Expr::Column)
            .collect();
        columns.push(lit(true).alias(found.clone()));
        let marked = LogicalPlanBuilder::from(grouped)
            .project(columns)?
            .build()?;
        let both = Arc::new(all.plan.schema().join(marked.schema())?);
        let mut conditions = Vec::new();
        let renamed = all.columns_in(&all.plan)?.into_iter();
        for (own, others) in renamed.zip(self.columns_in(&marked)?) {
            conditions.extend(equal_or_both_null(own, others, &both)?);
        }
        let mut shown = Vec::new();
        for (call, column) in calls.iter().zip(schema.columns()) {
            let found = Column::new_unqualified(found.clone());
            let value = value_of_call(call, &input_schema, &Expr::Column(column.clone()), found)?;
            shown.push(value.alias_qualified(column.relation, column.name));
        }
        let carried = all.columns_in(&all.plan)?.into_iter().zip(&self.columns);
        shown.extend(carried.map(|(column, own)| column.alias(own.name.clone())));
        LogicalPlanBuilder::from(all.plan)
            .join_on(marked, JoinType::Left, conditions)?
            .project(shown)?
            .build()
    }

    /// Limits the rows of each combination of values.
    fn apply_limit(&self, joiner: &mut SubqueryJoiner, limit: Limit) -> Result<LogicalPlan> {
        let SkipType::Literal(skip) = limit.get_skip_type()? else {
            return Err(cannot_join("with an OFFSET that is no number"));
        };
        let FetchType::Literal(fetch) = limit.get_fetch_type()? else {
            return Err(cannot_join("with a LIMIT that is no number"));
        };
        self.limit_per_outer_row(joiner, Arc::unwrap_or_clone(limit.input), skip, fetch)
    }

    fn limit_per_outer_row(
        &self,
        joiner: &mut SubqueryJoiner,
        plan: LogicalPlan,
        skip: usize,
        fetch: Option<usize>,
    ) -> Result<LogicalPlan> {
        let (plan, order) = match plan {
            // Sort columns that are not in the output.
            LogicalPlan::Projection(mut projection)
                if matches!(*projection.input, LogicalPlan::Sort(_)) =>
            {
                let input = Arc::unwrap_or_clone(projection.input);
                let shown = projection.schema.columns();
                let cut = self.limit_per_outer_row(joiner, input, skip, fetch)?;
                let mut exprs = Vec::new();
                for (expr, name) in projection.expr.drain(..).zip(shown) {
                    let expr = self.bind(expr, cut.schema())?;
                    exprs.push(expr.unalias().alias_qualified(name.relation, name.name));
                }
                exprs.extend(self.columns_in(&cut)?);
                return LogicalPlanBuilder::from(cut).project(exprs)?.build();
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                (Arc::unwrap_or_clone(sort.input), sort.expr)
            }
            other => (other, Vec::new()),
        };
        let applied = self.apply(joiner, plan)?;
        let shown = applied.schema().columns();
        let mut keys = Vec::new();
        for key in order {
            keys.push(SortExpr {
                expr: self.bind(key.expr, applied.schema())?,
                ..key
            });
        }
        let number = joiner.next_name();
        let numbered = row_number(self.columns_in(&applied)?, keys)?.alias(number.clone());
        let count = |rows: usize| {
            lit(ScalarValue::UInt64(Some(
                u64::try_from(rows).unwrap_or(u64::MAX),
            )))
        };
        let place = || Expr::Column(Column::new_unqualified(number.clone()));
        let mut condition = place().gt(count(skip));
        if let Some(fetch) = fetch {
            condition = condition.and(place().lt_eq(count(skip.saturating_add(fetch))));
        }
        LogicalPlanBuilder::from(applied)
            .window(vec![numbered])?
            .filter(condition)?
            .project(shown.into_iter().map(Expr::Column))?
            .build()
    }

    fn apply_join(&self, joiner: &mut SubqueryJoiner, join: Join) -> Result<LogicalPlan> {
        let left_is_decided = self.affects_plan(&join.left)?;
        let right_is_decided = self.affects_plan(&join.right)?;
        match join.join_type {
            JoinType::Inner
            | JoinType::Left
            | JoinType::LeftSemi
            | JoinType::LeftAnti
            | JoinType::LeftMark => {}
            JoinType::Right if !left_is_decided && right_is_decided => {}
            JoinType::Right
            | JoinType::Full
            | JoinType::RightSemi
            | JoinType::RightAnti
            | JoinType::RightMark => {
                return Err(cannot_join(
                    "that names the outer row beside this kind of join",
                ));
            }
        }
        if join.null_aware {
            return Err(cannot_join(
                "that names the outer row beside this kind of join",
            ));
        }
        let shown = join.schema.columns();
        let is_right = join.join_type == JoinType::Right;
        let left = Arc::unwrap_or_clone(join.left);
        let right = Arc::unwrap_or_clone(join.right);
        // The preserved side carries the values; the other side is computed for the values if it depends on them.
        let (left, right, other) = match (is_right, right_is_decided) {
            (true, _) => (left, self.apply(joiner, right)?, None),
            (false, false) => (self.apply(joiner, left)?, right, None),
            (false, true) => {
                let other = self.rename_values(joiner)?;
                let left = self.apply(joiner, left)?;
                (left, other.apply(joiner, right)?, Some(other))
            }
        };
        let both = Arc::new(left.schema().join(right.schema())?);
        let mut conditions = Vec::new();
        for (left_key, right_key) in join.on {
            let left_key = self.bind(left_key, &both)?;
            let right_key = self.bind(right_key, &both)?;
            match join.null_equality {
                NullEquality::NullEqualsNothing => conditions.push(left_key.eq(right_key)),
                NullEquality::NullEqualsNull => {
                    conditions.extend(equal_or_both_null(left_key, right_key, &both)?);
                }
            }
        }
        if let Some(other) = &other {
            let carried = self.columns_in(&left)?.into_iter();
            for (own, others) in carried.zip(other.columns_in(&right)?) {
                conditions.extend(equal_or_both_null(own, others, &both)?);
            }
        }
        if let Some(filter) = join.filter {
            conditions.push(self.bind(filter, &both)?);
        }
        let carried = self.columns_in(if is_right { &right } else { &left })?;
        let joined = LogicalPlanBuilder::from(left)
            .join_on(right, join.join_type, conditions)?
            .build()?;
        let shown = shown.into_iter().map(Expr::Column);
        LogicalPlanBuilder::from(joined)
            .project(shown.chain(carried).collect::<Vec<_>>())?
            .build()
    }

    /// Replaces the outer columns of an expression by the carried columns of `schema`.
    fn bind(&self, expr: Expr, schema: &DFSchemaRef) -> Result<Expr> {
        let bound = expr.transform_down(|part| {
            if subquery_of(&part).is_some() {
                return self.bind_subquery(part, schema).map(Transformed::yes);
            }
            let Expr::OuterReferenceColumn(_, column) = &part else {
                return Ok(Transformed::no(part));
            };
            match self.column_of_outer(column, schema)? {
                None => Ok(Transformed::no(part)),
                Some(carried) => Ok(Transformed::new(
                    Expr::Column(carried),
                    true,
                    TreeNodeRecursion::Jump,
                )),
            }
        })?;
        Ok(bound.data)
    }

    fn column_of_outer(&self, outer: &Column, schema: &DFSchemaRef) -> Result<Option<Column>> {
        let Some(column) = self.columns.iter().find(|column| column.outer == *outer) else {
            return Ok(None);
        };
        let (qualifier, field) = schema.qualified_field_with_unqualified_name(&column.name)?;
        Ok(Some(Column::new(qualifier.cloned(), field.name())))
    }

    /// Replaces the outer columns of a nested subquery by columns of the surrounding rows.
    fn bind_subquery(&self, part: Expr, schema: &DFSchemaRef) -> Result<Expr> {
        map_subquery(part, |plan| {
            let outer = find_outer_columns(&plan)?;
            self.rename_outer(plan, &outer, schema)
        })
    }

    fn rename_outer(
        &self,
        plan: LogicalPlan,
        outer: &OuterColumns,
        schema: &DFSchemaRef,
    ) -> Result<LogicalPlan> {
        let renamed = plan.transform_down(|node| {
            let inputs: Vec<DFSchemaRef> = node
                .inputs()
                .iter()
                .map(|input| Arc::clone(input.schema()))
                .collect();
            node.map_expressions(|expr| {
                expr.transform_down(|part| {
                    if let Some(subquery) = subquery_of(&part) {
                        // Columns of the node itself are no outer columns of its subquery.
                        let inner = find_outer_columns(&subquery.subquery)?;
                        let passing = inner
                            .into_iter()
                            .filter(|(column, _)| {
                                outer.contains_key(column)
                                    && !inputs.iter().any(|input| input.has_column(column))
                            })
                            .collect();
                        let renamed =
                            map_subquery(part, |plan| self.rename_outer(plan, &passing, schema));
                        return renamed.map(Transformed::yes);
                    }
                    let Expr::OuterReferenceColumn(field, column) = &part else {
                        return Ok(Transformed::no(part));
                    };
                    if !outer.contains_key(column) {
                        return Ok(Transformed::no(part));
                    }
                    Ok(match self.column_of_outer(column, schema)? {
                        None => Transformed::no(part),
                        Some(carried) => Transformed::new(
                            Expr::OuterReferenceColumn(Arc::clone(field), carried),
                            true,
                            TreeNodeRecursion::Jump,
                        ),
                    })
                })
            })
        })?;
        Ok(renamed.data)
    }
}

/// Replaces the plan of a subquery expression.
fn map_subquery(
    part: Expr,
    change: impl FnOnce(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<Expr> {
    let change_subquery = |subquery: Subquery| -> Result<Subquery> {
        let plan = change(Arc::unwrap_or_clone(subquery.subquery))?;
        Ok(Subquery {
            subquery: Arc::new(plan),
            ..subquery
        })
    };
    Ok(match part {
        Expr::Exists(mut exists) => {
            exists.subquery = change_subquery(exists.subquery)?;
            Expr::Exists(exists)
        }
        Expr::InSubquery(mut among) => {
            among.subquery = change_subquery(among.subquery)?;
            Expr::InSubquery(among)
        }
        Expr::SetComparison(mut comparison) => {
            comparison.subquery = change_subquery(comparison.subquery)?;
            Expr::SetComparison(comparison)
        }
        Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(change_subquery(subquery)?),
        other => other,
    })
}

/// Value of an aggregate after an outer join: if the column `found` is NULL, the value for an empty input.
pub(super) fn value_of_call(
    call: &Expr,
    input: &DFSchemaRef,
    value: &Expr,
    found: Column,
) -> Result<Expr> {
    let none = match call.clone().unalias() {
        Expr::AggregateFunction(aggregate) => {
            let kind = call.get_type(input.as_ref())?;
            aggregate.func.default_value(&kind)?
        }
        _ => return Err(cannot_join("over an aggregate of this kind")),
    };
    if none.is_null() {
        return Ok(value.clone());
    }
    let is_missing = Expr::IsNull(Box::new(Expr::Column(found)));
    Ok(super::case_expr(
        vec![(is_missing, Expr::Literal(none, None))],
        value.clone(),
    ))
}

/// Conditions for the equality of two expressions, where NULL equals NULL.
///
/// The engine's null-equal join would also treat NULLs as equal in other keys that its rules add (DataFusion 55.2).
pub(crate) fn equal_or_both_null(
    left: Expr,
    right: Expr,
    schema: &DFSchemaRef,
) -> Result<Vec<Expr>> {
    if !left.nullable(schema.as_ref())? || !right.nullable(schema.as_ref())? {
        return Ok(vec![left.eq(right)]);
    }
    let some = |expr: &Expr| -> Result<Expr> {
        let value = ScalarValue::new_default(&expr.get_type(schema.as_ref())?)?;
        let values = vec![expr.clone(), Expr::Literal(value, None)];
        Ok(datafusion::functions::core::expr_fn::coalesce(values))
    };
    let is_null = |expr: &Expr| Expr::IsNull(Box::new(expr.clone()));
    Ok(vec![
        some(&left)?.eq(some(&right)?),
        is_null(&left).eq(is_null(&right)),
    ])
}
