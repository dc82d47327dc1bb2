//! Use of model columns in a question: only shown, or used for a computation.
//!
//! The use is read from the analysed plan, before a rule could move or fold a condition. A missing value that is only shown is
//! visible in its row, whereas a missing value that is used removes rows silently.

use crate::federation::time_precision::{TimePrecision, required_time_precision};
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchemaRef, DataFusionError, JoinType, TableReference};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Subquery, TableSource, lit};
use datafusion::prelude::ident;
use hansa_catalog::dataset::ColumnType;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Placeholder for one member of a model in a plan that is never run. It has every column of the model and no statistics, so only
/// conditions on `participant` and `dataset` can remove it from the plan.
pub(super) struct ModelProbe {
    number: usize,
    schema: SchemaRef,
}

impl TableSource for ModelProbe {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Creates the placeholder for member `number` of a model with these columns.
pub(super) fn create_probe(
    number: usize,
    columns: &Schema,
    participant: &str,
    dataset: Option<&str>,
) -> Result<LogicalPlan, DataFusionError> {
    let mut fields: Vec<Field> = columns
        .fields()
        .iter()
        .map(|field| Field::clone(field).with_nullable(true))
        .collect();
    let mut outputs: Vec<Expr> = fields.iter().map(|field| ident(field.name())).collect();
    outputs.push(lit(participant).alias(PARTICIPANT));
    outputs.push(match dataset {
        Some(dataset) => lit(dataset).alias(DATASET),
        None => {
            fields.push(Field::new(DATASET, ColumnType::Text.to_arrow(), true));
            ident(DATASET)
        }
    });
    let source = ModelProbe {
        number,
        schema: Arc::new(Schema::new(fields)),
    };
    let name = TableReference::partial("hansa", format!("part_{number}"));
    LogicalPlanBuilder::scan(name, Arc::new(source), None)?
        .project(outputs)?
        .build()
}

/// Model column with the domain of the dataset's owner.
pub(super) const PARTICIPANT: &str = "participant";

/// Model column with the name of the dataset.
pub(super) const DATASET: &str = "dataset";

/// Column of a probe.
pub(super) type ProbeColumn = (usize, String);

/// Probe columns that the plan uses for more than output: in a condition, key, order or computation. Each use has the time
/// precision that it needs.
pub(super) fn used_columns(
    plan: &LogicalPlan,
) -> Result<BTreeMap<ProbeColumn, BTreeSet<TimePrecision>>, DataFusionError> {
    let mut walk = ColumnUsage::default();
    walk.trace_origins(plan)?;
    Ok(walk.used)
}

/// Probes that remain in the plan.
pub(super) fn remaining_probes(plan: &LogicalPlan) -> Result<BTreeSet<usize>, DataFusionError> {
    let mut found = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(probe) = scan.source.downcast_ref::<ModelProbe>()
        {
            found.insert(probe.number);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

/// Probe columns whose values a plan column passes through unchanged.
type ProbeOrigins = BTreeSet<ProbeColumn>;

#[derive(Default)]
struct ColumnUsage {
    used: BTreeMap<ProbeColumn, BTreeSet<TimePrecision>>,
}

/// Input columns of a node, with the probe columns that they pass through.
struct InputOrigins {
    schemas: Vec<DFSchemaRef>,
    origins: Vec<ProbeOrigins>,
}

impl InputOrigins {
    fn find_origins(&self, column: &datafusion::common::Column) -> Option<&ProbeOrigins> {
        let mut before = 0_usize;
        for schema in &self.schemas {
            if let Some(at) = schema.maybe_index_of_column(column) {
                return self.origins.get(before.saturating_add(at));
            }
            before = before.saturating_add(schema.fields().len());
        }
        None
    }
}

impl ColumnUsage {
    /// Determines the origins of the columns of a plan.
    fn trace_origins(&mut self, plan: &LogicalPlan) -> Result<Vec<ProbeOrigins>, DataFusionError> {
        let mut below = InputOrigins {
            schemas: Vec::new(),
            origins: Vec::new(),
        };
        let mut widths = Vec::new();
        for input in plan.inputs() {
            let origins = self.trace_origins(input)?;
            widths.push(origins.len());
            below.origins.extend(origins);
            below.schemas.push(Arc::clone(input.schema()));
        }
        let left = widths.first().copied().unwrap_or(0);
        let width = plan.schema().fields().len();
        let mut flown = match plan {
            LogicalPlan::TableScan(scan) => match scan.source.downcast_ref::<ModelProbe>() {
                Some(probe) => scan
                    .projected_schema
                    .fields()
                    .iter()
                    .map(|field| ProbeOrigins::from([(probe.number, field.name().clone())]))
                    .collect(),
                None => Vec::new(),
            },
            LogicalPlan::Projection(projection) => {
                let mut shown = Vec::new();
                for expr in &projection.expr {
                    shown.push(self.trace_output_origins(expr, &below)?);
                }
                shown
            }
            LogicalPlan::SubqueryAlias(_) | LogicalPlan::Subquery(_) => below.origins,
            LogicalPlan::Limit(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Window(_) => {
                self.visit_expressions(plan, &below)?;
                below.origins
            }
            LogicalPlan::Aggregate(_) => {
                self.visit_expressions(plan, &below)?;
                Vec::new()
            }
            LogicalPlan::Join(join) => {
                self.visit_expressions(plan, &below)?;
                let mut left_side = below.origins;
                let right_side = left_side.split_off(left.min(left_side.len()));
                match join.join_type {
                    JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left_side,
                    JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right_side,
                    JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
                        left_side.extend(right_side);
                        left_side
                    }
                }
            }
            LogicalPlan::Union(_) => {
                let mut all = vec![ProbeOrigins::new(); width];
                let mut rest = below.origins.into_iter();
                for input in widths {
                    for (at, origins) in rest.by_ref().take(input).enumerate() {
                        if let Some(column) = all.get_mut(at) {
                            column.extend(origins);
                        }
                    }
                }
                all
            }
            // DISTINCT uses its columns, and an unknown node may use all of them.
            _ => {
                self.visit_expressions(plan, &below)?;
                self.mark_all_columns(&below);
                Vec::new()
            }
        };
        flown.resize(width, ProbeOrigins::new());
        Ok(flown)
    }

    /// Origins of an output. A column that is only shown keeps its origin; any other expression counts as a use.
    fn trace_output_origins(
        &mut self,
        expr: &Expr,
        below: &InputOrigins,
    ) -> Result<ProbeOrigins, DataFusionError> {
        match expr {
            Expr::Alias(alias) => self.trace_output_origins(&alias.expr, below),
            Expr::Cast(cast) => self.trace_output_origins(&cast.expr, below),
            Expr::Column(column) => Ok(below.find_origins(column).cloned().unwrap_or_default()),
            other => {
                self.visit_expr(other, below)?;
                Ok(ProbeOrigins::new())
            }
        }
    }

    fn visit_expressions(
        &mut self,
        plan: &LogicalPlan,
        below: &InputOrigins,
    ) -> Result<(), DataFusionError> {
        plan.apply_expressions(|expr| {
            self.visit_expr(expr, below)?;
            Ok(TreeNodeRecursion::Continue)
        })
        .map(|_| ())
    }

    fn visit_expr(&mut self, expr: &Expr, below: &InputOrigins) -> Result<(), DataFusionError> {
        expr.apply(|part| {
            if let Some((column, looks)) = required_time_precision(part) {
                for look in looks {
                    self.mark_column(column, look, below);
                }
                return Ok(TreeNodeRecursion::Jump);
            }
            match part {
                Expr::Column(column) => self.mark_column(column, TimePrecision::Value, below),
                Expr::ScalarSubquery(subquery) => self.visit_subquery(subquery, true, below)?,
                Expr::InSubquery(within) => self.visit_subquery(&within.subquery, true, below)?,
                Expr::SetComparison(compared) => {
                    self.visit_subquery(&compared.subquery, true, below)?
                }
                Expr::Exists(exists) => self.visit_subquery(&exists.subquery, false, below)?,
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .map(|_| ())
    }

    /// Visits a subquery. Its outputs are used unless only the existence of rows counts, and so are the outer columns that it
    /// refers to.
    fn visit_subquery(
        &mut self,
        subquery: &Subquery,
        gives: bool,
        below: &InputOrigins,
    ) -> Result<(), DataFusionError> {
        let given = self.trace_origins(&subquery.subquery)?;
        if gives {
            self.add(given.into_iter().flatten(), &TimePrecision::Value);
        }
        subquery.subquery.apply_with_subqueries(|node| {
            node.apply_expressions(|expr| {
                expr.apply(|part| {
                    if let Expr::OuterReferenceColumn(_, column) = part {
                        self.mark_column(column, TimePrecision::Value, below);
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        Ok(())
    }

    fn mark_column(
        &mut self,
        column: &datafusion::common::Column,
        look: TimePrecision,
        below: &InputOrigins,
    ) {
        if let Some(origins) = below.find_origins(column) {
            self.add(origins.iter().cloned(), &look);
        }
    }

    fn mark_all_columns(&mut self, below: &InputOrigins) {
        self.add(
            below.origins.iter().flatten().cloned(),
            &TimePrecision::Value,
        );
    }

    fn add(&mut self, columns: impl Iterator<Item = ProbeColumn>, look: &TimePrecision) {
        for column in columns {
            self.used.entry(column).or_default().insert(look.clone());
        }
    }
}
