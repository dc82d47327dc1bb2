//! Tables of the plan: relations of participants, models over them, and errands in their place.

use crate::federate::errand::Errand;
use crate::federate::home::RemoteTable;
use crate::federate::peersql::Writer;
use arrow_schema::SchemaRef;
use catalog::view::Shape;
use datafusion::common::{DataFusionError, ScalarValue, TableReference};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableSource, lit,
};
use datafusion::prelude::ident;
use policy::refusal::{Code, Refusal};
use std::borrow::Cow;
use std::sync::Arc;

/// Which relation of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    /// Its rows.
    Rows,
    /// The columns of an aggregate-only dataset, to be used in whole blocks only.
    Base,
    /// The cells of an aggregate-only dataset.
    Cells,
}

/// A relation of a participant.
pub(super) struct RemoteSource {
    /// Whose.
    pub(super) table: Arc<RemoteTable>,
    /// Which.
    pub(super) relation: Relation,
    /// What can be written for it.
    pub(super) writer: Arc<Writer>,
}

impl RemoteTable {
    /// The columns of a relation.
    pub(super) fn schema(&self, relation: Relation) -> SchemaRef {
        match (&self.shape, relation) {
            (Shape::Rows(rows), _) => Arc::clone(rows),
            (Shape::Cube { cells, .. }, Relation::Cells) => Arc::clone(cells),
            (Shape::Cube { base, .. }, Relation::Rows | Relation::Base) => Arc::clone(base),
        }
    }

    /// Its name on the wire.
    pub(super) fn wire_name(&self, relation: Relation) -> TableReference {
        match relation {
            Relation::Cells => TableReference::partial(self.dataset.name.as_str(), "cube"),
            Relation::Rows | Relation::Base => TableReference::bare(self.dataset.name.as_str()),
        }
    }
}

impl TableSource for RemoteSource {
    fn schema(&self) -> SchemaRef {
        self.table.schema(self.relation)
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        Ok(filters
            .iter()
            .map(|filter| {
                // A filter without columns stays: as `false` it rids the question of this participant.
                if self.relation != Relation::Base
                    && filter.any_column_refs()
                    && self.writer.can_filter(&self.table, self.relation, filter)
                {
                    TableProviderFilterPushDown::Exact
                } else {
                    TableProviderFilterPushDown::Unsupported
                }
            })
            .collect())
    }
}

/// A model: the union of the datasets that conform to it.
pub(super) struct ModelSource {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl ModelSource {
    /// The union over `tables`, with the columns `participant` and `dataset` at the end.
    pub(super) fn new(
        model: &str,
        tables: &[Arc<RemoteTable>],
        writer: &Arc<Writer>,
    ) -> Result<Self, DataFusionError> {
        let mut columns: Vec<(String, arrow_schema::DataType)> = Vec::new();
        for table in tables {
            for field in table.schema(Relation::Base).fields() {
                match columns.iter().find(|(name, _)| name == field.name()) {
                    None => columns.push((field.name().clone(), field.data_type().clone())),
                    Some((_, kind)) if kind == field.data_type() => {}
                    Some((name, _)) => {
                        return Err(crate::fault::carry(Refusal::new(
                            Code::ModelMismatch,
                            format!(
                                "column `{name}` of `{}.{}` has another type than elsewhere in `{model}`",
                                table.alias, table.dataset.name
                            ),
                        )));
                    }
                }
            }
        }
        let mut union: Option<LogicalPlanBuilder> = None;
        for table in tables {
            let branch = branch(table, &columns, writer)?;
            union = Some(match union {
                None => LogicalPlanBuilder::from(branch),
                Some(before) => before.union(branch)?,
            });
        }
        let plan = union
            .unwrap_or_else(|| LogicalPlanBuilder::empty(false))
            .build()?;
        let schema = Arc::clone(plan.schema().inner());
        Ok(Self { plan, schema })
    }
}

impl TableSource for ModelSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn get_logical_plan(&'_ self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.plan))
    }
}

/// An errand, standing where its rows are used.
pub(super) struct ErrandSource {
    /// What is fetched.
    pub(super) errand: Arc<Errand>,
}

impl TableSource for ErrandSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.errand.schema)
    }
}

fn branch(
    table: &Arc<RemoteTable>,
    columns: &[(String, arrow_schema::DataType)],
    writer: &Arc<Writer>,
) -> Result<LogicalPlan, DataFusionError> {
    let relation = match &table.shape {
        Shape::Rows(_) => Relation::Rows,
        Shape::Cube { .. } => Relation::Base,
    };
    let schema = table.schema(relation);
    let mut outputs = Vec::new();
    for (name, kind) in columns {
        outputs.push(if schema.column_with_name(name).is_some() {
            ident(name)
        } else {
            lit(ScalarValue::try_from(kind)?).alias(name)
        });
    }
    outputs.push(lit(table.dataset.owner.domain()).alias("participant"));
    outputs.push(lit(table.dataset.name.as_str()).alias("dataset"));
    let name = TableReference::partial(table.alias.as_str(), table.dataset.name.as_str());
    let source = RemoteSource {
        table: Arc::clone(table),
        relation,
        writer: Arc::clone(writer),
    };
    LogicalPlanBuilder::scan(name, Arc::new(source), None)?
        .project(outputs)?
        .build()
}
