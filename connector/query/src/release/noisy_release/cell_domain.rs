//! Domain of the cells of one period: all combinations of the values in the contract and the time buckets of the period,
//! independent of the rows.

use super::cell_totals::CellTotals;
use crate::release::grid_basis::PeriodCalendar;
use crate::release::history::BudgetSpending;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, SchemaRef};
use hansa_policy::effect::Cube;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::ReleaseTerm;
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;
use hansa_policy::value::time::TimeBucketWidth;
use std::sync::Arc;

/// Numbered cells. The last dimension varies fastest.
#[derive(Debug)]
pub(super) struct CellDomain {
    axes: Vec<CellDomainAxis>,
}

#[derive(Debug)]
enum CellDomainAxis {
    /// Listed values, as text.
    Listed(Vec<String>),
    /// Starts of time buckets, ascending, in the unit of the column.
    Times(Vec<i64>),
}

/// Value of a dimension in a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum DimensionValue<'a> {
    Text(&'a str),
    Time(i64),
    Missing,
}

impl CellDomain {
    /// Cells of a cube in a period.
    pub(super) fn for_period(
        cube: &Cube,
        budget: &PrivacyBudgetTerm,
        release: &ReleaseTerm,
        calendar: &PeriodCalendar,
        period: &BudgetSpending,
    ) -> Result<Self, Refusal> {
        let axes = cube.dimensions.iter().map(|dimension| {
            if dimension.column == release.column {
                let width = dimension.bucket.unwrap_or(TimeBucketWidth::Day);
                let mut starts = Vec::new();
                let mut at = period.from;
                while at < period.to {
                    let (start, next) = calendar.bounds(at, width);
                    if next <= at {
                        return Err(domain_mismatch_refusal());
                    }
                    starts.push(start);
                    at = next;
                }
                return Ok(CellDomainAxis::Times(starts));
            }
            let mut listed = budget.values.iter();
            let listed = listed.find(|one| one.column == dimension.column);
            listed
                .map(|listed| CellDomainAxis::Listed(listed.list.clone()))
                .ok_or_else(domain_mismatch_refusal)
        });
        Ok(Self {
            axes: axes.collect::<Result<_, _>>()?,
        })
    }

    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        let sizes = self.axes.iter().map(CellDomainAxis::len);
        sizes.fold(1, usize::saturating_mul)
    }

    /// Cell for these values, one for each dimension. `None` if a value is outside the domain.
    pub(super) fn cell<'a>(
        &self,
        values: impl Iterator<Item = DimensionValue<'a>>,
    ) -> Option<usize> {
        let mut cell = 0_usize;
        for (axis, value) in self.axes.iter().zip(values) {
            let at = axis.place(value)?;
            cell = cell.checked_mul(axis.len())?.checked_add(at)?;
        }
        Some(cell)
    }

    /// Checks for a time dimension.
    pub(super) fn is_time(&self, dimension: usize) -> bool {
        matches!(self.axes.get(dimension), Some(CellDomainAxis::Times(_)))
    }

    /// Record batch of the cells with their values, in the columns of [`hansa_enforcement::released_cells::schema`].
    pub(super) fn to_batch(
        &self,
        totals: &CellTotals,
        cube: &Cube,
        stored: &SchemaRef,
    ) -> Result<RecordBatch, Refusal> {
        let schema = hansa_enforcement::released_cells::released_schema(cube, stored)?;
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut wide = self.len();
        for (axis, dimension) in self.axes.iter().zip(&cube.dimensions) {
            let kind = kind_of(&schema, dimension.column.as_str())?;
            wide = wide
                .checked_div(axis.len())
                .ok_or_else(domain_mismatch_refusal)?;
            let places = (0..self.len()).filter_map(|cell| {
                let upper = cell.checked_div(wide)?;
                upper.checked_rem(axis.len())
            });
            columns.push(axis.column(places, &kind)?);
        }
        columns.push(Arc::new(to_count_array(totals.counts())));
        for (index, measure) in cube.measures.iter().enumerate() {
            let kind = kind_of(&schema, &format!("sum_{measure}"))?;
            columns.push(Arc::new(to_count_array(totals.value_counts(index))));
            columns.push(match kind {
                DataType::Int64 => Arc::new(to_count_array(totals.sums(index))),
                // The conversion through decimal text gives the floating-point number nearest to the exact thousandths.
                DataType::Float64 => Arc::new(
                    totals
                        .sums(index)
                        .map(thousandths_to_float)
                        .collect::<Float64Array>(),
                ),
                _ => return Err(domain_mismatch_refusal()),
            });
        }
        RecordBatch::try_new(schema, columns)
            .map_err(|cause| domain_mismatch_refusal().caused_by(cause))
    }
}

impl CellDomainAxis {
    fn len(&self) -> usize {
        match self {
            Self::Listed(list) => list.len(),
            Self::Times(starts) => starts.len(),
        }
    }

    fn place(&self, value: DimensionValue<'_>) -> Option<usize> {
        match (self, value) {
            (Self::Listed(list), DimensionValue::Text(text)) => {
                list.iter().position(|one| one == text)
            }
            (Self::Times(starts), DimensionValue::Time(at)) => starts.binary_search(&at).ok(),
            _ => None,
        }
    }

    fn column(
        &self,
        places: impl Iterator<Item = usize>,
        kind: &DataType,
    ) -> Result<ArrayRef, Refusal> {
        Ok(match (self, kind) {
            (Self::Listed(list), DataType::Utf8) => {
                let texts = places.map(|place| list.get(place).map(String::as_str));
                Arc::new(texts.collect::<StringArray>())
            }
            (Self::Listed(list), DataType::Int64) => {
                let numbers = places.map(|place| list.get(place)?.parse::<i64>().ok());
                Arc::new(numbers.collect::<Int64Array>())
            }
            (Self::Listed(list), DataType::Boolean) => {
                let flags = places.map(|place| list.get(place)?.parse::<bool>().ok());
                Arc::new(flags.collect::<BooleanArray>())
            }
            (Self::Times(starts), DataType::Date32) => {
                let days = places.map(|place| i32::try_from(*starts.get(place)?).ok());
                Arc::new(days.collect::<Date32Array>())
            }
            (Self::Times(starts), DataType::Timestamp(_, zone)) => {
                let instants = places.map(|place| starts.get(place).copied());
                let instants: TimestampMicrosecondArray = instants.collect();
                Arc::new(instants.with_timezone_opt(zone.clone()))
            }
            _ => return Err(domain_mismatch_refusal()),
        })
    }
}

fn kind_of(schema: &SchemaRef, name: &str) -> Result<DataType, Refusal> {
    let field = schema.fields().iter().find(|field| field.name() == name);
    field
        .map(|field| field.data_type().clone())
        .ok_or_else(domain_mismatch_refusal)
}

/// Integers, clamped to the range of the type.
fn to_count_array(numbers: impl Iterator<Item = i128>) -> Int64Array {
    let held = numbers.map(|number| {
        let edge = if number < 0 { i64::MIN } else { i64::MAX };
        i64::try_from(number).unwrap_or(edge)
    });
    Int64Array::from_iter_values(held)
}

/// Floating-point number nearest to a number of thousandths.
fn thousandths_to_float(number: i128) -> Option<f64> {
    let sign = if number < 0 { "-" } else { "" };
    let size = number.unsigned_abs();
    let text = format!("{sign}{}.{:03}", size / 1000, size % 1000);
    text.parse().ok()
}

fn domain_mismatch_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "the cells of a budget do not fit the cube",
    )
}

/// Clamp range of the measure.
pub(super) fn clamp_range<'a>(
    budget: &'a PrivacyBudgetTerm,
    measure: &SqlIdentifier,
) -> Result<&'a hansa_policy::value::privacy_budget::ClampRange, Refusal> {
    let mut bounds = budget.bounds.iter();
    bounds
        .find(|one| one.measure == *measure)
        .ok_or_else(domain_mismatch_refusal)
}
