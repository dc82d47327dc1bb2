//! Tables of the plan: relations of participants, models over them, and errands in their place.

use crate::federate::errand::Errand;
use crate::federate::home::RemoteTable;
use crate::federate::peersql::Writer;
use crate::federate::select::Select;
use crate::federate::uses::{DATASET, PARTICIPANT};
use crate::model::Model;
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue, TableReference};
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableSource,
    lit,
};
use datafusion::prelude::ident;
use hansa_catalog::dataset::ColumnType;
use hansa_catalog::view::Shape;
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
    /// The columns of the model over `tables`, with `participant` and `dataset` at the end. What a dataset has beside the
    /// model is for questions to that dataset alone: nobody has agreed on its type or unit.
    pub(super) fn new(
        model: &Model,
        tables: &[Arc<RemoteTable>],
        writer: &Arc<Writer>,
    ) -> Result<Self, DataFusionError> {
        let branches = tables
            .iter()
            .map(|table| branch(table, model, writer))
            .collect::<Result<_, _>>()?;
        Self::union(branches, model)
    }

    /// The union of these, each with the columns of the model, `participant` and `dataset`.
    pub(super) fn union(
        branches: Vec<LogicalPlan>,
        model: &Model,
    ) -> Result<Self, DataFusionError> {
        let mut union: Option<LogicalPlanBuilder> = None;
        for branch in branches {
            union = Some(match union {
                None => LogicalPlanBuilder::from(branch),
                Some(before) => before.union(branch)?,
            });
        }
        let plan = match union {
            Some(union) => union.build()?,
            None => nothing(model)?,
        };
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
    /// The same as data.
    pub(super) query: Arc<Select>,
}

impl TableSource for ErrandSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.errand.schema)
    }
}

/// No rows.
fn nothing(model: &Model) -> Result<LogicalPlan, DataFusionError> {
    let own = [PARTICIPANT, DATASET].map(|name| Field::new(name, ColumnType::Text.arrow(), false));
    let fields: Vec<Field> = model
        .schema()
        .fields()
        .iter()
        .map(|field| Field::clone(field))
        .chain(own)
        .collect();
    let schema = DFSchema::try_from(Schema::new(fields))?;
    Ok(LogicalPlan::EmptyRelation(EmptyRelation {
        produce_one_row: false,
        schema: Arc::new(schema),
    }))
}

fn branch(
    table: &Arc<RemoteTable>,
    model: &Model,
    writer: &Arc<Writer>,
) -> Result<LogicalPlan, DataFusionError> {
    let relation = match &table.shape {
        Shape::Rows(_) => Relation::Rows,
        Shape::Cube { .. } => Relation::Base,
    };
    let schema = table.schema(relation);
    let mut outputs = Vec::new();
    for column in model.columns {
        outputs.push(if schema.column_with_name(column.name).is_some() {
            ident(column.name)
        } else {
            // Shown at most: where the question uses it, this dataset is not asked.
            lit(ScalarValue::try_from(&column.kind.arrow())?).alias(column.name)
        });
    }
    outputs.push(lit(table.dataset.owner.domain()).alias(PARTICIPANT));
    outputs.push(lit(table.dataset.name.as_str()).alias(DATASET));
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
