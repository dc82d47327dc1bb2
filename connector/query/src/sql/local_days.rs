//! Days and longer units of an instant start in the time zone of its dataset, unless the question names another zone.
//!
//! Datasets store instants, which are independent of a zone, whereas a day is not. This rule applies to questions of people. A
//! remote query between connectors names every zone other than UTC.

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

/// Units that are equal in every zone.
const SHORT_UNITS: [&str; 6] = [
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
    "epoch",
    "timezone",
];

/// Adds the zones that days need and that the question omits.
///
/// # Errors
/// `SQL_INVALID` if a day is computed from columns of several zones.
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

/// Time unit, by its dependence on the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ZonedUnit {
    /// Independent of the zone.
    Short,
    /// Dependent on a zone whose hours do not start with those of UTC.
    Hour,
    /// Dependent on the zone.
    Day,
}

/// Context of an expression.
struct ZonedPlace<'a> {
    inputs: Vec<&'a LogicalPlan>,
    schema: &'a DFSchema,
    tables: &'a dyn TableResolver,
    /// Zone of all instants in the question.
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

    /// Zone of an instant without an explicit one. `None` for other values and for days of UTC.
    fn zone(&self, of: &Expr, unit: ZonedUnit) -> Result<Option<String>> {
        let is_named =
            matches!(of, Expr::Cast(cast) if is_timestamp_in_zone(cast.field.data_type()));
        if is_named || !of.get_type(self.schema).is_ok_and(|kind| is_instant(&kind)) {
            return Ok(None);
        }
        let own = zone_of(of, &self.inputs, self.tables);
        // An outer column has its zone in the outer query; here it is known only if all columns have one zone.
        let is_outer = matches!(self.all, DayZone::Several { .. }) && of.contains_outer();
        // An instant without columns, such as now(), has the zone of the question, if there is one.
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
                Err(engine_error::wrap_refusal(refusal))
            }
        }
    }

    /// Converts an instant to its zone, as if the question named it.
    fn in_zone(&self, of: Expr, unit: ZonedUnit) -> Result<Transformed<Expr>> {
        Ok(match self.zone(&of, unit)? {
            Some(zone) => Transformed::yes(cast(
                of,
                DataType::Timestamp(TimeUnit::Nanosecond, Some(zone.into())),
            )),
            None => Transformed::no(of),
        })
    }

    /// Converts a literal date or local time that is combined with an instant: it becomes the instant at which it starts in the
    /// zone of the other operand.
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

/// Content of a text literal.
fn written_text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// Date or local time of a literal, with or without `DATE` or `TIMESTAMP`.
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
