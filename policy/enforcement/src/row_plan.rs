//! Private plan of the row form: rows filtered, then columns masked. It contains no expression of the question.

pub(crate) mod stored_row_filter;

use crate::bucket;
use crate::canonical_float::canonical_float;
use crate::cube_plan::PrivatePlanContext;
use crate::lookup_level;
use crate::masking::{self, HashKeyScope};
use crate::place_cell;
use crate::string_view::TEXT;
use datafusion_common::arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use datafusion_common::{Column, ScalarValue};
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use hansa_policy::effect::{Effect, EffectKind};
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::PolicyLiteral;
use hansa_policy::value::cell::CellSize;
use hansa_policy::value::column::{LookupTerm, MaskValue};
use hansa_policy::value::decimal_type::DecimalType;
use std::collections::{BTreeMap, BTreeSet};

/// Result of a decision in the row form.
#[derive(Debug)]
pub(crate) struct RowView {
    pub(crate) plan: LogicalPlan,
    /// Columns with unchanged stored values.
    pub(crate) clear: BTreeSet<String>,
    pub(crate) hides_rows: bool,
}

/// Effects on one column.
enum ColumnTreatment<'a> {
    Mask(&'a MaskValue),
    Bucket(hansa_policy::value::time::TimeBucketWidth, Option<&'a str>),
    Hash(HashKeyScope<'a>),
    Prefix(u32),
    Band(&'a [String]),
    Level(&'a LookupTerm),
    /// Removed coordinate. The cell of the place is shown instead, in this column's place or in that of the other coordinate.
    Place(Option<CellColumn<'a>>),
}

/// Column that replaces two coordinates.
#[derive(Clone, Copy)]
struct CellColumn<'a> {
    lon: &'a SqlIdentifier,
    lat: &'a SqlIdentifier,
    name: &'a SqlIdentifier,
    size: &'a CellSize,
}

/// Private plan that shows exactly the columns of `shown`, in its order.
pub(crate) fn plan_rows(
    dataset: &DatasetId,
    stored: &SchemaRef,
    shown: &SchemaRef,
    effects: &[Effect],
    tools: &PrivatePlanContext,
) -> Result<RowView, Refusal> {
    let mut visible: Option<BTreeSet<&str>> = None;
    let mut hidden: BTreeSet<&str> = BTreeSet::new();
    let mut covers: BTreeMap<&str, ColumnTreatment<'_>> = BTreeMap::new();
    for effect in effects {
        match &effect.kind {
            EffectKind::ShowColumns(names) => {
                let names: BTreeSet<&str> = names.iter().map(SqlIdentifier::as_str).collect();
                visible = Some(match visible {
                    None => names,
                    Some(before) => before.intersection(&names).copied().collect(),
                });
            }
            EffectKind::HideColumns(names) => {
                hidden.extend(names.iter().map(SqlIdentifier::as_str))
            }
            EffectKind::MaskColumn { column, mask } => {
                add_treatment(&mut covers, column, ColumnTreatment::Mask(mask))?;
            }
            EffectKind::CoarsenTime {
                column,
                bucket,
                zone,
            } => {
                add_treatment(
                    &mut covers,
                    column,
                    ColumnTreatment::Bucket(*bucket, zone.as_deref()),
                )?;
            }
            EffectKind::Pseudonymise {
                column,
                consumer,
                contract,
                epoch,
            } => {
                let keyed = HashKeyScope {
                    dataset,
                    consumer,
                    contract: *contract,
                    epoch: *epoch,
                };
                add_treatment(&mut covers, column, ColumnTreatment::Hash(keyed))?;
            }
            EffectKind::Shorten { column, length } => {
                add_treatment(&mut covers, column, ColumnTreatment::Prefix(*length))?;
            }
            EffectKind::Band { column, edges } => {
                add_treatment(&mut covers, column, ColumnTreatment::Band(edges))?
            }
            EffectKind::CoarsenPlace {
                lon,
                lat,
                cell: name,
                size,
            } => {
                let cell = CellColumn {
                    lon,
                    lat,
                    name,
                    size,
                };
                add_treatment(&mut covers, lon, ColumnTreatment::Place(Some(cell)))?;
                add_treatment(&mut covers, lat, ColumnTreatment::Place(None))?;
            }
            EffectKind::LookUp(lookup) => {
                add_treatment(&mut covers, &lookup.column, ColumnTreatment::Level(lookup))?
            }
            EffectKind::KeepRows(_)
            | EffectKind::KeepInside { .. }
            | EffectKind::KeepWithin(_)
            | EffectKind::KeepBefore { .. } => {}
            EffectKind::AggregateOnly(_) => return Err(changed_view_refusal()),
        }
    }
    let (filtered, hides_rows) =
        stored_row_filter::filter_stored_rows(dataset, stored, effects, &tools.published)?;
    let mut clear = BTreeSet::new();
    let mut columns = Vec::new();
    let mut fields = Vec::new();
    for field in stored.fields() {
        let name = field.name().as_str();
        if hidden.contains(name)
            || visible
                .as_ref()
                .is_some_and(|visible| !visible.contains(name))
        {
            continue;
        }
        let column = stored_column(name);
        let mut shown_as = name;
        let mut kind = field.data_type().clone();
        let (expr, nullable) = match covers.get(name) {
            None => {
                clear.insert(name.to_owned());
                (column, field.is_nullable())
            }
            Some(ColumnTreatment::Mask(MaskValue::Null)) => {
                let null = ScalarValue::try_from(field.data_type())
                    .map_err(|cause| changed_view_refusal().caused_by(cause))?;
                (lit(null), true)
            }
            Some(ColumnTreatment::Mask(MaskValue::Constant(value))) => {
                (lit(typed_literal(value, field.data_type())?), false)
            }
            Some(ColumnTreatment::Bucket(bucket, zone)) => (
                bucket::floor_to_bucket(column, field.data_type(), *bucket, *zone)?,
                field.is_nullable(),
            ),
            Some(ColumnTreatment::Hash(keyed)) => {
                kind = TEXT;
                (
                    masking::hash_column(column, &tools.secret, *keyed),
                    field.is_nullable(),
                )
            }
            Some(ColumnTreatment::Prefix(length)) => (
                masking::shorten_column(column, *length),
                field.is_nullable(),
            ),
            Some(ColumnTreatment::Band(edges)) => {
                (masking::band_column(column, &kind, edges)?, true)
            }
            Some(ColumnTreatment::Level(lookup)) => {
                kind = TEXT;
                let levels = tools.published.levels(&lookup.table)?;
                let at = levels.level_index(&lookup.level)?;
                (
                    lookup_level::lookup_level_expr(column, lookup.table, levels, at),
                    true,
                )
            }
            Some(ColumnTreatment::Place(None)) => continue,
            Some(ColumnTreatment::Place(Some(cell))) => {
                shown_as = cell.name.as_str();
                kind = TEXT;
                if visible
                    .as_ref()
                    .is_none_or(|visible| visible.contains(shown_as))
                    && stored.column_with_name(shown_as).is_some()
                {
                    return Err(changed_view_refusal());
                }
                (cell_expression(*cell, stored, &tools.published)?, true)
            }
        };
        columns.push((shown_as.to_owned(), expr.alias(shown_as)));
        fields.push(Field::new(shown_as, kind, nullable));
    }
    // The question was planned against `shown`. Any difference means a changed contract or schema.
    let same = shown.fields().len() == fields.len()
        && shown
            .fields()
            .iter()
            .all(|field| fields.iter().any(|made| made == field.as_ref()));
    if !same {
        return Err(changed_view_refusal());
    }
    let ordered = shown
        .fields()
        .iter()
        .filter_map(|field| columns.iter().find(|(name, _)| name == field.name()))
        .map(|(_, expr)| expr.clone());
    let plan = LogicalPlanBuilder::from(filtered)
        .project(ordered)
        .and_then(LogicalPlanBuilder::build)
        .map_err(|cause| changed_view_refusal().caused_by(cause))?;
    Ok(RowView {
        plan,
        clear,
        hides_rows,
    })
}

/// Expression for the cell of a place.
fn cell_expression(
    cell: CellColumn<'_>,
    stored: &SchemaRef,
    published: &PublishedLists,
) -> Result<Expr, Refusal> {
    let degrees = |column| type_of(column, stored).is_ok_and(|kind| *kind == DataType::Float64);
    if !degrees(cell.lon) || !degrees(cell.lat) {
        return Err(changed_view_refusal());
    }
    let [lon, lat] = [cell.lon, cell.lat].map(|column| stored_column(column.as_str()));
    place_cell::place_cell_expr(lon, lat, cell.size, published)
}

/// Stored column by name.
pub(crate) fn stored_column(name: &str) -> Expr {
    Expr::Column(Column::new(Some(STORED), name))
}

/// Name of the stored rows inside a private plan.
const STORED: &str = "stored";

/// Refusal for a view that differs from the one that the question was planned against.
pub(crate) fn changed_view_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::SchemaChanged,
        "the view that the contract gives of the dataset changed after the question was planned",
    )
}

fn add_treatment<'a>(
    covers: &mut BTreeMap<&'a str, ColumnTreatment<'a>>,
    column: &'a SqlIdentifier,
    with: ColumnTreatment<'a>,
) -> Result<(), Refusal> {
    match covers.insert(column.as_str(), with) {
        None => Ok(()),
        Some(_) => Err(Refusal::new(
            ErrorCode::PolicyContradiction,
            format!("two clauses replace the column `{column}`"),
        )),
    }
}

fn type_of<'a>(column: &SqlIdentifier, stored: &'a SchemaRef) -> Result<&'a DataType, Refusal> {
    stored
        .fields()
        .iter()
        .find(|field| field.name() == column.as_str())
        .map(|field| field.data_type())
        .ok_or_else(changed_view_refusal)
}

/// Literal of a policy in exactly the type of its column.
pub(crate) fn typed_literal(
    value: &PolicyLiteral,
    wanted: &DataType,
) -> Result<ScalarValue, Refusal> {
    let made = match (value, wanted) {
        (PolicyLiteral::Text(text), DataType::Utf8View) => {
            Some(ScalarValue::Utf8View(Some(text.clone())))
        }
        (PolicyLiteral::Text(text), DataType::Date32) => {
            let midnight: Option<hansa_audit_log::time::UtcTimestamp> =
                format!("{text}T00:00:00Z").parse().ok();
            midnight
                .and_then(|time| i32::try_from(time.micros().div_euclid(MICROS_A_DAY)).ok())
                .map(|days| ScalarValue::Date32(Some(days)))
        }
        (PolicyLiteral::Text(text), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            let instant: Option<hansa_audit_log::time::UtcTimestamp> = text.parse().ok();
            instant.map(|time| ScalarValue::TimestampMicrosecond(Some(time.micros()), zone.clone()))
        }
        (PolicyLiteral::Int(number), DataType::Int64) => Some(ScalarValue::Int64(Some(*number))),
        (PolicyLiteral::Int(number), DataType::Float64) => parse_float(&number.to_string()),
        (PolicyLiteral::Decimal(text), DataType::Float64) => parse_float(text),
        (PolicyLiteral::Int(number), DataType::Decimal128(..)) => {
            parse_decimal(&number.to_string(), wanted)
        }
        (PolicyLiteral::Decimal(text), DataType::Decimal128(..)) => parse_decimal(text, wanted),
        (PolicyLiteral::Bool(value), DataType::Boolean) => Some(ScalarValue::Boolean(Some(*value))),
        (
            PolicyLiteral::Text(_)
            | PolicyLiteral::Int(_)
            | PolicyLiteral::Decimal(_)
            | PolicyLiteral::Bool(_),
            _,
        ) => None,
    };
    made.ok_or_else(ill_typed)
}

fn parse_float(text: &str) -> Option<ScalarValue> {
    let number: f64 = text.parse().ok()?;
    number
        .is_finite()
        .then_some(ScalarValue::Float64(Some(canonical_float(number))))
}

/// Number of a policy as a value of a decimal column; none where it would have to be rounded.
fn parse_decimal(text: &str, wanted: &DataType) -> Option<ScalarValue> {
    let DataType::Decimal128(precision, scale) = wanted else {
        return None;
    };
    let kind = DecimalType::new(*precision, u8::try_from(*scale).ok()?)?;
    let units = kind.parse_number(text).ok()?;
    Some(ScalarValue::Decimal128(Some(units), *precision, *scale))
}

fn ill_typed() -> Refusal {
    Refusal::new(
        ErrorCode::TermIllTyped,
        "a clause compares a column with a value of another type",
    )
}

const MICROS_A_DAY: i64 = 86_400_000_000;
