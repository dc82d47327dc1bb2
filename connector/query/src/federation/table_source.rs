//! Table sources of a plan: relations of participants, and models over them.

use crate::federation::column_usage::{DATASET, PARTICIPANT};
use crate::federation::remote_sql::RemoteSqlWriter;
use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::model::Model;
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue, TableReference};
use datafusion::logical_expr::{
    EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableSource,
    lit,
};
use datafusion::prelude::ident;
use hansa_catalog::dataset::ColumnType;
use hansa_catalog::query_view::ViewShape;
use std::borrow::Cow;
use std::sync::Arc;

/// Relation of a participant as a table source.
pub(super) struct RemoteTableSource {
    /// Table of the participant.
    pub(super) table: Arc<RemoteTable>,
    /// Relation of the table.
    pub(super) relation: DatasetRelation,
    /// Writer that decides which filters can be pushed down.
    pub(super) writer: Arc<RemoteSqlWriter>,
}

impl TableSource for RemoteTableSource {
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
                // A filter without columns is not pushed down: as `false` it removes this participant from the question.
                if self.relation != DatasetRelation::Base
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

/// Model: the union of the datasets that conform to it.
pub(super) struct ModelTableSource {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl ModelTableSource {
    /// Creates the model over `tables`, with `participant` and `dataset` as the last columns. Additional columns of a dataset are
    /// not part of it, since their types and units are not agreed on.
    pub(super) fn new(
        model: &Model,
        tables: &[Arc<RemoteTable>],
        writer: &Arc<RemoteSqlWriter>,
    ) -> Result<Self, DataFusionError> {
        let branches = tables
            .iter()
            .map(|table| table_branch(table, model, writer))
            .collect::<Result<_, _>>()?;
        Self::from_branches(branches, model)
    }

    /// Union of the tables with the columns of the model, `participant` and `dataset`.
    pub(super) fn from_branches(
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
            None => empty_relation(model)?,
        };
        let schema = Arc::clone(plan.schema().inner());
        Ok(Self { plan, schema })
    }
}

impl TableSource for ModelTableSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn get_logical_plan(&'_ self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.plan))
    }
}

/// Empty relation.
fn empty_relation(model: &Model) -> Result<LogicalPlan, DataFusionError> {
    let own =
        [PARTICIPANT, DATASET].map(|name| Field::new(name, ColumnType::Text.to_arrow(), false));
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

fn table_branch(
    table: &Arc<RemoteTable>,
    model: &Model,
    writer: &Arc<RemoteSqlWriter>,
) -> Result<LogicalPlan, DataFusionError> {
    let relation = match &table.shape {
        ViewShape::Rows(_) => DatasetRelation::Rows,
        ViewShape::Cube { .. } => DatasetRelation::Base,
    };
    let schema = table.schema(relation);
    let mut outputs = Vec::new();
    for column in model.columns {
        outputs.push(if schema.column_with_name(column.name).is_some() {
            ident(column.name)
        } else {
            // NULL for output only: if the question uses the column, this dataset is not asked.
            lit(ScalarValue::try_from(&column.kind.to_arrow())?).alias(column.name)
        });
    }
    outputs.push(lit(table.dataset.owner.domain()).alias(PARTICIPANT));
    outputs.push(lit(table.dataset.name.as_str()).alias(DATASET));
    let name = TableReference::partial(table.alias.as_str(), table.dataset.name.as_str());
    let source = RemoteTableSource {
        table: Arc::clone(table),
        relation,
        writer: Arc::clone(writer),
    };
    LogicalPlanBuilder::scan(name, Arc::new(source), None)?
        .project(outputs)?
        .build()
}
