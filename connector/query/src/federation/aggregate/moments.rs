//! Variance, covariance and correlation over several participants. The states are count, mean, and variance or covariance of a
//! part, which standard SQL can compute, so a participant needs neither a function of this product nor a certain engine version.
//! The states are merged by the pairwise formulas of Chan, Golub and LeVeque (1979), which lose no precision where means are large
//! beside deviations. The merge sorts the parts first, since the order of arrival would change the last digit.

use crate::engine_error;
use crate::sql::functions::exact_arithmetic::overflow_refusal;
use crate::sql::functions::{aggregate_function, sum};
use arrow_schema::DataType;
use datafusion::arrow::array::{Array, ArrayRef, Float64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, Field, FieldRef, i256};
use datafusion::common::cast::{as_binary_array, as_decimal128_array, as_float64_array};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Cast};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility,
};
use std::cmp::Ordering;
use std::sync::Arc;

/// Kind of moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::federation) enum MomentKind {
    VarSamp,
    VarPop,
    StddevSamp,
    StddevPop,
    CovarSamp,
    CovarPop,
    Corr,
}

impl MomentKind {
    /// Kind for the name of an engine function.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "var" => Self::VarSamp,
            "var_pop" => Self::VarPop,
            "stddev" => Self::StddevSamp,
            "stddev_pop" => Self::StddevPop,
            "covar_samp" => Self::CovarSamp,
            "covar_pop" => Self::CovarPop,
            "corr" => Self::Corr,
            _ => return None,
        })
    }

    const fn takes_pairs(self) -> bool {
        matches!(self, Self::CovarSamp | Self::CovarPop | Self::Corr)
    }

    /// States of each part, in the argument order of [`merge_moments_call`]. The second state is a mean, or a sum if the values are
    /// integers or decimals, whose mean would lose digits as a floating-point number.
    pub(super) fn states(
        self,
        call: &AggregateFunction,
        values: MomentValues,
    ) -> Option<Vec<AggregateFunction>> {
        let params = &call.params;
        let state = |udf: Arc<AggregateUDF>, args: &[&Expr], filter: &Option<Box<Expr>>| {
            let args = args.iter().copied().cloned().collect();
            AggregateFunction::new_udf(udf, args, false, filter.clone(), Vec::new(), None)
        };
        match params.args.as_slice() {
            [one] if !self.takes_pairs() => {
                let float = cast_to_double(one.clone());
                let (value, mean) = match values {
                    MomentValues::Float => (one, sum::average_function()),
                    MomentValues::AsFloat => (&float, sum::average_function()),
                    MomentValues::Whole => (one, sum::checked_sum()),
                };
                Some(vec![
                    state(count_udaf(), &[one], &params.filter),
                    state(mean, &[value], &params.filter),
                    state(aggregate_function("var_pop")?, &[one], &params.filter),
                ])
            }
            [one, two] if self.takes_pairs() => {
                // A pair counts if both values are present.
                let both = one.clone().is_not_null().and(two.clone().is_not_null());
                let both = match &params.filter {
                    Some(filter) => filter.as_ref().clone().and(both),
                    None => both,
                };
                let both = Some(Box::new(both));
                Some(vec![
                    state(count_udaf(), &[one], &both),
                    state(sum::average_function(), &[one], &both),
                    state(aggregate_function("var_pop")?, &[one], &both),
                    state(sum::average_function(), &[two], &both),
                    state(aggregate_function("var_pop")?, &[two], &both),
                    state(aggregate_function("covar_pop")?, &[one, two], &both),
                ])
            }
            _ => None,
        }
    }

    fn result(self, all: &PartialMoments) -> Option<f64> {
        let pop = |sum: f64| (all.count > 0.0).then(|| sum / all.count);
        let samp = |sum: f64| (all.count > 1.0).then(|| sum / (all.count - 1.0));
        match self {
            Self::VarSamp => samp(all.first),
            Self::VarPop => pop(all.first),
            Self::StddevSamp => samp(all.first).map(f64::sqrt),
            Self::StddevPop => pop(all.first).map(f64::sqrt),
            Self::CovarSamp => samp(all.both),
            Self::CovarPop => pop(all.both),
            Self::Corr => {
                let spread = all.first.sqrt() * all.second.sqrt();
                (all.count > 1.0 && spread != 0.0).then(|| all.both / spread)
            }
        }
    }
}

/// Type of the aggregated values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MomentValues {
    Float,
    /// Integers or decimals, converted to floating-point numbers.
    AsFloat,
    /// Integers or decimals, computed exactly.
    Whole,
}

/// Call that merges states. The second argument keeps its type; the others are floating-point numbers.
pub(super) fn merge_moments_call(kind: MomentKind, states: Vec<Expr>) -> Expr {
    let states = states.into_iter().enumerate();
    let states: Vec<Expr> = states
        .map(|(place, state)| {
            if place == 1 {
                state
            } else {
                cast_to_double(state)
            }
        })
        .collect();
    Expr::AggregateFunction(AggregateFunction::new_udf(
        Arc::new(AggregateUDF::from(MergedMomentFunction {
            kind,
            signature: Signature::any(states.len(), Volatility::Immutable),
        })),
        states,
        false,
        None,
        Vec::new(),
        None,
    ))
}

/// Cast to a floating-point number.
pub(super) fn cast_to_double(expr: Expr) -> Expr {
    Expr::Cast(Cast::new(Box::new(expr), DataType::Float64))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MergedMomentFunction {
    kind: MomentKind,
    signature: Signature,
}

impl AggregateUDFImpl for MergedMomentFunction {
    fn name(&self) -> &'static str {
        match self.kind {
            MomentKind::VarSamp => "merged var",
            MomentKind::VarPop => "merged var_pop",
            MomentKind::StddevSamp => "merged stddev",
            MomentKind::StddevPop => "merged stddev_pop",
            MomentKind::CovarSamp => "merged covar_samp",
            MomentKind::CovarPop => "merged covar_pop",
            MomentKind::Corr => "merged corr",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let scale = match args.expr_fields.get(1).map(|field| field.data_type()) {
            Some(DataType::Decimal128(_, scale)) => *scale,
            _ => 0,
        };
        Ok(Box::new(MomentAccumulator {
            kind: self.kind,
            scale,
            parts: Vec::new(),
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let name = format!("{}[parts]", args.name);
        Ok(vec![Arc::new(Field::new(name, DataType::Binary, true))])
    }
}

/// Counts, means, and sums of squared deviations and of their products.
#[derive(Debug, Clone, Copy, Default)]
struct PartialMoments {
    count: f64,
    mean: f64,
    first: f64,
    other: f64,
    second: f64,
    both: f64,
    /// Exact sum in units of the last decimal place; the mean is then unused.
    total: Option<i128>,
}

impl PartialMoments {
    /// Size of one part in a serialised state, in bytes.
    const BYTES: usize = 8 * 6 + 1 + 16;

    /// Moments of existing values whose mean or spread is withheld. A participant can't send a NaN count, and serialisation
    /// preserves it.
    const UNTOLD: Self = Self {
        count: f64::NAN,
        mean: 0.0,
        first: 0.0,
        other: 0.0,
        second: 0.0,
        both: 0.0,
        total: None,
    };

    const fn is_withheld(&self) -> bool {
        self.count.is_nan()
    }

    const fn numbers(&self) -> [f64; 6] {
        [
            self.count,
            self.mean,
            self.first,
            self.other,
            self.second,
            self.both,
        ]
    }

    fn write(&self) -> impl Iterator<Item = u8> {
        let total = self.total.unwrap_or_default().to_le_bytes();
        let numbers = self.numbers().into_iter().flat_map(f64::to_le_bytes);
        numbers.chain([u8::from(self.total.is_some())]).chain(total)
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (numbers, rest) = bytes.split_first_chunk::<48>()?;
        let (has_total, total) = rest.split_first()?;
        let number = |place: usize| {
            let bytes = numbers.as_chunks::<8>().0.get(place)?;
            Some(f64::from_le_bytes(*bytes))
        };
        let total = i128::from_le_bytes(*total.first_chunk()?);
        Some(Self {
            count: number(0)?,
            mean: number(1)?,
            first: number(2)?,
            other: number(3)?,
            second: number(4)?,
            both: number(5)?,
            total: (*has_total == 1).then_some(total),
        })
    }

    /// Merges another part. Both parts have exact sums, or neither has.
    ///
    /// # Errors
    /// `ARITHMETIC_OVERFLOW` if a sum overflows its type.
    fn add(&mut self, part: &Self, scale: i8) -> Result<()> {
        if part.count == 0.0 {
            return Ok(());
        }
        if self.count == 0.0 {
            *self = *part;
            return Ok(());
        }
        let count = self.count + part.count;
        // Means of equal constants differ by their rounding, which must not count as spread.
        let apart = |spread: f64, one: f64, other: f64| {
            let ahead = other - one;
            let rounding = 4.0 * f64::EPSILON * one.abs().max(other.abs());
            if spread == 0.0 && ahead.abs() <= rounding {
                0.0
            } else {
                ahead
            }
        };
        let ahead = match (self.total, part.total) {
            (Some(one), Some(other)) => {
                let beyond = || engine_error::wrap_refusal(overflow_refusal());
                self.total = Some(one.checked_add(other).ok_or_else(beyond)?);
                let crosswise = |total: i128, count: f64| {
                    i256::from_i128(total).checked_mul(i256::from_f64(count)?)
                };
                let ahead = crosswise(other, self.count)
                    .zip(crosswise(one, part.count))
                    .and_then(|(other, one)| other.checked_sub(one)?.to_string().parse().ok());
                let (ahead, unit): (f64, f64) =
                    (ahead.ok_or_else(beyond)?, 10_f64.powi(i32::from(scale)));
                ahead / self.count / part.count / unit
            }
            _ => apart(self.first + part.first, self.mean, part.mean),
        };
        let beside = apart(self.second + part.second, self.other, part.other);
        let weight = self.count * part.count / count;
        self.first += part.first + ahead * ahead * weight;
        self.second += part.second + beside * beside * weight;
        self.both += part.both + ahead * beside * weight;
        self.mean += ahead * part.count / count;
        self.other += beside * part.count / count;
        self.count = count;
        Ok(())
    }
}

#[derive(Debug)]
struct MomentAccumulator {
    kind: MomentKind,
    /// Decimal places of the sums.
    scale: i8,
    parts: Vec<PartialMoments>,
}

impl MomentAccumulator {
    /// Merges all parts in an order that does not depend on their arrival.
    fn merge_parts(&mut self) -> Result<PartialMoments> {
        self.parts.sort_by(|one, other| {
            let pairs = one.numbers().into_iter().zip(other.numbers());
            let orders = pairs.map(|(one, other)| one.total_cmp(&other));
            orders.fold(one.total.cmp(&other.total), Ordering::then)
        });
        let mut whole = PartialMoments::default();
        for part in &self.parts {
            whole.add(part, self.scale)?;
        }
        Ok(whole)
    }
}

impl Accumulator for MomentAccumulator {
    /// Adds the states of participants, whose spreads are means and not sums.
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let totals = match values.get(1).map(|column| column.data_type()) {
            Some(DataType::Float64) | None => None,
            Some(DataType::Decimal128(_, _)) => values.get(1).map(Arc::clone),
            Some(_) => {
                let units = DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0);
                values.get(1).map(|sums| cast(sums, &units)).transpose()?
            }
        };
        let totals = totals.as_deref().map(as_decimal128_array).transpose()?;
        let columns: Vec<Option<&Float64Array>> = values
            .iter()
            .enumerate()
            .map(|(place, column)| match place {
                1 if totals.is_some() => Ok(None),
                _ => as_float64_array(column).map(Some),
            })
            .collect::<Result<_>>()?;
        let rows = values.first().map_or(0, |column| column.len());
        for row in 0..rows {
            let number = |at: usize| match columns.get(at) {
                Some(Some(column)) if !column.is_null(row) => column.value(row),
                // An empty part has no mean, and functions of one column have no second mean.
                _ => 0.0,
            };
            let count = number(0);
            // A withheld state of existing values must not count as zero spread: the complete result is unknown.
            if count > 0.0 && values.iter().any(|column| column.is_null(row)) {
                self.parts.push(PartialMoments::UNTOLD);
                continue;
            }
            self.parts.push(PartialMoments {
                count,
                mean: number(1),
                first: number(2) * count,
                other: number(3),
                second: number(4) * count,
                both: number(5) * count,
                total: totals
                    .filter(|totals| totals.is_valid(row))
                    .map(|totals| totals.value(row)),
            });
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states {
            for bytes in as_binary_array(state)?.iter().flatten() {
                let parts = bytes.as_chunks::<{ PartialMoments::BYTES }>().0.iter();
                self.parts
                    .extend(parts.filter_map(PartialMoments::from_bytes));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.parts.iter().any(PartialMoments::is_withheld) {
            return Ok(ScalarValue::Float64(None));
        }
        let whole = self.merge_parts()?;
        Ok(ScalarValue::Float64(self.kind.result(&whole)))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let bytes = self.parts.iter().flat_map(PartialMoments::write).collect();
        Ok(vec![ScalarValue::Binary(Some(bytes))])
    }

    fn size(&self) -> usize {
        let parts = self
            .parts
            .capacity()
            .saturating_mul(size_of::<PartialMoments>());
        size_of_val(self).saturating_add(parts)
    }
}

#[cfg(test)]
mod tests;
