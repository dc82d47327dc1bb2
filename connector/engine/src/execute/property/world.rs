//! Random datasets in pairs that one contract can't tell apart.

use super::places::{self, PLACES, Shown};
use super::prohibited::Prohibited;
use super::published;
use crate::fixture::City;
use crate::fixture::table::{Layout, dataset, name};
use crate::limits::Limits;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use hmac::{Hmac, Mac as _};
use policy::row_filter::{Comparison, Literal, Operand, RowFilter};
use policy::term::band::Band;
use policy::term::place_cells::PlaceCells;
use policy::term::prefix::Prefix;
use policy::term::pseudonym::Pseudonym;
use policy::term::{Bounds, Bucket, Mask, Term};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sha2::Sha256;
use std::sync::Arc;

/// Occurs in hidden cells only.
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
struct Row {
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
    /// Where `x` and `y` are: the number of a place.
    place: usize,
    /// By which rows are prohibited.
    ban: Option<i64>,
}

/// What becomes of the column `m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Clear,
    Null,
    Constant,
    Band,
}

/// What becomes of the column `s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Clear,
    Prefix,
    Hash,
    Level,
}

/// A contract, a dataset and its double.
pub(super) struct World {
    share: i64,
    form: usize,
    /// The columns shown.
    columns: Vec<&'static str>,
    number: Number,
    text: Text,
    hours: bool,
    cells: Shown,
    prohibited: Prohibited,
    layout: Layout,
    batch: usize,
    partitions: usize,
    rows: Vec<Row>,
    double: Vec<Row>,
    /// The terms of this name are left out of the contract, which all else counts on.
    pub(super) dropped: Option<&'static str>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
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
            .field("rows", &(self.rows.len(), self.double.len()))
            .finish_non_exhaustive()
    }
}

impl World {
    pub(super) fn random(random: &mut StdRng) -> Self {
        let share = *[1, 50, 99].choose(random).unwrap();
        let form = random.random_range(0..9);
        let count = *[0, 5, 60, 300].choose(random).unwrap();
        let rows: Vec<Row> = (0..count).map(|k| row(random, k, share)).collect();
        let mut columns = vec!["k", "v", "f", "s", "g", "b", "t", "m", "ban"];
        if random.random_bool(0.3) {
            columns.push("vis");
        }
        let cells = Shown::random(random);
        if cells != Shown::Nothing {
            columns.extend(["x", "y"]);
        }
        let mut world = Self {
            share,
            form,
            columns,
            number: *[Number::Clear, Number::Null, Number::Constant, Number::Band]
                .choose(random)
                .unwrap(),
            text: *[
                Text::Clear,
                Text::Clear,
                Text::Prefix,
                Text::Hash,
                Text::Level,
            ]
            .choose(random)
            .unwrap(),
            hours: random.random_bool(0.5),
            cells,
            prohibited: Prohibited::random(random),
            layout: Layout {
                files: *[1, 3].choose(random).unwrap(),
                row_group: *[20, 1000].choose(random).unwrap(),
                statistics: random.random_bool(0.7),
            },
            batch: *[1, 7, 8192].choose(random).unwrap(),
            partitions: *[1, 1, 4].choose(random).unwrap(),
            rows,
            double: Vec::new(),
            dropped: None,
        };
        world.double = world.doubled(random);
        world
    }

    /// Another dataset with the same view.
    fn doubled(&self, random: &mut StdRng) -> Vec<Row> {
        let mut double = Vec::new();
        for old in &self.rows {
            while random.random_bool(0.2) {
                let mut hidden = row(random, 9_000_000, self.share);
                self.hide(&mut hidden, random);
                double.push(hidden);
            }
            if self.visible(old) {
                let mut kept = old.clone();
                kept.h = Some(format!("{SECRET}{}", random.random_range(0..1000)));
                self.detail(&mut kept, random);
                if self.hours {
                    kept.t = kept.t.div_euclid(HOUR) * HOUR + random.random_range(0..HOUR);
                }
                double.push(kept);
            } else if random.random_bool(0.5) {
                let mut changed = row(random, old.k, self.share);
                self.hide(&mut changed, random);
                double.push(changed);
            }
        }
        double
    }

    /// Changes what no mask lets through.
    fn detail(&self, kept: &mut Row, random: &mut StdRng) {
        match self.number {
            Number::Clear => {}
            Number::Null | Number::Constant => kept.m = Some(random.random_range(0..1000)),
            Number::Band => {
                kept.m = match kept.m.map(band) {
                    None | Some(None) => *[None, Some(-7), Some(-1)].choose(random).unwrap(),
                    Some(Some(2)) => Some(random.random_range(2..6)),
                    Some(Some(_)) => Some(random.random_range(6..1000)),
                };
            }
        }
        if self.form == 8 {
            (kept.lon, kept.lat) = published::place(random);
        }
        kept.place = places::alike(self.cells, kept.place, random);
        kept.ban = self.prohibited.alike(kept.ban, random);
        if self.text == Text::Level
            && let Some(text) = &mut kept.s
        {
            *text = published::alike(text, random);
        }
        if self.text == Text::Prefix
            && let Some(text) = &mut kept.s
        {
            let first: String = text.chars().take(1).collect();
            *text = format!("{first}{SECRET}{}", random.random_range(0..1000));
        }
    }

    fn hide(&self, row: &mut Row, random: &mut StdRng) {
        row.s = Some(format!("{SECRET}{}", random.random_range(0..1000)));
        row.v = *[Some(3), Some(0), Some(i64::MAX), Some(i64::MIN), None]
            .choose(random)
            .unwrap();
        if self.form == 8 {
            (row.lon, row.lat) = published::outside(random);
        } else if self.form == 7 {
            row.lon = *[None, Some(9.0), Some(f64::NAN)].choose(random).unwrap();
        } else {
            row.vis = *[None, Some(self.share), Some(1000)].choose(random).unwrap();
        }
    }

    fn visible(&self, row: &Row) -> bool {
        !self.prohibited.takes(row.ban) && self.permitted(row)
    }

    fn permitted(&self, row: &Row) -> bool {
        if self.form == 8 {
            return published::inside(row.lon, row.lat);
        }
        if self.form == 7 {
            return row.lon.is_some_and(|lon| (0.0..=1.0).contains(&lon))
                && row.lat.is_some_and(|lat| (0.0..=1.0).contains(&lat));
        }
        row.vis.is_some_and(|vis| vis < self.share)
    }

    /// Names of the columns shown.
    pub(super) fn shown(&self) -> Vec<&'static str> {
        let degrees = |column: &&str| ["x", "y"].contains(column);
        let mut shown = self.columns.clone();
        shown.retain(|column| !degrees(column) && !self.prohibited.hides(column));
        if self.cells != Shown::Nothing {
            shown.push("cell");
        }
        shown
    }

    /// Whether answers are the same to the order of their rows.
    pub(super) const fn exact(&self) -> bool {
        self.partitions == 1
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            batch_rows: self.batch,
            partitions: self.partitions,
            ..Limits::default()
        }
    }

    pub(super) fn city(&self, double: bool) -> City {
        self.holding(if double { &self.double } else { &self.rows })
    }

    /// A city that holds the rows of the view and no hidden one.
    pub(super) fn bare(&self) -> City {
        let shown: Vec<Row> = self
            .rows
            .iter()
            .filter(|row| self.visible(row))
            .cloned()
            .collect();
        self.holding(&shown)
    }

    fn holding(&self, rows: &[Row]) -> City {
        let set = dataset("d", &COLUMNS);
        let mut city = City::new();
        city.limits = self.limits();
        city.published = published::held();
        city.publish(
            set.clone(),
            &batch(&set.schema(), rows),
            self.layout,
            self.terms()
                .into_iter()
                .filter(|term| Some(term.spec().name) != self.dropped),
        );
        city
    }

    fn terms(&self) -> Vec<Term> {
        let compare = |op, value| RowFilter::Compare {
            column: name("vis"),
            op,
            with: Operand::Literal(Literal::Int(value)),
        };
        let below = compare(Comparison::Lt, self.share);
        let list = |range: std::ops::Range<i64>| {
            range
                .map(|value| Operand::Literal(Literal::Int(value)))
                .collect()
        };
        let filter = match self.form {
            0 => Some(below),
            1 => Some(compare(Comparison::LtEq, self.share - 1)),
            2 => Some(RowFilter::Not(Box::new(compare(
                Comparison::GtEq,
                self.share,
            )))),
            3 => Some(RowFilter::Between {
                column: name("vis"),
                negated: false,
                low: Operand::Literal(Literal::Int(0)),
                high: Operand::Literal(Literal::Int(self.share - 1)),
            }),
            4 => Some(RowFilter::In {
                column: name("vis"),
                negated: false,
                list: list(0..self.share),
            }),
            5 => Some(RowFilter::And(vec![
                RowFilter::IsNull {
                    column: name("g"),
                    negated: true,
                },
                below,
            ])),
            6 => Some(RowFilter::Or(vec![below, compare(Comparison::Lt, 0)])),
            _ => None,
        };
        let mut terms = vec![Term::Columns(
            self.columns.iter().map(|text| name(text)).collect(),
        )];
        match filter {
            Some(filter) => terms.push(Term::Rows(filter)),
            None if self.form == 8 => terms.push(published::area()),
            None => terms.push(Term::Area {
                lon: name("lon"),
                lat: name("lat"),
                bounds: Bounds {
                    west: "0.0".to_owned(),
                    south: "0.0".to_owned(),
                    east: "1.0".to_owned(),
                    north: "1.0".to_owned(),
                },
            }),
        }
        let column = name("m");
        match self.number {
            Number::Clear => {}
            Number::Null => terms.push(Term::Mask {
                column,
                mask: Mask::Null,
            }),
            Number::Constant => terms.push(Term::Mask {
                column,
                mask: Mask::Constant(Literal::Int(7)),
            }),
            Number::Band => terms.push(Term::Band(Band {
                column,
                edges: vec!["2".to_owned(), "6".to_owned()],
            })),
        }
        let column = name("s");
        match self.text {
            Text::Clear => {}
            Text::Prefix => terms.push(Term::Prefix(Prefix { column, length: 1 })),
            Text::Hash => terms.push(Term::Pseudonym(Pseudonym { column, epoch: 3 })),
            Text::Level => terms.push(published::lookup(column)),
        }
        let size = match self.cells {
            Shown::Nothing => None,
            Shown::Hexagon => Some("h3:8".to_owned()),
            Shown::Square => Some("grid:1000".to_owned()),
            Shown::Areas => Some(published::sides()),
        };
        terms.extend(size.map(|size| {
            Term::PlaceCells(PlaceCells {
                lon: name("x"),
                lat: name("y"),
                cell: name("cell"),
                size: size.parse().unwrap(),
            })
        }));
        if self.hours {
            terms.push(Term::TimeBucket {
                column: name("t"),
                bucket: Bucket::Hour,
                zone: None,
            });
        }
        terms.extend(self.prohibited.term());
        terms
    }

    /// The view, made by hand, in batches as the gate cuts them.
    pub(super) fn table(&self) -> Arc<MemTable> {
        let rows: Vec<Row> = self
            .rows
            .iter()
            .filter(|row| self.visible(row))
            .cloned()
            .map(|mut row| {
                match self.number {
                    Number::Clear => {}
                    Number::Null => row.m = None,
                    Number::Constant => row.m = Some(7),
                    Number::Band => row.m = row.m.and_then(band),
                }
                row.s = row.s.and_then(|text| match self.text {
                    Text::Clear => Some(text),
                    Text::Prefix => Some(text.chars().take(1).collect()),
                    Text::Hash => Some(hashed(&text)),
                    Text::Level => published::level(&text).map(str::to_owned),
                });
                if self.hours {
                    row.t = row.t.div_euclid(HOUR) * HOUR;
                }
                row
            })
            .collect();
        let stored = dataset("d", &COLUMNS).schema();
        let whole = batch(&stored, &rows);
        let indices: Vec<usize> = self
            .shown()
            .iter()
            .filter(|column| **column != "cell")
            .map(|column| stored.index_of(column).unwrap())
            .collect();
        // The view has the stored order of columns.
        let mut indices = indices;
        indices.sort_unstable();
        let mut fields: Vec<Field> = indices
            .iter()
            .map(|index| stored.field(*index).clone())
            .collect();
        let mut shown = whole.project(&indices).unwrap().columns().to_vec();
        if self.cells != Shown::Nothing {
            let cells = rows.iter().map(|row| places::cell(self.cells, row.place));
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

/// The band of `m`, below whose first edge there is none.
const fn band(value: i64) -> Option<i64> {
    match value {
        6.. => Some(6),
        2.. => Some(2),
        _ => None,
    }
}

/// What the gate shows of a text, by the definition: the key from the city's secret, dataset, asker and epoch.
fn hashed(text: &str) -> String {
    let keyed = |key: &[u8], of: &[u8]| -> [u8; 32] {
        let mut made = Hmac::<Sha256>::new_from_slice(key).unwrap();
        made.update(of);
        made.finalize().into_bytes().into()
    };
    let id = dataset("d", &COLUMNS).id.to_string();
    // The contract of the fixture is named after its dataset.
    let contract = evidence::digest::Digest::of(id.as_bytes());
    let label = format!("hansa/pseudonym/1\0{id}\0hansa://firm.example\0{contract}\03");
    let hash = keyed(&keyed(&[7; 32], label.as_bytes()), text.as_bytes());
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn row(random: &mut StdRng, k: i64, share: i64) -> Row {
    let visible = random.random_range(0..100) < share;
    let inside = |random: &mut StdRng| {
        if visible {
            Some(f64::from(random.random_range(0..=4)) / 4.0)
        } else {
            *[None, Some(2.0), Some(-1.0)].choose(random).unwrap()
        }
    };
    let lon = inside(random);
    let lat = if visible { inside(random) } else { Some(0.5) };
    let text = if visible {
        random
            .random_bool(0.8)
            .then(|| random.random_range(0..30).to_string())
    } else {
        Some(format!("{SECRET}{}", random.random_range(0..30)))
    };
    let number = if visible {
        random.random_bool(0.9).then(|| random.random_range(4..40))
    } else {
        *[Some(3), Some(0), Some(i64::MAX), None]
            .choose(random)
            .unwrap()
    };
    Row {
        k,
        v: number,
        f: random
            .random_bool(0.9)
            .then(|| f64::from(random.random_range(-40..40)) / 4.0),
        s: text,
        g: (*["A", "B", "C"].choose(random).unwrap()).to_owned(),
        b: random.random_bool(0.9).then(|| random.random_bool(0.5)),
        t: 1_763_000_000_000_000 + random.random_range(0..48) * HOUR / 4,
        m: random.random_bool(0.9).then(|| random.random_range(0..9)),
        h: Some(format!("{SECRET}{}", random.random_range(0..1000))),
        vis: if visible {
            Some(random.random_range(0..share))
        } else {
            *[None, Some(share), Some(500)].choose(random).unwrap()
        },
        lon,
        lat,
        place: random.random_range(0..PLACES.len()),
        ban: *[None, Some(0), Some(0), Some(1), Some(2)]
            .choose(random)
            .unwrap(),
    }
}

fn batch(schema: &SchemaRef, rows: &[Row]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.k))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.v))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.f))),
        Arc::new(StringArray::from_iter(rows.iter().map(|r| r.s.clone()))),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|r| r.g.clone()),
        )),
        Arc::new(BooleanArray::from_iter(rows.iter().map(|r| r.b))),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(rows.iter().map(|r| r.t))
                .with_timezone("UTC"),
        ),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.m))),
        Arc::new(StringArray::from_iter(rows.iter().map(|r| r.h.clone()))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.vis))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.ban))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.lon))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.lat))),
        Arc::new(Float64Array::from_iter(
            rows.iter().map(|r| PLACES[r.place].0),
        )),
        Arc::new(Float64Array::from_iter(
            rows.iter().map(|r| PLACES[r.place].1),
        )),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

const HOUR: i64 = 3_600_000_000;
