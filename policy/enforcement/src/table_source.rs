//! Tables of a plan: named tables, governed tables and, inside the latter, stored rows or released cells.

use crate::predicate_pushdown;
use datafusion_common::arrow::datatypes::SchemaRef;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableSource, col,
};
use hansa_audit_log::digest::Digest;
use hansa_policy::effect::Cube;
use hansa_policy::id::{ContractId, DatasetId, SqlIdentifier};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Relation of a dataset that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationPart {
    /// Permitted rows.
    Rows,
    /// Dimensions and measures of an aggregate-only dataset, for aggregate blocks alone.
    Base(Arc<Cube>),
    /// Published cells of an aggregate-only dataset.
    Cells(Arc<Cube>),
}

/// Dataset that a question names. It has a schema and no data, so it can't be executed.
#[derive(Debug, Clone)]
pub struct NamedTable {
    /// Identity of the dataset.
    pub dataset: DatasetId,
    /// Relation of the dataset.
    pub part: RelationPart,
    /// Columns of the view.
    pub shown: SchemaRef,
    /// Columns of the cells from which totals are computed, for a row-style table of a cube.
    pub cells: Option<SchemaRef>,
    /// Stored columns.
    pub stored: SchemaRef,
    /// Contract of the view; absent for the house contract.
    pub contract: Option<ContractId>,
}

impl TableSource for NamedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shown)
    }
}

/// Stored rows of a dataset, inside a private plan only.
#[derive(Debug, Clone)]
pub struct StoredTable {
    dataset: DatasetId,
    schema: SchemaRef,
}

impl StoredTable {
    pub(crate) const fn new(dataset: DatasetId, schema: SchemaRef) -> Self {
        Self { dataset, schema }
    }

    /// Identity of the dataset.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.dataset
    }
}

impl TableSource for StoredTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Released cells of a cube, inside a private plan only.
#[derive(Debug, Clone)]
pub struct ReleasedTable {
    dataset: DatasetId,
    shape: Digest,
    by: Option<SqlIdentifier>,
    schema: SchemaRef,
}

impl ReleasedTable {
    pub(crate) fn new(dataset: DatasetId, cube: &Cube, schema: SchemaRef) -> Self {
        Self {
            dataset,
            shape: cube.shape(),
            by: cube.release.as_ref().map(|release| release.column.clone()),
            schema,
        }
    }

    /// Time column of the release.
    #[must_use]
    pub const fn time_column(&self) -> Option<&SqlIdentifier> {
        self.by.as_ref()
    }

    /// Identity of the dataset.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.dataset
    }

    /// Name of the cells: [`hansa_policy::effect::Cube::shape`].
    #[must_use]
    pub const fn shape(&self) -> Digest {
        self.shape
    }
}

impl TableSource for ReleasedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Dataset under a decision, with the private plan that computes its view. Made by `apply` alone.
pub struct GovernedTable {
    dataset: DatasetId,
    shown: SchemaRef,
    private: LogicalPlan,
    prunable: BTreeSet<String>,
    hides_rows: bool,
}

impl GovernedTable {
    pub(crate) const fn new(
        dataset: DatasetId,
        shown: SchemaRef,
        private: LogicalPlan,
        prunable: BTreeSet<String>,
        hides_rows: bool,
    ) -> Self {
        Self {
            dataset,
            shown,
            private,
            prunable,
            hides_rows,
        }
    }

    /// Identity of the dataset.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.dataset
    }

    /// True if the view may lack stored rows. Batches must then be cut anew.
    #[must_use]
    pub const fn hides_rows(&self) -> bool {
        self.hides_rows
    }

    /// Columns with unchanged stored values.
    #[must_use]
    pub const fn clear_columns(&self) -> &BTreeSet<String> {
        &self.prunable
    }

    /// Private plan with the harmless ones of `filters` (by plain column names) above the permitted view, and with the columns at
    /// `projection`.
    ///
    /// # Errors
    /// When a filter is not harmless, or the plan can't be built.
    pub fn pushed_down(
        &self,
        projection: Option<&[usize]>,
        filters: &[Expr],
    ) -> Result<LogicalPlan> {
        let mut plan = LogicalPlanBuilder::from(self.private.clone());
        for filter in filters {
            // The optimizer may simplify a pushed-down test to a Boolean constant, such as IS NOT NULL of a column without NULL.
            let is_constant = matches!(filter, Expr::Literal(ScalarValue::Boolean(_), _));
            if !is_constant && !predicate_pushdown::is_harmless(filter, &self.shown, &self.prunable)
            {
                return datafusion_common::internal_err!("a filter would cross the gate");
            }
            plan = plan.filter(filter.clone())?;
        }
        if let Some(projection) = projection {
            let columns = projection
                .iter()
                .map(|index| {
                    self.shown
                        .fields()
                        .get(*index)
                        .map(|field| col(column_from_name(field.name())))
                })
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| {
                    datafusion_common::internal_datafusion_err!("a column beyond the view")
                })?;
            plan = plan.project(columns)?;
        }
        plan.build()
    }
}

fn column_from_name(name: &str) -> datafusion_common::Column {
    datafusion_common::Column::from_name(name)
}

impl fmt::Debug for GovernedTable {
    /// Writes the identity of the dataset and nothing that the decision hides.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GovernedTable")
            .field("dataset", &self.dataset)
            .finish_non_exhaustive()
    }
}

impl TableSource for GovernedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shown)
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| {
                if predicate_pushdown::is_harmless(filter, &self.shown, &self.prunable) {
                    TableProviderFilterPushDown::Inexact
                } else {
                    TableProviderFilterPushDown::Unsupported
                }
            })
            .collect())
    }
}
