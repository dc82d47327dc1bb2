//! Random pairs of datasets that a contract makes indistinguishable.

mod rows;
mod terms;

use super::places::{self, PLACES, PlaceGeneralization};
use super::prohibition::PropertyProhibition;
use super::published_data;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use crate::fixture::storage::FixtureStorage;
use crate::fixture::{FixtureParticipant, PLANNING};
use crate::limits::QueryResourceLimits;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use hansa_policy::term::band::BandTerm;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::term::prefix::PrefixTerm;
use hansa_policy::term::pseudonym::PseudonymTerm;
use hansa_policy::value::area::BoundingBox;
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::time::TimeBucketWidth;
use hmac::{Hmac, Mac as _};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rows::{pseudonymize_text, random_row, row_batch, value_band};
use sha2::Sha256;
use std::sync::Arc;

/// Text that occurs in hidden cells only.
pub(super) const SECRET: &str = "ZSECRET";

const COLUMNS: [&str; 15] = [
    "k:int",
    "v:int?",
    "f:float?",
    "s:text?",
    "g:text",
    "b:bool?",
    "t:instant",
    "m:int?",
    "h:text?",
    "vis:int?",
    "ban:int?",
    "lon:float?",
    "lat:float?",
    "x:float?",
    "y:float?",
];

#[derive(Debug, Clone)]
struct DatasetPairRow {
    k: i64,
    v: Option<i64>,
    f: Option<f64>,
    s: Option<String>,
    g: String,
    b: Option<bool>,
    t: i64,
    m: Option<i64>,
    h: Option<String>,
    vis: Option<i64>,
    lon: Option<f64>,
    lat: Option<f64>,
    /// Index of the place at `x` and `y`.
    place: usize,
    /// Value that decides if the row is prohibited.
    ban: Option<i64>,
}

/// Mask of the column `m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberMask {
    Clear,
    Null,
    Constant,
    Band,
}

/// Mask of the column `s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextMask {
    Clear,
    Prefix,
    Hash,
    Level,
}

/// A contract, a dataset, and an equivalent dataset with the same view.
pub(super) struct DatasetPair {
    share: i64,
    form: usize,
    /// Shown columns.
    columns: Vec<&'static str>,
    number: NumberMask,
    text: TextMask,
    hours: bool,
    cells: PlaceGeneralization,
    prohibited: PropertyProhibition,
    pub(super) layout: DatasetFileLayout,
    batch: usize,
    partitions: usize,
    cores: usize,
    rows: Vec<DatasetPairRow>,
    double: Vec<DatasetPairRow>,
    /// Name of the terms that the contract lacks, while everything else assumes them.
    pub(super) dropped: Option<&'static str>,
    /// Number of workers.
    pub(super) workers: Option<u32>,
}

impl std::fmt::Debug for DatasetPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatasetPair")
            .field("share", &self.share)
            .field("form", &self.form)
            .field("number", &self.number)
            .field("text", &self.text)
            .field("hours", &self.hours)
            .field("cells", &self.cells)
            .field("prohibited", &self.prohibited)
            .field("layout", &self.layout)
            .field("batch", &self.batch)
            .field("partitions", &self.partitions)
            .field("cores", &self.cores)
            .field("rows", &(self.rows.len(), self.double.len()))
            .finish_non_exhaustive()
    }
}

impl DatasetPair {
    pub(super) fn generate(random: &mut StdRng) -> Self {
        let share = *[1, 50, 99].choose(random).unwrap();
        let form = random.random_range(0..9);
        let count = *[0, 5, 60, 300].choose(random).unwrap();
        let rows: Vec<DatasetPairRow> = (0..count).map(|k| random_row(random, k, share)).collect();
        let mut columns = vec!["k", "v", "f", "s", "g", "b", "t", "m", "ban"];
        if random.random_bool(0.3) {
            columns.push("vis");
        }
        let cells = PlaceGeneralization::generate(random);
        if cells != PlaceGeneralization::Nothing {
            columns.extend(["x", "y"]);
        }
        let mut pair = Self {
            share,
            form,
            columns,
            number: *[
                NumberMask::Clear,
                NumberMask::Null,
                NumberMask::Constant,
                NumberMask::Band,
            ]
            .choose(random)
            .unwrap(),
            text: *[
                TextMask::Clear,
                TextMask::Clear,
                TextMask::Prefix,
                TextMask::Hash,
                TextMask::Level,
            ]
            .choose(random)
            .unwrap(),
            hours: random.random_bool(0.5),
            cells,
            prohibited: PropertyProhibition::generate(random),
            layout: DatasetFileLayout {
                files: *[1, 3].choose(random).unwrap(),
                row_group: *[20, 1000].choose(random).unwrap(),
                statistics: random.random_bool(0.7),
                storage: FixtureStorage::Copied,
                key: None,
            },
            batch: *[1, 7, 8192].choose(random).unwrap(),
            partitions: *[1, 1, 4].choose(random).unwrap(),
            cores: random.random_range(1..=8),
            rows,
            double: Vec::new(),
            dropped: None,
            workers: None,
        };
        pair.double = pair.generate_equivalent_rows(random);
        pair
    }

    /// Rows of another dataset with the same view.
    fn generate_equivalent_rows(&self, random: &mut StdRng) -> Vec<DatasetPairRow> {
        let mut double = Vec::new();
        for old in &self.rows {
            while random.random_bool(0.2) {
                let mut hidden = random_row(random, 9_000_000, self.share);
                self.randomize_hidden_row(&mut hidden, random);
                double.push(hidden);
            }
            if self.is_visible(old) {
                let mut kept = old.clone();
                kept.h = Some(format!("{SECRET}{}", random.random_range(0..1000)));
                self.change_details(&mut kept, random);
                if self.hours {
                    kept.t = kept.t.div_euclid(HOUR) * HOUR + random.random_range(0..HOUR);
                }
                double.push(kept);
            } else if random.random_bool(0.5) {
                let mut changed = random_row(random, old.k, self.share);
                self.randomize_hidden_row(&mut changed, random);
                double.push(changed);
            }
        }
        double
    }

    /// Changes details that no mask lets through.
    fn change_details(&self, kept: &mut DatasetPairRow, random: &mut StdRng) {
        match self.number {
            NumberMask::Clear => {}
            NumberMask::Null | NumberMask::Constant => kept.m = Some(random.random_range(0..1000)),
            NumberMask::Band => {
                kept.m = match kept.m.map(value_band) {
                    None | Some(None) => *[None, Some(-7), Some(-1)].choose(random).unwrap(),
                    Some(Some(2)) => Some(random.random_range(2..6)),
                    Some(Some(_)) => Some(random.random_range(6..1000)),
                };
            }
        }
        if self.form == 8 {
            (kept.lon, kept.lat) = published_data::random_inside_place(random);
        }
        kept.place = places::choose_alike_place(self.cells, kept.place, random);
        kept.ban = self.prohibited.choose_alike_ban(kept.ban, random);
        if self.text == TextMask::Level
            && let Some(text) = &mut kept.s
        {
            *text = published_data::choose_alike_text(text, random);
        }
        if self.text == TextMask::Prefix
            && let Some(text) = &mut kept.s
        {
            let first: String = text.chars().take(1).collect();
            *text = format!("{first}{SECRET}{}", random.random_range(0..1000));
        }
    }

    fn randomize_hidden_row(&self, row: &mut DatasetPairRow, random: &mut StdRng) {
        row.s = Some(format!("{SECRET}{}", random.random_range(0..1000)));
        row.v = *[Some(3), Some(0), Some(i64::MAX), Some(i64::MIN), None]
            .choose(random)
            .unwrap();
        if self.form == 8 {
            (row.lon, row.lat) = published_data::random_outside_place(random);
        } else if self.form == 7 {
            row.lon = *[None, Some(9.0), Some(f64::NAN)].choose(random).unwrap();
        } else {
            row.vis = *[None, Some(self.share), Some(1000)].choose(random).unwrap();
        }
    }

    fn is_visible(&self, row: &DatasetPairRow) -> bool {
        !self.prohibited.removes_row(row.ban) && self.is_permitted(row)
    }

    fn is_permitted(&self, row: &DatasetPairRow) -> bool {
        if self.form == 8 {
            return published_data::is_inside_area(row.lon, row.lat);
        }
        if self.form == 7 {
            return row.lon.is_some_and(|lon| (0.0..=1.0).contains(&lon))
                && row.lat.is_some_and(|lat| (0.0..=1.0).contains(&lat));
        }
        row.vis.is_some_and(|vis| vis < self.share)
    }

    /// Names of the shown columns.
    pub(super) fn shown_columns(&self) -> Vec<&'static str> {
        let degrees = |column: &&str| ["x", "y"].contains(column);
        let mut shown = self.columns.clone();
        shown.retain(|column| !degrees(column) && !self.prohibited.hides(column));
        if self.cells != PlaceGeneralization::Nothing {
            shown.push("cell");
        }
        shown
    }

    /// Adds `workers` workers with one thread each.
    pub(super) const fn with_workers(mut self, workers: u32) -> Self {
        self.workers = Some(workers);
        self.partitions = 1;
        self.layout.row_group = 20;
        self
    }

    /// Checks that answers are equal including the order of their rows.
    pub(super) const fn is_exact(&self) -> bool {
        self.partitions == 1
    }

    pub(super) fn limits(&self) -> QueryResourceLimits {
        QueryResourceLimits {
            batch_rows: self.batch,
            partitions: self.partitions,
            cores: self.cores,
            rows_for_cores: 0,
            planning: PLANNING,
            ..QueryResourceLimits::default()
        }
    }

    pub(super) fn city(&self, double: bool) -> FixtureParticipant {
        self.city_with_rows(if double { &self.double } else { &self.rows })
    }

    /// City that holds the rows of the view and no hidden row.
    pub(super) fn view_city(&self) -> FixtureParticipant {
        let shown: Vec<DatasetPairRow> = self
            .rows
            .iter()
            .filter(|row| self.is_visible(row))
            .cloned()
            .collect();
        self.city_with_rows(&shown)
    }

    fn city_with_rows(&self, rows: &[DatasetPairRow]) -> FixtureParticipant {
        let set = build_dataset("d", &COLUMNS);
        let mut city = FixtureParticipant::new();
        city.limits = self.limits();
        city.workers = self.workers;
        city.published = published_data::published_lists();
        city.publish(
            set.clone(),
            &row_batch(&set.schema(), rows),
            self.layout,
            self.terms()
                .into_iter()
                .filter(|term| Some(term.spec().name) != self.dropped),
        );
        city
    }

    /// View computed by the test, in batches with the boundaries that the gate makes.
    pub(super) fn table(&self) -> Arc<MemTable> {
        let rows: Vec<DatasetPairRow> = self
            .rows
            .iter()
            .filter(|row| self.is_visible(row))
            .cloned()
            .map(|mut row| {
                match self.number {
                    NumberMask::Clear => {}
                    NumberMask::Null => row.m = None,
                    NumberMask::Constant => row.m = Some(7),
                    NumberMask::Band => row.m = row.m.and_then(value_band),
                }
                row.s = row.s.and_then(|text| match self.text {
                    TextMask::Clear => Some(text),
                    TextMask::Prefix => Some(text.chars().take(1).collect()),
                    TextMask::Hash => Some(pseudonymize_text(&text)),
                    TextMask::Level => published_data::look_up_level(&text).map(str::to_owned),
                });
                if self.hours {
                    row.t = row.t.div_euclid(HOUR) * HOUR;
                }
                row
            })
            .collect();
        let stored = build_dataset("d", &COLUMNS).schema();
        let whole = row_batch(&stored, &rows);
        let indices: Vec<usize> = self
            .shown_columns()
            .iter()
            .filter(|column| **column != "cell")
            .map(|column| stored.index_of(column).unwrap())
            .collect();
        // The view keeps the stored column order.
        let mut indices = indices;
        indices.sort_unstable();
        let mut fields: Vec<Field> = indices
            .iter()
            .map(|index| stored.field(*index).clone())
            .collect();
        let mut shown = whole.project(&indices).unwrap().columns().to_vec();
        if self.cells != PlaceGeneralization::Nothing {
            let cells = rows
                .iter()
                .map(|row| places::shown_cell(self.cells, row.place));
            fields.push(Field::new("cell", DataType::Utf8, true));
            shown.push(Arc::new(StringArray::from_iter(cells)));
        }
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let shown = RecordBatch::try_new(Arc::clone(&schema), shown).unwrap();
        let mut batches = Vec::new();
        let mut start = 0;
        while start < shown.num_rows() {
            let length = self.batch.min(shown.num_rows() - start);
            batches.push(shown.slice(start, length));
            start += length;
        }
        Arc::new(MemTable::try_new(schema, vec![batches]).unwrap())
    }
}

const HOUR: i64 = 3_600_000_000;
