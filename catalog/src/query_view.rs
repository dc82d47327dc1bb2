//! View of one question: the tables and columns that its contracts permit. Other names do not exist.

mod clause_text;
mod cube_view;

use crate::dataset::{ColumnType, Dataset, DatasetColumn};
use crate::{Catalog, grid_alignment, literal_type, schema_compatibility};
use arrow_schema::{Field, Schema, SchemaRef};
use clause_text::clause_text;
use hansa_policy::contract::{ActiveContracts, DatasetGrant};
use hansa_policy::effect::{Cube, Effect, EffectKind};
use hansa_policy::id::{ContractId, DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::rule::EffectBinding;
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::time::TimeBucketWidth;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tables of one question, by the name that the question uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryView {
    tables: BTreeMap<SqlIdentifier, ViewTable>,
}

/// Governed dataset as its contract shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewTable {
    /// Identity of the dataset.
    pub dataset: DatasetId,
    /// Contract of the view; absent for the house contract.
    pub contract: Option<ContractId>,
    /// All stored columns, for the private plan.
    pub stored: SchemaRef,
    /// Shape of the view: a row table or a cube.
    pub shape: ViewShape,
}

/// Shape in which a contract shows a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few are made for a question, and none is copied on the way of a row"
)]
pub enum ViewShape {
    /// Rows with this schema. Masked and coarsened columns keep their type, and become nullable where the mask is NULL.
    Rows(SchemaRef),
    /// Cells only. `base` is the row-style table of dimensions and measures, for aggregate blocks alone. `cells` is the relation
    /// `NAME.cube`:
    /// the dimensions, and `n`, `units` and `cnt_<m>` (counts), `sum_<m>` (sum) and `dev_<m>` (sum of squared deviations from the
    /// mean) for each measure, as far as the permitted functions disclose them.
    Cube {
        /// Cube of the contract.
        cube: Cube,
        /// Schema of the row-style table.
        base: SchemaRef,
        /// Schema of the cube relation.
        cells: SchemaRef,
        /// Schema for the computation of totals, which a question can't name. An average needs sums and counts that may not be
        /// disclosed.
        totals: SchemaRef,
    },
}

impl QueryView {
    /// View of these tables.
    #[must_use]
    pub const fn new(tables: BTreeMap<SqlIdentifier, ViewTable>) -> Self {
        Self { tables }
    }

    /// Table with this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&ViewTable> {
        self.tables
            .iter()
            .find(|(known, _)| known.as_str() == name)
            .map(|(_, table)| table)
    }

    /// All tables by name.
    pub fn tables(&self) -> impl Iterator<Item = (&SqlIdentifier, &ViewTable)> {
        self.tables.iter()
    }
}

impl Catalog {
    /// View of these contracts, dataset by dataset.
    ///
    /// # Errors
    /// `DATASET_UNKNOWN` for a dataset that is not published; `SCHEMA_CHANGED`; `GRID_CONFLICT` when another grid was registered
    /// since; and the errors of terms against the columns and types.
    pub fn build_view(
        &self,
        active: &ActiveContracts,
        tenant: Option<&str>,
    ) -> Result<QueryView, Refusal> {
        let mut tables = BTreeMap::new();
        for (id, grant) in active.grants() {
            let table =
                self.build_table(id, grant, active, tenant)
                    .map_err(|refusal| match grant.contract() {
                        Some(contract) => refusal.with_contract(contract),
                        None => refusal,
                    })?;
            tables.insert(id.name.clone(), table);
        }
        Ok(QueryView::new(tables))
    }

    fn build_table(
        &self,
        id: &DatasetId,
        grant: &DatasetGrant,
        active: &ActiveContracts,
        tenant: Option<&str>,
    ) -> Result<ViewTable, Refusal> {
        let dataset = self.by_id(id).ok_or_else(|| {
            Refusal::new(
                ErrorCode::DatasetUnknown,
                format!("no dataset `{}`", id.name),
            )
        })?;
        if !schema_compatibility::is_schema_compatible(
            grant.schema(),
            grant.clauses(),
            dataset,
            self.schema_secret(),
        ) {
            return Err(Refusal::new(
                ErrorCode::SchemaChanged,
                format!(
                    "`{}` has another schema than the contract was signed for",
                    id.name
                ),
            )
            .with_help(format!(
                "request an amendment: hansa contract request {}",
                id.name
            )));
        }
        let effects =
            grant.derive_effects(&EffectBinding::of(active.asker().id()).with_tenant(tenant))?;
        let shape = view_shape(dataset, &effects)?;
        if let ViewShape::Cube { cube, .. } = &shape {
            // INVARIANT: one-grid. Cells of an older grid beside those of the registered one could be subtracted.
            grid_alignment::check_nesting(cube, dataset)?;
        }
        Ok(ViewTable {
            dataset: id.clone(),
            contract: grant.contract(),
            stored: dataset.schema(),
            shape,
        })
    }
}

/// Schema of the permitted view: the result of these effects on the dataset. Provider and consumer use this function: one enforces
/// the view, the other plans with it.
///
/// # Errors
/// `TERM_COLUMN_UNKNOWN`, `TERM_ILL_TYPED` or `POLICY_CONTRADICTION`, citing the clause.
pub fn view_shape(dataset: &Dataset, effects: &[Effect]) -> Result<ViewShape, Refusal> {
    let mut rows = dataset.columns.clone();
    let mut cube = None;
    // A new column is added to the remaining ones, wherever its clause stands.
    let makes = |effect: &&Effect| matches!(effect.kind, EffectKind::CoarsenPlace { .. });
    let (made, others): (Vec<&Effect>, Vec<&Effect>) = effects.iter().partition(makes);
    for effect in others.into_iter().chain(made) {
        apply_effect(&effect.kind, dataset, &mut rows, &mut cube)
            .map_err(|refusal| refusal.with_clause(effect.clause, clause_text(&effect.kind)))?;
    }
    match cube {
        None if rows.is_empty() => Err(Refusal::new(
            ErrorCode::PolicyContradiction,
            "every column that is permitted is prohibited",
        )),
        None => Ok(ViewShape::Rows(to_schema(&rows))),
        Some(cube) => cube_view::cube_shape(dataset, cube),
    }
}

fn apply_effect(
    what: &EffectKind,
    dataset: &Dataset,
    rows: &mut Vec<DatasetColumn>,
    cube: &mut Option<Cube>,
) -> Result<(), Refusal> {
    match what {
        EffectKind::KeepRows(filter) => {
            match literal_type::filter_faults(&dataset.columns, filter).pop() {
                Some(fault) => Err(fault),
                None => Ok(()),
            }
        }
        EffectKind::KeepInside { lon, lat, .. } => check_degrees(dataset, [lon, lat]),
        EffectKind::KeepWithin(area) => check_degrees(dataset, [&area.lon, &area.lat]),
        EffectKind::KeepBefore { column, .. } => check_column_kind(
            literal_type::find_column(&dataset.columns, column)?,
            &[ColumnType::Instant, ColumnType::Date],
            "an instant or a date",
        ),
        EffectKind::ShowColumns(shown) => {
            for name in shown {
                literal_type::find_column(&dataset.columns, name)?;
            }
            rows.retain(|column| shown.contains(&column.name));
            Ok(())
        }
        EffectKind::HideColumns(hidden) => {
            for name in hidden {
                literal_type::find_column(&dataset.columns, name)?;
            }
            rows.retain(|column| !hidden.contains(&column.name));
            Ok(())
        }
        EffectKind::MaskColumn { column, mask } => {
            let stored = literal_type::find_column(&dataset.columns, column)?;
            let nullable = match mask {
                MaskValue::Null => true,
                MaskValue::Constant(literal) => {
                    if let Some(fault) = literal_type::literal_fault(stored, literal) {
                        return Err(fault);
                    }
                    false
                }
            };
            for shown in rows.iter_mut().filter(|shown| shown.name == *column) {
                shown.nullable = nullable;
            }
            Ok(())
        }
        EffectKind::Pseudonymise { column, .. } => {
            let stored = literal_type::find_column(&dataset.columns, column)?;
            check_column_kind(
                stored,
                &[ColumnType::Text, ColumnType::Int],
                "a text or an integer to hash",
            )?;
            for shown in rows.iter_mut().filter(|shown| shown.name == *column) {
                shown.kind = ColumnType::Text;
            }
            Ok(())
        }
        EffectKind::Shorten { column, .. } => check_column_kind(
            literal_type::find_column(&dataset.columns, column)?,
            &[ColumnType::Text],
            "a text to shorten",
        ),
        EffectKind::Band { column, edges } => {
            let stored = literal_type::find_column(&dataset.columns, column)?;
            check_column_kind(
                stored,
                &[ColumnType::Int, ColumnType::Float],
                "a number that has bands",
            )?;
            let fits =
                |edge: &&String| stored.kind == ColumnType::Float || edge.parse::<i64>().is_ok();
            if let Some(edge) = edges.iter().find(|edge| !fits(edge)) {
                return Err(ill_typed(format!(
                    "`{column}` holds integers, and the edge {edge} is none"
                )));
            }
            for shown in rows.iter_mut().filter(|shown| shown.name == *column) {
                shown.nullable = true;
            }
            Ok(())
        }
        EffectKind::LookUp(lookup) => {
            check_column_kind(
                literal_type::find_column(&dataset.columns, &lookup.column)?,
                &[ColumnType::Text, ColumnType::Int],
                "a text or an integer to look up",
            )?;
            for shown in rows.iter_mut().filter(|shown| shown.name == lookup.column) {
                shown.kind = ColumnType::Text;
                shown.nullable = true;
            }
            Ok(())
        }
        EffectKind::CoarsenTime { column, bucket, .. } => bucket_fits(
            literal_type::find_column(&dataset.columns, column)?,
            *bucket,
        ),
        EffectKind::CoarsenPlace { lon, lat, cell, .. } => {
            insert_cell_column(dataset, rows, [lon, lat], cell)
        }
        EffectKind::AggregateOnly(wanted) => {
            *cube = Some(wanted.clone());
            Ok(())
        }
    }
}

/// Checks that two columns contain degrees.
fn check_degrees(dataset: &Dataset, names: [&SqlIdentifier; 2]) -> Result<(), Refusal> {
    names.into_iter().try_for_each(|name| {
        let column = literal_type::find_column(&dataset.columns, name)?;
        check_column_kind(column, &[ColumnType::Float], "a coordinate in degrees")
    })
}

/// Replaces two columns of degrees by one of cells, at the position of the first.
fn insert_cell_column(
    dataset: &Dataset,
    rows: &mut Vec<DatasetColumn>,
    places: [&SqlIdentifier; 2],
    cell: &SqlIdentifier,
) -> Result<(), Refusal> {
    check_degrees(dataset, places)?;
    // A hidden column does not exist in the view. Its name is free for the cells, so that the name does not disclose the column.
    if rows.iter().any(|column| column.name == *cell) {
        return Err(Refusal::new(
            ErrorCode::PolicyContradiction,
            format!("a column `{cell}` is shown already, so the cells can't have this name"),
        )
        .with_help("give the cells another name: as = \"place_cell\""));
    }
    let gone = |column: &DatasetColumn| places.contains(&&column.name);
    let Some(at) = rows.iter().position(gone) else {
        return Ok(());
    };
    rows.retain(|column| !gone(column));
    let mut personal = dataset.columns.iter().filter(|column| gone(column));
    let made = DatasetColumn {
        name: cell.clone(),
        kind: ColumnType::Text,
        nullable: true,
        unit: None,
        crs: None,
        personal: personal.any(|column| column.personal),
        meaning: None,
        uncertainty: None,
        conversion: None,
        own_keys: None,
        distinct: 0,
    };
    rows.insert(at.min(rows.len()), made);
    Ok(())
}

fn bucket_fits(column: &DatasetColumn, bucket: TimeBucketWidth) -> Result<(), Refusal> {
    check_column_kind(
        column,
        &[ColumnType::Instant, ColumnType::Date],
        "an instant or a date",
    )?;
    if column.kind == ColumnType::Date && !bucket.is_made_of(TimeBucketWidth::Day) {
        return Err(ill_typed(format!(
            "`{}` holds dates, which have no {}",
            column.name,
            bucket.as_str()
        )));
    }
    Ok(())
}

fn check_column_kind(
    column: &DatasetColumn,
    kinds: &[ColumnType],
    what: &str,
) -> Result<(), Refusal> {
    if kinds.contains(&column.kind) {
        return Ok(());
    }
    Err(ill_typed(format!(
        "`{}` holds {}, not {what}",
        column.name, column.kind
    )))
}

fn to_schema(columns: &[DatasetColumn]) -> SchemaRef {
    Arc::new(Schema::new(
        columns.iter().map(to_field).collect::<Vec<_>>(),
    ))
}

fn to_field(column: &DatasetColumn) -> Field {
    Field::new(
        column.name.as_str(),
        column.kind.to_arrow(),
        column.nullable,
    )
}

fn ill_typed(sentence: String) -> Refusal {
    Refusal::new(ErrorCode::TermIllTyped, sentence)
}

#[cfg(test)]
mod tests;
