//! Exact totals of the cells of one period, with a bounded contribution of each unit.
//!
//! The rows are sorted by unit and cell. For each unit, a bounded number of cells is sampled, and a bounded number of rows in each
//! cell. The sample depends only on the seed and the unit's own rows, so removing one unit changes nothing else.

use super::cell_domain::{CellDomain, DimensionValue, clamp_range};
use super::noise::NoiseStream;
use crate::release::cell_queries::{dimension_value, stored_column_type};
use crate::release::columns::bare_column;
use crate::release::workspace::release_refusal;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, SchemaRef};
use datafusion::dataframe::DataFrame;
use datafusion::functions::math::expr_fn::{isnan, round};
use datafusion_expr::{Expr, cast, lit, when};
use futures::StreamExt;
use hansa_policy::effect::Cube;
use hansa_policy::noise::{RandomBits, RandomSource};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;

/// Totals of all cells, by their index in the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CellTotals {
    cells: Vec<ExactCell>,
    /// Maximum absolute value of each measure.
    reaches: Vec<u128>,
}

/// Totals of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExactCell {
    /// Number of rows.
    pub(super) count: i128,
    pub(super) measures: Vec<MeasureTotal>,
}

/// Total of a measure in a cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct MeasureTotal {
    /// Number of rows with a value.
    pub(super) count: i128,
    /// Sum: exact for integers, in thousandths for other numbers.
    pub(super) sum: i128,
}

impl CellTotals {
    /// Number of counted rows.
    pub(super) fn rows(&self) -> u64 {
        let rows: i128 = self.cells.iter().map(|cell| cell.count).sum();
        u64::try_from(rows).unwrap_or(0)
    }

    pub(super) fn reaches(&self) -> &[u128] {
        &self.reaches
    }

    pub(super) fn cells_mut(&mut self) -> impl Iterator<Item = &mut ExactCell> {
        self.cells.iter_mut()
    }

    pub(super) fn counts(&self) -> impl Iterator<Item = i128> {
        self.cells.iter().map(|cell| cell.count)
    }

    pub(super) fn value_counts(&self, measure: usize) -> impl Iterator<Item = i128> {
        self.measure(measure).map(|measure| measure.count)
    }

    pub(super) fn sums(&self, measure: usize) -> impl Iterator<Item = i128> {
        self.measure(measure).map(|measure| measure.sum)
    }

    fn measure(&self, measure: usize) -> impl Iterator<Item = MeasureTotal> {
        let of = move |cell: &ExactCell| cell.measures.get(measure).copied().unwrap_or_default();
        self.cells.iter().map(of)
    }
}

/// Adds up the rows of a period. A row without a unit or a cell does not count.
pub(super) async fn sum_cells(
    rows: DataFrame,
    cube: &Cube,
    budget: &PrivacyBudgetTerm,
    domain: &CellDomain,
    stored: &SchemaRef,
    seed: &[u8; 32],
) -> Result<CellTotals, Refusal> {
    let mut columns = vec![cast(bare_column(budget.unit.as_str()), DataType::Utf8).alias("u")];
    for (index, dimension) in cube.dimensions.iter().enumerate() {
        let value = dimension_value(dimension, bare_column(dimension.column.as_str()), stored)?;
        let to = if domain.is_time(index) {
            to_time_unit(
                value,
                &stored_column_type(stored, dimension.column.as_str())?,
            )
        } else {
            cast(value, DataType::Utf8)
        };
        columns.push(to.alias(format!("d{index}")));
    }
    let mut bounds = Vec::new();
    for (index, measure) in cube.measures.iter().enumerate() {
        let held = clamp_range(budget, measure)?;
        let float = stored_column_type(stored, measure.as_str())? == DataType::Float64;
        let [low, high] = [held.low, held.high].map(|end| match float {
            true => end.thousandths(),
            false => end.to_integer().unwrap_or(0),
        });
        bounds.push((low, high));
        let value = bare_column(measure.as_str());
        let value = if float {
            to_thousandths(value, low, high).map_err(|error| release_refusal(&error))?
        } else {
            value
        };
        columns.push(cast(value, DataType::Int64).alias(format!("m{index}")));
    }
    let order: Vec<_> = (0..cube.dimensions.len())
        .map(|index| format!("d{index}"))
        .chain((0..cube.measures.len()).map(|index| format!("m{index}")))
        .collect();
    let order = std::iter::once("u".to_owned())
        .chain(order)
        .map(|name| bare_column(name).sort(true, true));
    let sorted = rows
        .select(columns)
        .and_then(|rows| rows.filter(bare_column("u").is_not_null()))
        .and_then(|rows| rows.sort(order.collect()))
        .map_err(|error| release_refusal(&error))?;
    let mut stream = sorted
        .execute_stream()
        .await
        .map_err(|error| release_refusal(&error))?;
    let mut counting = CellTotalsBuilder::new(cube, budget, domain, seed, bounds);
    while let Some(batch) = stream.next().await {
        counting.take_batch(&batch.map_err(|error| release_refusal(&error))?)?;
    }
    Ok(counting.finish())
}

/// Time in the unit of its column.
fn to_time_unit(value: Expr, kind: &DataType) -> Expr {
    match kind {
        DataType::Date32 => cast(cast(value, DataType::Int32), DataType::Int64),
        _ => cast(value, DataType::Int64),
    }
}

/// Floating-point number in thousandths, clamped to its bounds; NULL for NaN.
fn to_thousandths(value: Expr, low: i64, high: i64) -> datafusion_common::Result<Expr> {
    let edge = |thousandths: i64| cast(lit(thousandths), DataType::Float64);
    let wide = value.clone() * lit(1000.0);
    let held = when(wide.clone().lt(edge(low)), edge(low))
        .when(wide.clone().gt(edge(high)), edge(high))
        .otherwise(round(vec![wide]))?;
    when(Expr::Not(Box::new(isnan(value))), held).end()
}

/// State of the summation.
struct CellTotalsBuilder<'a> {
    budget: &'a PrivacyBudgetTerm,
    domain: &'a CellDomain,
    seed: &'a [u8; 32],
    bounds: Vec<(i64, i64)>,
    totals: CellTotals,
    unit: Option<UnitContribution>,
}

/// Unit whose rows are being read.
struct UnitContribution {
    name: String,
    random_bits: RandomBits<Box<dyn FnMut() -> u64>>,
    /// Sampled cells.
    cells: ReservoirSample<(usize, ReservoirSample<MeasureValues>)>,
    /// Cell whose rows are being read.
    open: Option<(usize, ReservoirSample<MeasureValues>)>,
}

/// Values of the measures.
type MeasureValues = Vec<Option<i64>>;

/// Uniform random sample of a fixed maximum size (reservoir sampling, Vitter's algorithm R).
struct ReservoirSample<T> {
    sample: Vec<T>,
    capacity: usize,
    seen: u128,
}

impl<T> ReservoirSample<T> {
    const fn with_capacity(room: usize) -> Self {
        Self {
            sample: Vec::new(),
            capacity: room,
            seen: 0,
        }
    }

    fn offer(&mut self, one: T, random: &mut impl RandomSource) {
        self.seen = self.seen.saturating_add(1);
        if self.sample.len() < self.capacity {
            self.sample.push(one);
            return;
        }
        let place = usize::try_from(random.draw_below(self.seen)).unwrap_or(usize::MAX);
        if let Some(kept) = self.sample.get_mut(place) {
            *kept = one;
        }
    }
}

impl<'a> CellTotalsBuilder<'a> {
    fn new(
        cube: &Cube,
        budget: &'a PrivacyBudgetTerm,
        domain: &'a CellDomain,
        seed: &'a [u8; 32],
        bounds: Vec<(i64, i64)>,
    ) -> Self {
        let empty = ExactCell {
            count: 0,
            measures: vec![MeasureTotal::default(); cube.measures.len()],
        };
        let reach =
            |(low, high): &(i64, i64)| u128::from(low.unsigned_abs().max(high.unsigned_abs()));
        Self {
            budget,
            domain,
            seed,
            totals: CellTotals {
                cells: vec![empty; domain.len()],
                reaches: bounds.iter().map(reach).collect(),
            },
            bounds,
            unit: None,
        }
    }

    fn take_batch(&mut self, batch: &RecordBatch) -> Result<(), Refusal> {
        let units: &StringArray = text_column(batch, "u")?;
        let mut dimensions = Vec::new();
        for index in 0.. {
            let name = format!("d{index}");
            let Some(column) = batch.column_by_name(&name) else {
                break;
            };
            dimensions.push(column);
        }
        let measures = (0..self.bounds.len())
            .map(|index| number_column(batch, &format!("m{index}")))
            .collect::<Result<Vec<&Int64Array>, _>>()?;
        for row in 0..batch.num_rows() {
            let values = dimensions
                .iter()
                .map(|column| read_dimension_value(column.as_ref(), row));
            let Some(cell) = self.domain.cell(values) else {
                continue;
            };
            let there = |column: &&Int64Array| column.is_valid(row).then(|| column.value(row));
            let measured = measures.iter().map(there).collect();
            self.take_row(units.value(row), cell, measured);
        }
        Ok(())
    }

    fn take_row(&mut self, unit: &str, cell: usize, measured: MeasureValues) {
        if self.unit.as_ref().is_none_or(|open| open.name != unit) {
            self.close();
        }
        let (cells, rows) = (
            to_capacity(self.budget.cells),
            to_capacity(self.budget.rows),
        );
        let open = self.unit.get_or_insert_with(|| {
            let mut stream = NoiseStream::from_seed(self.seed, &format!("hansa/lots/1\0{unit}"));
            UnitContribution {
                name: unit.to_owned(),
                random_bits: RandomBits(Box::new(move || stream.next_word())),
                cells: ReservoirSample::with_capacity(cells),
                open: None,
            }
        });
        if open.open.as_ref().is_some_and(|(known, _)| *known != cell)
            && let Some(full) = open.open.take()
        {
            open.cells.offer(full, &mut open.random_bits);
        }
        let (_, chosen) = open
            .open
            .get_or_insert_with(|| (cell, ReservoirSample::with_capacity(rows)));
        chosen.offer(measured, &mut open.random_bits);
    }

    /// Adds the sampled rows of the unit to the totals.
    fn close(&mut self) {
        let Some(mut unit) = self.unit.take() else {
            return;
        };
        if let Some(last) = unit.open.take() {
            unit.cells.offer(last, &mut unit.random_bits);
        }
        for (cell, rows) in unit.cells.sample {
            let Some(cell) = self.totals.cells.get_mut(cell) else {
                continue;
            };
            for row in rows.sample {
                cell.count = cell.count.saturating_add(1);
                let all = cell.measures.iter_mut().zip(row).zip(&self.bounds);
                for ((sum, value), (low, high)) in all {
                    let Some(value) = value else { continue };
                    sum.count = sum.count.saturating_add(1);
                    let held = value.clamp(*low, *high);
                    sum.sum = sum.sum.saturating_add(i128::from(held));
                }
            }
        }
    }

    fn finish(mut self) -> CellTotals {
        self.close();
        self.totals
    }
}

fn to_capacity(most: u32) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}

fn read_dimension_value(column: &dyn Array, row: usize) -> DimensionValue<'_> {
    if column.is_null(row) {
        return DimensionValue::Missing;
    }
    if let Some(texts) = column.as_string_opt::<i32>() {
        return DimensionValue::Text(texts.value(row));
    }
    match column.as_primitive_opt::<Int64Type>() {
        Some(numbers) => DimensionValue::Time(numbers.value(row)),
        None => DimensionValue::Missing,
    }
}

fn text_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, Refusal> {
    let column = batch.column_by_name(name);
    column
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(row_type_refusal)
}

fn number_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array, Refusal> {
    let column = batch.column_by_name(name);
    column
        .and_then(|column| column.as_primitive_opt::<Int64Type>())
        .ok_or_else(row_type_refusal)
}

fn row_type_refusal() -> Refusal {
    Refusal::new(ErrorCode::Internal, "the rows of cells are of another type")
}
