//! Filter of stored rows by a decision. Its conditions see stored values, before any mask.

use super::{
    MICROS_A_DAY, STORED, changed_view_refusal, ill_typed, stored_column, type_of, typed_literal,
};
use crate::area_membership::area_membership_expr;
use crate::table_source::StoredTable;
use datafusion_common::ScalarValue;
use datafusion_common::arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableSource, lit};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::effect::{Effect, EffectKind};
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::value::area::{BoundingBox, PublishedAreaTerm};
use std::sync::Arc;

/// Stored rows that the decision keeps, with all stored columns.
pub(crate) fn filter_stored_rows(
    dataset: &DatasetId,
    stored: &SchemaRef,
    effects: &[Effect],
    published: &PublishedLists,
) -> Result<(LogicalPlan, bool), Refusal> {
    let source = StoredTable::new(
        dataset.clone(),
        Arc::new(Schema::new(stored.fields().clone())),
    );
    filter_source_rows(Arc::new(source), stored, effects, published)
}

/// Rows of a source that the decision keeps, with all its columns.
pub(crate) fn filter_source_rows(
    source: Arc<dyn TableSource>,
    stored: &SchemaRef,
    effects: &[Effect],
    published: &PublishedLists,
) -> Result<(LogicalPlan, bool), Refusal> {
    let mut plan = LogicalPlanBuilder::scan(STORED, source, None)
        .map_err(|cause| changed_view_refusal().caused_by(cause))?;
    let mut hides_rows = false;
    for effect in effects {
        let condition = match &effect.kind {
            EffectKind::KeepRows(filter) => filter_expr(filter, Sense::Holds, stored)?,
            EffectKind::KeepInside { lon, lat, bounds } => box_expr(lon, lat, bounds, stored)?,
            EffectKind::KeepWithin(area) => published_area(area, stored, published)?,
            EffectKind::KeepBefore { column, before } => earlier_expr(column, *before, stored)?,
            EffectKind::ShowColumns(_)
            | EffectKind::HideColumns(_)
            | EffectKind::MaskColumn { .. }
            | EffectKind::Pseudonymise { .. }
            | EffectKind::Shorten { .. }
            | EffectKind::Band { .. }
            | EffectKind::LookUp(_)
            | EffectKind::CoarsenTime { .. }
            | EffectKind::CoarsenPlace { .. }
            | EffectKind::AggregateOnly(_) => continue,
        };
        hides_rows = true;
        plan = plan
            .filter(condition)
            .map_err(|cause| changed_view_refusal().caused_by(cause))?;
    }
    let plan = plan
        .build()
        .map_err(|cause| changed_view_refusal().caused_by(cause))?;
    Ok((plan, hides_rows))
}

/// Required result of a part of a filter: true or false.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sense {
    Holds,
    Fails,
}

impl Sense {
    const fn opposite(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
        }
    }

    /// True if a condition, written with or without `NOT`, is required in its negated form.
    const fn negates(self, negated: bool) -> bool {
        matches!(self, Self::Fails) != negated
    }
}

/// Row filter as an expression whose literals have exactly the columns' types.
///
/// It has no NOT above an AND or an OR: negations are pushed down to the comparisons, which is equivalent in SQL's three-valued
/// logic.
/// So an optimizer rule that treats *unknown* as *false* can't show a hidden row.
fn filter_expr(filter: &RowFilter, sense: Sense, stored: &SchemaRef) -> Result<Expr, Refusal> {
    let operand = |column: &SqlIdentifier, operand: &FilterOperand| -> Result<Expr, Refusal> {
        match operand {
            FilterOperand::Literal(value) => {
                Ok(lit(typed_literal(value, type_of(column, stored)?)?))
            }
            FilterOperand::Consumer => Err(Refusal::new(
                ErrorCode::TenantUnbound,
                "the row filter names the asker and no tenant is bound",
            )),
        }
    };
    Ok(match filter {
        RowFilter::Compare { column, op, with } => {
            let left = stored_column(column.as_str());
            let right = operand(column, with)?;
            match (op, sense) {
                (ComparisonOperator::Eq, Sense::Holds)
                | (ComparisonOperator::NotEq, Sense::Fails) => left.eq(right),
                (ComparisonOperator::NotEq, Sense::Holds)
                | (ComparisonOperator::Eq, Sense::Fails) => left.not_eq(right),
                (ComparisonOperator::Lt, Sense::Holds)
                | (ComparisonOperator::GtEq, Sense::Fails) => left.lt(right),
                (ComparisonOperator::LtEq, Sense::Holds)
                | (ComparisonOperator::Gt, Sense::Fails) => left.lt_eq(right),
                (ComparisonOperator::Gt, Sense::Holds)
                | (ComparisonOperator::LtEq, Sense::Fails) => left.gt(right),
                (ComparisonOperator::GtEq, Sense::Holds)
                | (ComparisonOperator::Lt, Sense::Fails) => left.gt_eq(right),
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
            stored_column(column.as_str()).in_list(list, sense.negates(*negated))
        }
        RowFilter::Between {
            column,
            negated,
            low,
            high,
        } => {
            let (low, high) = (operand(column, low)?, operand(column, high)?);
            let column = stored_column(column.as_str());
            if sense.negates(*negated) {
                column.not_between(low, high)
            } else {
                column.between(low, high)
            }
        }
        RowFilter::IsNull { column, negated } => {
            type_of(column, stored)?;
            let column = stored_column(column.as_str());
            if sense.negates(*negated) {
                column.is_not_null()
            } else {
                column.is_null()
            }
        }
        RowFilter::And(parts) => match sense {
            Sense::Holds => join_conditions(parts, sense, stored, Expr::and)?,
            Sense::Fails => join_conditions(parts, sense, stored, Expr::or)?,
        },
        RowFilter::Or(parts) => match sense {
            Sense::Holds => join_conditions(parts, sense, stored, Expr::or)?,
            Sense::Fails => join_conditions(parts, sense, stored, Expr::and)?,
        },
        RowFilter::Not(inner) => filter_expr(inner, sense.opposite(), stored)?,
    })
}

fn join_conditions(
    parts: &[RowFilter],
    sense: Sense,
    stored: &SchemaRef,
    join: fn(Expr, Expr) -> Expr,
) -> Result<Expr, Refusal> {
    let mut all = parts
        .iter()
        .map(|part| filter_expr(part, sense, stored))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter();
    let first = all.next().ok_or_else(ill_typed)?;
    Ok(all.fold(first, join))
}

fn box_expr(
    lon: &SqlIdentifier,
    lat: &SqlIdentifier,
    bounds: &BoundingBox,
    stored: &SchemaRef,
) -> Result<Expr, Refusal> {
    let edge = |column: &SqlIdentifier, text: &str| -> Result<Expr, Refusal> {
        let value = typed_literal(
            &PolicyLiteral::Decimal(text.to_owned()),
            type_of(column, stored)?,
        )?;
        Ok(lit(value))
    };
    let within = |column: &SqlIdentifier, low: &str, high: &str| -> Result<Expr, Refusal> {
        let value = stored_column(column.as_str());
        Ok(value
            .clone()
            .gt_eq(edge(column, low)?)
            .and(value.lt_eq(edge(column, high)?)))
    };
    Ok(within(lon, &bounds.west, &bounds.east)?.and(within(lat, &bounds.south, &bounds.north)?))
}

/// Condition for points in a published area. Without the list that the contract names, nothing is answered.
fn published_area(
    area: &PublishedAreaTerm,
    stored: &SchemaRef,
    published: &PublishedLists,
) -> Result<Expr, Refusal> {
    let polygons = published.areas(&area.list)?.select(&area.which)?;
    for column in [&area.lon, &area.lat] {
        if *type_of(column, stored)? != DataType::Float64 {
            return Err(ill_typed());
        }
    }
    let [lon, lat] = [&area.lon, &area.lat].map(|column| stored_column(column.as_str()));
    Ok(area_membership_expr(
        lon,
        lat,
        area.list,
        &area.which,
        polygons,
    ))
}

/// Condition for events before an instant; for dates, days that were over by then in UTC.
fn earlier_expr(
    column: &SqlIdentifier,
    before: UtcTimestamp,
    stored: &SchemaRef,
) -> Result<Expr, Refusal> {
    let edge = match type_of(column, stored)? {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            ScalarValue::TimestampMicrosecond(Some(before.micros()), zone.clone())
        }
        DataType::Date32 => {
            let day = before.micros().div_euclid(MICROS_A_DAY);
            ScalarValue::Date32(Some(
                i32::try_from(day).map_err(|cause| changed_view_refusal().caused_by(cause))?,
            ))
        }
        _ => return Err(ill_typed()),
    };
    Ok(stored_column(column.as_str()).lt(lit(edge)))
}
