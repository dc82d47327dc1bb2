//! The tables that a plan can hold: one that was named, one that is governed, and, inside that, the stored rows or the
//! released cells.

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

/// Which relation of a dataset a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationPart {
    /// The permitted rows.
    Rows,
    /// The dimensions and measures of an aggregate-only dataset: usable in aggregate blocks alone.
    Base(Arc<Cube>),
    /// The published cells of an aggregate-only dataset.
    Cells(Arc<Cube>),
}

/// A dataset that a question names. It knows its columns and holds nothing; it can't be executed.
#[derive(Debug, Clone)]
pub struct NamedTable {
    /// Which.
    pub dataset: DatasetId,
    /// Which relation of it.
    pub part: RelationPart,
    /// The columns that the asker sees.
    pub shown: SchemaRef,
    /// For a row-style table of a cube: the columns of its cells that totals are made of.
    pub cells: Option<SchemaRef>,
    /// The columns that are stored.
    pub stored: SchemaRef,
    /// The contract; absent for the house contract.
    pub contract: Option<ContractId>,
}

impl TableSource for NamedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shown)
    }
}

/// A dataset's stored rows; occurs inside a private plan only.
#[derive(Debug, Clone)]
pub struct StoredTable {
    dataset: DatasetId,
    schema: SchemaRef,
}

impl StoredTable {
    pub(crate) const fn new(dataset: DatasetId, schema: SchemaRef) -> Self {
        Self { dataset, schema }
    }

    /// Which.
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

/// The released cells of a cube; occurs inside a private plan only.
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

    /// The column of time by which they are released.
    #[must_use]
    pub const fn by(&self) -> Option<&SqlIdentifier> {
        self.by.as_ref()
    }

    /// Which.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.dataset
    }

    /// The cells of which cube: [`hansa_policy::effect::Cube::shape`].
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

/// A dataset under a ruling: what it shows, and the private plan that computes it. Made by `apply` alone.
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

    /// Which.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.dataset
    }

    /// Whether some stored rows may be missing from what it shows, so that batches must be cut anew.
    #[must_use]
    pub const fn hides_rows(&self) -> bool {
        self.hides_rows
    }

    /// The columns that show stored values as they are.
    #[must_use]
    pub const fn clear_columns(&self) -> &BTreeSet<String> {
        &self.prunable
    }

    /// The private plan, with the harmless ones of `filters` (by bare column names) above the permitted view, and of its
    /// columns those at `projection`.
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
            // The optimizer makes a truth value of a test that came down, as of IS NOT NULL of a column that is never NULL.
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
    /// Names the dataset and nothing of what the ruling hides.
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
