//! Days, and what is longer, of an instant: they begin in the zone of its dataset, where the question names no other.
//!
//! Datasets hold instants, which are the same everywhere; a day is not. This is how a question of a person is read. What one connector
//! sends to another names every zone but UTC.

use super::day_zone::{DayZone, is_instant, is_utc};
use super::zone_lineage::{zone_of, zone_of_tables};
use crate::engine_error;
use crate::sql::resolver::TableResolver;
use crate::sql::type_families::is_comparison;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{DFSchema, Result, ScalarValue};
use datafusion_expr::expr::{Between, InList};
use datafusion_expr::expr_rewriter::NamePreserver;
use datafusion_expr::utils::merge_schema;
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, cast};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Units that are the same in every zone.
const SHORT_UNITS: [&str; 6] = [
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
    "epoch",
    "timezone",
];

/// The plan with each zone that a day needs and that the question leaves out.
///
/// # Errors
/// `SQL_INVALID` where columns of several zones go into what a day is asked of.
pub(super) fn name_zones(plan: LogicalPlan, tables: &dyn TableResolver) -> Result<LogicalPlan> {
    let Some(all) = zone_of_tables(&plan, tables)? else {
        return Ok(plan);
    };
    if all == DayZone::Of("UTC".to_owned()) {
        return Ok(plan);
    }
    plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let inputs: Vec<LogicalPlan> = node.inputs().into_iter().cloned().collect();
        let names = NamePreserver::new(&node);
        let place = ZonedPlace {
            inputs: inputs.iter().collect(),
            schema: &schema,
            tables,
            all: &all,
        };
        node.map_expressions(|expr| {
            super::functions::exact_arithmetic::map_keeping_names(&names, expr, |expr| {
                expr.transform_up(|part| place.name_zone(part))
            })
        })?
        .map_data(LogicalPlan::recompute_schema)
    })
    .data()
}

/// A unit of time, by what decides where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ZonedUnit {
    /// Nothing: it is the same in every zone.
    Short,
    /// The zone, where the hours of its clock begin with others than those of UTC.
    Hour,
    /// The zone.
    Day,
}

/// Where an expression stands.
struct ZonedPlace<'a> {
    inputs: Vec<&'a LogicalPlan>,
    schema: &'a DFSchema,
    tables: &'a dyn TableResolver,
    /// The zone of all instants of the question.
    all: &'a DayZone,
}

impl ZonedPlace<'_> {
    fn name_zone(&self, part: Expr) -> Result<Transformed<Expr>> {
        match part {
            Expr::ScalarFunction(mut call)
                if matches!(call.func.name(), "date_trunc" | "date_part") =>
            {
                let [unit, _] = call.args.as_slice() else {
                    return Ok(Transformed::no(Expr::ScalarFunction(call)));
                };
                let unit = written_text(unit).map(str::to_ascii_lowercase);
                let is_part = call.func.name() == "date_part";
                let unit = unit.as_deref().map(|unit| unit.trim_end_matches('s'));
                let unit = match (unit, is_part) {
                    (Some("hour"), false) | (Some("minute"), true) => ZonedUnit::Hour,
                    (Some("minute"), false) => ZonedUnit::Short,
                    (Some(unit), _) if SHORT_UNITS.contains(&unit) => ZonedUnit::Short,
                    _ => ZonedUnit::Day,
                };
                let of = match unit {
                    ZonedUnit::Short => None,
                    _ => call.args.pop(),
                };
                let Some(of) = of else {
                    return Ok(Transformed::no(Expr::ScalarFunction(call)));
                };
                let of = self.in_zone(of, unit)?;
                call.args.push(of.data);
                Ok(match of.transformed {
                    true => Transformed::yes(Expr::ScalarFunction(call)),
                    false => Transformed::no(Expr::ScalarFunction(call)),
                })
            }
            Expr::Cast(mut day) if *day.field.data_type() == DataType::Date32 => {
                let of = self.in_zone(*day.expr, ZonedUnit::Day)?;
                day.expr = Box::new(of.data);
                Ok(match of.transformed {
                    true => Transformed::yes(Expr::Cast(day)),
                    false => Transformed::no(Expr::Cast(day)),
                })
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
                let right = self.as_local(*right, &left)?;
                let left = self.as_local(*left, &right.data)?;
                let changed = left.transformed || right.transformed;
                let whole = BinaryExpr::new(Box::new(left.data), op, Box::new(right.data));
                Ok(Transformed::new_transformed(
                    Expr::BinaryExpr(whole),
                    changed,
                ))
            }
            Expr::Between(Between {
                expr,
                negated,
                low,
                high,
            }) => {
                let (low, high) = (self.as_local(*low, &expr)?, self.as_local(*high, &expr)?);
                let changed = low.transformed || high.transformed;
                let (low, high) = (Box::new(low.data), Box::new(high.data));
                let whole = Between::new(expr, negated, low, high);
                Ok(Transformed::new_transformed(Expr::Between(whole), changed))
            }
            Expr::InList(InList {
                expr,
                list,
                negated,
            }) => {
                let mut changed = false;
                let mut values = Vec::new();
                for value in list {
                    let value = self.as_local(value, &expr)?;
                    changed |= value.transformed;
                    values.push(value.data);
                }
                let whole = InList::new(expr, values, negated);
                Ok(Transformed::new_transformed(Expr::InList(whole), changed))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    /// The zone of an instant that names none; nothing for another value, and where days of UTC are meant.
    fn zone(&self, of: &Expr, unit: ZonedUnit) -> Result<Option<String>> {
        let is_named =
            matches!(of, Expr::Cast(cast) if is_timestamp_in_zone(cast.field.data_type()));
        if is_named || !of.get_type(self.schema).is_ok_and(|kind| is_instant(&kind)) {
            return Ok(None);
        }
        let own = zone_of(of, &self.inputs, self.tables);
        // A column of the query around has its zone there; here it is known where all have one.
        let is_outer = matches!(self.all, DayZone::Several { .. }) && of.contains_outer();
        // An instant that no column goes into, such as now(), is of the zone of the question, where it has one.
        let zone = match (own, self.all) {
            _ if is_outer => self.all.clone(),
            (Some(own), _) => own,
            (None, DayZone::Of(zone)) => DayZone::Of(zone.clone()),
            (None, DayZone::Several { .. }) => return Ok(None),
        };
        if unit == ZonedUnit::Hour && zone.keeps_hours() {
            return Ok(None);
        }
        match zone {
            DayZone::Of(zone) => Ok(Some(zone).filter(|zone| zone != "UTC")),
            DayZone::Several { .. } => {
                let sentence = format!(
                    "days of `{of}` begin at several instants: its datasets are of several time zones"
                );
                let refusal = Refusal::new(ErrorCode::SqlInvalid, sentence).with_help(
                    "say which days are meant: COLUMN AT TIME ZONE 'UTC', or use local_date",
                );
                Err(engine_error::carry(refusal))
            }
        }
    }

    /// An instant as one in its zone, as if the question named it.
    fn in_zone(&self, of: Expr, unit: ZonedUnit) -> Result<Transformed<Expr>> {
        Ok(match self.zone(&of, unit)? {
            Some(zone) => Transformed::yes(cast(
                of,
                DataType::Timestamp(TimeUnit::Nanosecond, Some(zone.into())),
            )),
            None => Transformed::no(of),
        })
    }

    /// A day, or a time without a zone, that is written out beside an instant: the instant at which it begins in the zone of that one.
    fn as_local(&self, value: Expr, beside: &Expr) -> Result<Transformed<Expr>> {
        let Some(civil) = written_time(&value) else {
            return Ok(Transformed::no(value));
        };
        let named = match beside.get_type(self.schema) {
            Ok(DataType::Timestamp(_, Some(zone))) if !is_utc(&zone) => Some(zone.to_string()),
            _ => None,
        };
        let zone = match named {
            Some(zone) => Some(zone),
            None => self.zone(beside, ZonedUnit::Day)?,
        };
        let Some(zone) = zone else {
            return Ok(Transformed::no(value));
        };
        let zone = jiff::tz::TimeZone::get(&zone).ok();
        let begins = zone.and_then(|zone| civil.to_zoned(zone).ok());
        let Some(begins) = begins else {
            return Ok(Transformed::no(value));
        };
        let micros = begins.timestamp().as_microsecond();
        let instant = ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()));
        Ok(Transformed::yes(Expr::Literal(instant, None)))
    }
}

fn is_timestamp_in_zone(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, Some(_)))
}

/// The text that a literal is.
fn written_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// The day or the local time that a literal is, with `DATE` or `TIMESTAMP` before it or without.
fn written_time(expr: &Expr) -> Option<jiff::civil::DateTime> {
    let text = match expr {
        Expr::Cast(cast)
            if matches!(
                cast.field.data_type(),
                DataType::Date32 | DataType::Timestamp(_, None)
            ) =>
        {
            written_text(&cast.expr)?
        }
        other => written_text(other)?,
    };
    let text = text.trim();
    // A text with an offset is an instant already.
    match text.len() {
        10 => Some(
            text.parse::<jiff::civil::Date>()
                .ok()?
                .to_datetime(jiff::civil::Time::midnight()),
        ),
        _ if text.contains(['Z', 'z', '+']) || text.rfind('-').is_some_and(|at| at > 9) => None,
        _ => text.parse().ok(),
    }
}
