//! The private plan of the row form: rows filtered, then columns masked, then nothing of the asker's.

use crate::bucket;
use crate::replace::{self, Keyed, Secret};
use crate::source::Stored;
use datafusion_common::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion_common::{Column, ScalarValue};
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use evidence::time::Time;
use policy::effect::{Effect, What};
use policy::id::{DatasetId, Name};
use policy::refusal::{Code, Refusal};
use policy::row_filter::{Comparison, Literal, Operand, RowFilter};
use policy::term::{Bounds, Mask};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the row form of a ruling comes to.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) plan: LogicalPlan,
    /// Columns that show stored values as they are.
    pub(crate) clear: BTreeSet<String>,
    pub(crate) hides_rows: bool,
}

/// What the effects do to one column.
enum Cover<'a> {
    Mask(&'a Mask),
    Bucket(policy::term::Bucket, Option<&'a str>),
    Hash(Keyed<'a>),
    Prefix(u32),
    Band(&'a [String]),
}

/// The private plan that shows exactly the columns of `shown`, in its order.
pub(crate) fn rows(
    dataset: &DatasetId,
    stored: &SchemaRef,
    shown: &SchemaRef,
    effects: &[Effect],
    secret: &Secret,
) -> Result<Rows, Refusal> {
    let mut visible: Option<BTreeSet<&str>> = None;
    let mut covers: BTreeMap<&str, Cover<'_>> = BTreeMap::new();
    for effect in effects {
        match &effect.what {
            What::ShowColumns(names) => {
                let names: BTreeSet<&str> = names.iter().map(Name::as_str).collect();
                visible = Some(match visible {
                    None => names,
                    Some(before) => before.intersection(&names).copied().collect(),
                });
            }
            What::MaskColumn { column, mask } => {
                cover(&mut covers, column, Cover::Mask(mask))?;
            }
            What::CoarsenTime {
                column,
                bucket,
                zone,
            } => {
                cover(&mut covers, column, Cover::Bucket(*bucket, zone.as_deref()))?;
            }
            What::Pseudonymise {
                column,
                consumer,
                contract,
                epoch,
            } => {
                let keyed = Keyed {
                    dataset,
                    consumer,
                    contract: *contract,
                    epoch: *epoch,
                };
                cover(&mut covers, column, Cover::Hash(keyed))?;
            }
            What::Shorten { column, length } => {
                cover(&mut covers, column, Cover::Prefix(*length))?;
            }
            What::Band { column, edges } => cover(&mut covers, column, Cover::Band(edges))?,
            What::KeepRows(_) | What::KeepInside { .. } | What::KeepBefore { .. } => {}
            What::AggregateOnly(_) => return Err(changed()),
        }
    }
    let (filtered, hides_rows) = filtered(dataset, stored, effects)?;
    let mut clear = BTreeSet::new();
    let mut columns = Vec::new();
    let mut fields = Vec::new();
    for field in stored.fields() {
        let name = field.name().as_str();
        if visible
            .as_ref()
            .is_some_and(|visible| !visible.contains(name))
        {
            continue;
        }
        let column = stored_column(name);
        let mut kind = field.data_type().clone();
        let (expr, nullable) = match covers.get(name) {
            None => {
                clear.insert(name.to_owned());
                (column, field.is_nullable())
            }
            Some(Cover::Mask(Mask::Null)) => {
                let null = ScalarValue::try_from(field.data_type()).map_err(|_| changed())?;
                (lit(null), true)
            }
            Some(Cover::Mask(Mask::Constant(value))) => {
                (lit(typed(value, field.data_type())?), false)
            }
            Some(Cover::Bucket(bucket, zone)) => (
                bucket::floored(column, field.data_type(), *bucket, *zone)?,
                field.is_nullable(),
            ),
            Some(Cover::Hash(keyed)) => {
                kind = DataType::Utf8;
                (replace::hashed(column, secret, *keyed), field.is_nullable())
            }
            Some(Cover::Prefix(length)) => {
                (replace::shortened(column, *length), field.is_nullable())
            }
            Some(Cover::Band(edges)) => (replace::banded(column, &kind, edges)?, true),
        };
        columns.push((name.to_owned(), expr.alias(name)));
        fields.push(Field::new(name, kind, nullable));
    }
    // The question was planned against `shown`: anything else than exactly that is a changed contract or schema.
    let same = shown.fields().len() == fields.len()
        && shown
            .fields()
            .iter()
            .all(|field| fields.iter().any(|made| made == field.as_ref()));
    if !same {
        return Err(changed());
    }
    let ordered = shown
        .fields()
        .iter()
        .filter_map(|field| columns.iter().find(|(name, _)| name == field.name()))
        .map(|(_, expr)| expr.clone());
    let plan = LogicalPlanBuilder::from(filtered)
        .project(ordered)
        .and_then(LogicalPlanBuilder::build)
        .map_err(|_| changed())?;
    Ok(Rows {
        plan,
        clear,
        hides_rows,
    })
}

/// The stored rows that the ruling keeps, with all stored columns.
pub(crate) fn filtered(
    dataset: &DatasetId,
    stored: &SchemaRef,
    effects: &[Effect],
) -> Result<(LogicalPlan, bool), Refusal> {
    let source = Stored::new(
        dataset.clone(),
        Arc::new(Schema::new(stored.fields().clone())),
    );
    let mut plan =
        LogicalPlanBuilder::scan(STORED, Arc::new(source), None).map_err(|_| changed())?;
    let mut hides_rows = false;
    for effect in effects {
        let condition = match &effect.what {
            What::KeepRows(filter) => condition(filter, stored)?,
            What::KeepInside { lon, lat, bounds } => inside(lon, lat, bounds, stored)?,
            What::KeepBefore { column, before } => earlier(column, *before, stored)?,
            What::ShowColumns(_)
            | What::MaskColumn { .. }
            | What::Pseudonymise { .. }
            | What::Shorten { .. }
            | What::Band { .. }
            | What::CoarsenTime { .. }
            | What::AggregateOnly(_) => continue,
        };
        hides_rows = true;
        plan = plan.filter(condition).map_err(|_| changed())?;
    }
    let plan = plan.build().map_err(|_| changed())?;
    Ok((plan, hides_rows))
}

/// A stored column by name.
pub(crate) fn stored_column(name: &str) -> Expr {
    Expr::Column(Column::new(Some(STORED), name))
}

/// The name of the stored rows inside a private plan.
const STORED: &str = "stored";

/// The refusal for a view that is no longer what the question was planned against.
pub(crate) fn changed() -> Refusal {
    Refusal::new(
        Code::SchemaChanged,
        "what the contract shows of the dataset is not what the question was planned against",
    )
}

fn cover<'a>(
    covers: &mut BTreeMap<&'a str, Cover<'a>>,
    column: &'a Name,
    with: Cover<'a>,
) -> Result<(), Refusal> {
    match covers.insert(column.as_str(), with) {
        None => Ok(()),
        Some(_) => Err(Refusal::new(
            Code::PolicyContradiction,
            format!("two clauses replace the column `{column}`"),
        )),
    }
}

/// A row filter as an expression whose literals have exactly the columns' types.
fn condition(filter: &RowFilter, stored: &SchemaRef) -> Result<Expr, Refusal> {
    let operand = |column: &Name, operand: &Operand| -> Result<Expr, Refusal> {
        match operand {
            Operand::Literal(value) => Ok(lit(typed(value, type_of(column, stored)?)?)),
            Operand::Consumer => Err(Refusal::new(
                Code::TenantUnbound,
                "the row filter names the asker and no tenant is bound",
            )),
        }
    };
    Ok(match filter {
        RowFilter::Compare { column, op, with } => {
            let left = stored_column(column.as_str());
            let right = operand(column, with)?;
            match op {
                Comparison::Eq => left.eq(right),
                Comparison::NotEq => left.not_eq(right),
                Comparison::Lt => left.lt(right),
                Comparison::LtEq => left.lt_eq(right),
                Comparison::Gt => left.gt(right),
                Comparison::GtEq => left.gt_eq(right),
            }
        }
        RowFilter::In {
            column,
            negated,
            list,
        } => {
            let list = list
                .iter()
                .map(|item| operand(column, item))
                .collect::<Result<Vec<_>, _>>()?;
            stored_column(column.as_str()).in_list(list, *negated)
        }
        RowFilter::Between {
            column,
            negated,
            low,
            high,
        } => {
            let (low, high) = (operand(column, low)?, operand(column, high)?);
            let column = stored_column(column.as_str());
            if *negated {
                column.not_between(low, high)
            } else {
                column.between(low, high)
            }
        }
        RowFilter::IsNull { column, negated } => {
            type_of(column, stored)?;
            let column = stored_column(column.as_str());
            if *negated {
                column.is_not_null()
            } else {
                column.is_null()
            }
        }
        RowFilter::And(parts) => joined(parts, stored, Expr::and)?,
        RowFilter::Or(parts) => joined(parts, stored, Expr::or)?,
        RowFilter::Not(inner) => Expr::Not(Box::new(condition(inner, stored)?)),
    })
}

fn joined(
    parts: &[RowFilter],
    stored: &SchemaRef,
    join: fn(Expr, Expr) -> Expr,
) -> Result<Expr, Refusal> {
    let mut all = parts
        .iter()
        .map(|part| condition(part, stored))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter();
    let first = all.next().ok_or_else(ill_typed)?;
    Ok(all.fold(first, join))
}

fn inside(lon: &Name, lat: &Name, bounds: &Bounds, stored: &SchemaRef) -> Result<Expr, Refusal> {
    let edge = |column: &Name, text: &str| -> Result<Expr, Refusal> {
        let value = typed(&Literal::Decimal(text.to_owned()), type_of(column, stored)?)?;
        Ok(lit(value))
    };
    let within = |column: &Name, low: &str, high: &str| -> Result<Expr, Refusal> {
        let value = stored_column(column.as_str());
        Ok(value
            .clone()
            .gt_eq(edge(column, low)?)
            .and(value.lt_eq(edge(column, high)?)))
    };
    Ok(within(lon, &bounds.west, &bounds.east)?.and(within(lat, &bounds.south, &bounds.north)?))
}

/// Events before an instant; of dates, days that were over by then in UTC.
fn earlier(column: &Name, before: Time, stored: &SchemaRef) -> Result<Expr, Refusal> {
    let edge = match type_of(column, stored)? {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            ScalarValue::TimestampMicrosecond(Some(before.micros()), zone.clone())
        }
        DataType::Date32 => {
            let day = before.micros().div_euclid(MICROS_A_DAY);
            ScalarValue::Date32(Some(i32::try_from(day).map_err(|_| changed())?))
        }
        _ => return Err(ill_typed()),
    };
    Ok(stored_column(column.as_str()).lt(lit(edge)))
}

fn type_of<'a>(column: &Name, stored: &'a SchemaRef) -> Result<&'a DataType, Refusal> {
    stored
        .fields()
        .iter()
        .find(|field| field.name() == column.as_str())
        .map(|field| field.data_type())
        .ok_or_else(changed)
}

/// A literal of a policy in exactly the type of its column.
pub(crate) fn typed(value: &Literal, wanted: &DataType) -> Result<ScalarValue, Refusal> {
    let made = match (value, wanted) {
        (Literal::Text(text), DataType::Utf8) => Some(ScalarValue::Utf8(Some(text.clone()))),
        (Literal::Text(text), DataType::Date32) => {
            let midnight: Option<evidence::time::Time> = format!("{text}T00:00:00Z").parse().ok();
            midnight
                .and_then(|time| i32::try_from(time.micros().div_euclid(MICROS_A_DAY)).ok())
                .map(|days| ScalarValue::Date32(Some(days)))
        }
        (Literal::Text(text), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            let instant: Option<evidence::time::Time> = text.parse().ok();
            instant.map(|time| ScalarValue::TimestampMicrosecond(Some(time.micros()), zone.clone()))
        }
        (Literal::Int(number), DataType::Int64) => Some(ScalarValue::Int64(Some(*number))),
        (Literal::Int(number), DataType::Float64) => float(&number.to_string()),
        (Literal::Decimal(text), DataType::Float64) => float(text),
        (Literal::Bool(value), DataType::Boolean) => Some(ScalarValue::Boolean(Some(*value))),
        (Literal::Text(_) | Literal::Int(_) | Literal::Decimal(_) | Literal::Bool(_), _) => None,
    };
    made.ok_or_else(ill_typed)
}

fn float(text: &str) -> Option<ScalarValue> {
    let number: f64 = text.parse().ok()?;
    number
        .is_finite()
        .then_some(ScalarValue::Float64(Some(number)))
}

fn ill_typed() -> Refusal {
    Refusal::new(
        Code::TermIllTyped,
        "a clause compares a column with a value of another type",
    )
}

const MICROS_A_DAY: i64 = 86_400_000_000;
