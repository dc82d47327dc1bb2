//! Subqueries with outer columns in their conditions and outputs alone.

use super::free_columns::{contains_subquery, find_outer_columns};
use datafusion_common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion_common::{Column, DFSchema, Result, TableReference};
use datafusion_expr::Expr;
use datafusion_expr::logical_plan::{
    Distinct, FetchType, Filter, LogicalPlan, LogicalPlanBuilder, SkipType,
};
use datafusion_expr::utils::{conjunction, split_conjunction_owned};
use std::sync::Arc;

/// Use of a subquery's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainUse {
    /// Existence of a row.
    Existence,
    /// Distinct values of the first column.
    Values,
}

/// Subquery as uncorrelated rows, with conditions over these and the outer rows.
#[derive(Debug)]
pub(super) struct PlainSubquery {
    /// Rows without outer columns.
    pub(super) base: LogicalPlan,
    /// Conditions over columns of `base` and outer columns.
    pub(super) conditions: Vec<Expr>,
    /// First column of the subquery, over columns of `base` and outer columns.
    pub(super) value: Expr,
}

impl PlainSubquery {
    /// Converts a subquery to this form, if possible.
    pub(super) fn from_plan(plan: &LogicalPlan, used: PlainUse) -> Result<Option<Self>> {
        let Some(rows) = PlainRows::from_plan(plan, Some(used))? else {
            return Ok(None);
        };
        let Some((_, value)) = rows.columns.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(Self {
            base: rows.base,
            conditions: rows.conditions,
            value,
        }))
    }
}

/// Rows and conditions, with all columns.
#[derive(Debug)]
pub(super) struct PlainRows {
    pub(super) base: LogicalPlan,
    pub(super) conditions: Vec<Expr>,
    /// Columns of the plan, each as an expression over columns of `base` and outer columns.
    pub(super) columns: Vec<(Column, Expr)>,
}

impl PlainRows {
    /// Converts a plan to this form, if possible. If `used` is given, duplicates and order do not matter, so DISTINCT and ORDER BY
    /// are removed.
    pub(super) fn from_plan(plan: &LogicalPlan, used: Option<PlainUse>) -> Result<Option<Self>> {
        if find_outer_columns(plan)?.is_empty() {
            return Ok(Some(Self::from_base_plan(plan)));
        }
        match plan {
            LogicalPlan::SubqueryAlias(alias) => {
                let rows = Self::from_plan(&alias.input, used)?;
                Ok(rows.map(|rows| rows.rename_columns(plan.schema())))
            }
            LogicalPlan::Projection(projection) => {
                let Some(rows) = Self::from_plan(&projection.input, used)? else {
                    return Ok(None);
                };
                let mut columns = Vec::new();
                let names = projection.schema.columns();
                for (name, expr) in names.into_iter().zip(&projection.expr) {
                    if contains_subquery(expr)? {
                        return Ok(None);
                    }
                    columns.push((name, rows.over_base(expr.clone().unalias())?));
                }
                Ok(Some(Self { columns, ..rows }))
            }
            LogicalPlan::Filter(filter) => Self::of_filter(filter, used),
            LogicalPlan::Distinct(Distinct::All(input)) if used.is_some() => {
                Self::from_plan(input, used)
            }
            LogicalPlan::Aggregate(aggregate)
                if used.is_some()
                    && aggregate.aggr_expr.is_empty()
                    && !aggregate.group_expr.is_empty() =>
            {
                let Some(rows) = Self::from_plan(&aggregate.input, used)? else {
                    return Ok(None);
                };
                let mut columns = Vec::new();
                let names = aggregate.schema.columns();
                for (name, expr) in names.into_iter().zip(&aggregate.group_expr) {
                    if matches!(expr, Expr::GroupingSet(_)) || contains_subquery(expr)? {
                        return Ok(None);
                    }
                    columns.push((name, rows.over_base(expr.clone())?));
                }
                Ok(Some(Self { columns, ..rows }))
            }
            LogicalPlan::Sort(sort) if used.is_some() && sort.fetch.is_none() => {
                Self::from_plan(&sort.input, used)
            }
            LogicalPlan::Limit(limit) if used == Some(PlainUse::Existence) => {
                let skips = matches!(limit.get_skip_type()?, SkipType::Literal(0));
                let fetches = match limit.get_fetch_type()? {
                    FetchType::Literal(fetch) => fetch != Some(0),
                    FetchType::UnsupportedExpr => false,
                };
                match skips && fetches {
                    true => Self::from_plan(&limit.input, used),
                    false => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn from_base_plan(plan: &LogicalPlan) -> Self {
        let columns = plan.schema().columns().into_iter();
        Self {
            base: plan.clone(),
            conditions: Vec::new(),
            columns: columns
                .map(|column| (column.clone(), Expr::Column(column)))
                .collect(),
        }
    }

    fn rename_columns(self, schema: &DFSchema) -> Self {
        let names = schema.columns().into_iter();
        let exprs = self.columns.into_iter().map(|(_, expr)| expr);
        Self {
            columns: names.zip(exprs).collect(),
            ..self
        }
    }

    fn of_filter(filter: &Filter, used: Option<PlainUse>) -> Result<Option<Self>> {
        // A LIMIT below the filter determines the filtered rows.
        let used = used.map(|_| PlainUse::Values);
        let Some(mut rows) = Self::from_plan(&filter.input, used)? else {
            return Ok(None);
        };
        let is_whole = rows
            .columns
            .iter()
            .all(|(name, expr)| matches!(expr, Expr::Column(column) if column == name));
        let mut own = Vec::new();
        for condition in split_conjunction_owned(filter.predicate.clone()) {
            if contains_subquery(&condition)? {
                let around = LogicalPlan::Filter(Filter::try_new(
                    condition.clone(),
                    Arc::new(rows.base.clone()),
                )?);
                let names_outer = match is_whole {
                    true => !find_outer_columns(&around)?.is_empty(),
                    false => true,
                };
                if names_outer {
                    return Ok(None);
                }
                own.push(condition);
                continue;
            }
            let condition = rows.over_base(condition)?;
            match condition.contains_outer() {
                true => rows.conditions.push(condition),
                false => own.push(condition),
            }
        }
        if let Some(own) = conjunction(own) {
            rows.base = LogicalPlan::Filter(Filter::try_new(own, Arc::new(rows.base))?);
        }
        Ok(Some(rows))
    }

    /// Rewrites an expression over the columns of the plan to one over those of `base`.
    pub(super) fn over_base(&self, expr: Expr) -> Result<Expr> {
        let replaced = expr.transform_down(|part| {
            let Expr::Column(column) = &part else {
                return Ok(Transformed::no(part));
            };
            let known = self.columns.iter().find(|(name, _)| name == column);
            let Some((_, meant)) = known else {
                return Ok(Transformed::no(part));
            };
            Ok(Transformed::new(
                meant.clone(),
                true,
                TreeNodeRecursion::Jump,
            ))
        })?;
        Ok(replaced.data)
    }
}

/// Renaming of a relation's columns to numbered names under one qualifier, so that none collides with an outer column.
pub(super) struct ColumnRenaming {
    name: TableReference,
    columns: Vec<Column>,
}

impl ColumnRenaming {
    pub(super) const fn new(name: TableReference) -> Self {
        Self {
            name,
            columns: Vec::new(),
        }
    }

    /// Rewrites an expression over columns of `schema` and outer columns to the renamed columns.
    pub(super) fn rename(&mut self, expr: Expr, schema: &DFSchema) -> Result<Expr> {
        let renamed = expr.transform_down(|part| match part {
            Expr::Column(column) => {
                let index = schema.index_of_column(&column)?;
                let (qualifier, field) = schema.qualified_field(index);
                let column = Column::new(qualifier.cloned(), field.name());
                Ok(Transformed::new(
                    Expr::Column(self.number_column(column)),
                    true,
                    TreeNodeRecursion::Jump,
                ))
            }
            Expr::OuterReferenceColumn(_, column) => Ok(Transformed::new(
                Expr::Column(column),
                true,
                TreeNodeRecursion::Jump,
            )),
            other => Ok(Transformed::no(other)),
        })?;
        Ok(renamed.data)
    }

    fn number_column(&mut self, column: Column) -> Column {
        let known = self.columns.iter().position(|known| *known == column);
        let number = known.unwrap_or_else(|| {
            self.columns.push(column);
            self.columns.len().saturating_sub(1)
        });
        Column::new(Some(self.name.clone()), format!("c{number}"))
    }

    /// Relation with the renamed columns.
    pub(super) fn project(self, base: LogicalPlan) -> Result<LogicalPlan> {
        let columns = self.columns.into_iter().enumerate();
        let mut shown: Vec<Expr> = columns
            .map(|(number, column)| Expr::Column(column).alias(format!("c{number}")))
            .collect();
        if shown.is_empty() {
            shown.push(datafusion_expr::lit(1_i64).alias("c0"));
        }
        LogicalPlanBuilder::from(base)
            .project(shown)?
            .alias(self.name)?
            .build()
    }
}
