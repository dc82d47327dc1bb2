//! Tables of two cities with random rows, each under a contract with a random row filter.

use crate::federation::query_catalog::QueryCatalog;
use crate::federation::tests::gated_answers::GatedExecutor;
use crate::federation::tests::table;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use hansa_enforcement::canonical_float::canonical_float;
use hansa_policy::term::Term;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Column types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ValueKind {
    Int,
    Float,
    Decimal,
    Text,
    Bool,
    Date,
    Instant,
}

impl ValueKind {
    /// Simplest value of the type.
    pub(super) const fn simple(self) -> &'static str {
        match self {
            Self::Int => "1",
            Self::Float => "CAST(0.5 AS DOUBLE PRECISION)",
            Self::Decimal => "CAST('0.5' AS DECIMAL(12, 2))",
            Self::Text => "'a'",
            Self::Bool => "true",
            Self::Date => "DATE '2024-03-01'",
            Self::Instant => "TIMESTAMP WITH TIME ZONE '2024-03-01T00:00:00Z'",
        }
    }
}

/// Columns of every table; `k` is unique.
pub(super) const COLUMNS: [(&str, ValueKind); 11] = [
    ("k", ValueKind::Int),
    ("id", ValueKind::Int),
    ("g", ValueKind::Int),
    ("n", ValueKind::Int),
    ("x", ValueKind::Float),
    ("p", ValueKind::Decimal),
    ("s", ValueKind::Text),
    ("t", ValueKind::Text),
    ("b", ValueKind::Bool),
    ("d", ValueKind::Date),
    ("ts", ValueKind::Instant),
];

/// City and name of each table.
pub(super) const TABLES: [(&str, &str); 5] = [
    ("munster", "a"),
    ("munster", "c"),
    ("munster", "e"),
    ("ottawa", "b"),
    ("ottawa", "f"),
];

const DECLARED: [&str; 11] = [
    "k:int",
    "id:int?",
    "g:int?",
    "n:int?",
    "x:float?",
    "p:decimal(12,2)?",
    "s:text?",
    "t:text?",
    "b:bool?",
    "d:date?",
    "ts:instant?",
];

#[derive(Debug, Clone)]
struct RandomRow {
    k: i64,
    id: Option<i64>,
    g: Option<i64>,
    n: Option<i64>,
    x: Option<f64>,
    /// Value in hundredths.
    p: Option<i64>,
    s: Option<String>,
    t: Option<String>,
    b: Option<bool>,
    d: Option<i32>,
    ts: Option<i64>,
}

#[derive(Debug)]
struct RandomTable {
    city: &'static str,
    name: &'static str,
    rows: Vec<RandomRow>,
    filter: Option<String>,
}

impl RandomTable {
    /// Terms of the contract.
    fn terms(&self) -> Vec<Term> {
        let terms = self.filter.iter().map(|filter| {
            let parsed = hansa_policy::row_filter::parse_row_filter(filter);
            Term::Rows(parsed.unwrap_or_else(|error| panic!("{filter}: {error:?}")))
        });
        terms.collect()
    }
}

/// Tables of one case.
#[derive(Debug)]
pub(super) struct RandomTables {
    tables: Vec<RandomTable>,
}

const TEXTS: [&str; 22] = [
    "", "a", "A", "ab", "abc", "ABC", "a%c", "a_c", "a\\c", "b", "zz", "é", "e\u{301}", "ß", "Ä",
    " p ", "NULL", "0", "12", "-5", "o'hare", "x\ny",
];

/// Amounts in hundredths, of which some are sums of others.
const HUNDREDTHS: [i64; 12] = [
    0,
    10,
    20,
    30,
    50,
    100,
    150,
    300,
    -250,
    -10,
    333,
    999_999_999_999,
];

/// Days near the start of months, years and leap years.
const DAYS: [i32; 9] = [
    19_781, 19_782, 19_783, 19_800, 10_956, 11_016, 0, -719_162, 2_932_896,
];

/// Instants near the clock changes of 2024.
const INSTANTS: [i64; 11] = [
    1_711_841_400_000_000,
    1_711_845_000_000_000,
    1_711_848_600_000_000,
    1_729_985_400_000_000,
    1_729_989_000_000_000,
    1_729_992_600_000_000,
    1_709_164_800_000_000,
    1_709_251_199_999_999,
    1_735_687_800_123_456,
    946_684_799_000_000,
    -1,
];

impl RandomTables {
    pub(super) fn new(random: &mut StdRng) -> Self {
        let mut k = 0;
        let tables = TABLES.iter().map(|(city, name)| {
            let count = match *name {
                "e" => *[0, 0, 1].choose(random).unwrap(),
                _ => *[0, 3, 6, 10, 14].choose(random).unwrap(),
            };
            let rows = (0..count)
                .map(|_| {
                    k += 1;
                    RandomRow::new(random, k)
                })
                .collect();
            RandomTable {
                city,
                name,
                rows,
                filter: random.random_bool(0.6).then(|| row_filter(random, 3)),
            }
        });
        Self {
            tables: tables.collect(),
        }
    }

    /// Participants with their catalog.
    pub(super) fn gates(&self) -> (QueryCatalog, Arc<GatedExecutor>) {
        let mut tables = Vec::new();
        let mut cities: BTreeMap<String, FixtureParticipant> = BTreeMap::new();
        for random in &self.tables {
            let city = cities
                .entry(random.city.to_owned())
                .or_insert_with(FixtureParticipant::new);
            let set = build_dataset(random.name, &DECLARED);
            let rows = batch(&random.rows);
            city.publish(set, &rows, DatasetFileLayout::default(), random.terms());
            let shape = city.view().table(random.name).unwrap().shape.clone();
            tables.push(table(random.city, random.name, shape, None));
        }
        (QueryCatalog::new(tables), Arc::new(GatedExecutor(cities)))
    }

    /// One participant with all tables under their bare names.
    pub(super) fn gate(&self) -> FixtureParticipant {
        let mut city = FixtureParticipant::new();
        for random in &self.tables {
            let set = build_dataset(random.name, &DECLARED);
            let rows = batch(&random.rows);
            city.publish(set, &rows, DatasetFileLayout::default(), random.terms());
        }
        city
    }

    /// SQL that creates equal views in PostgreSQL.
    pub(super) fn postgres(&self) -> String {
        let mut sql = String::new();
        for schema in ["munster", "ottawa", "stored"] {
            writeln!(
                sql,
                "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};"
            )
            .unwrap();
        }
        for random in &self.tables {
            let RandomTable { city, name, .. } = random;
            writeln!(
                sql,
                "CREATE TABLE stored.{name} (k bigint, id bigint, g bigint, n bigint, x float8, p numeric(12,2), s text, t text, \
                 b boolean, d date, ts timestamptz);"
            )
            .unwrap();
            for row in &random.rows {
                writeln!(sql, "INSERT INTO stored.{name} VALUES ({});", row.values()).unwrap();
            }
            let filter = match &random.filter {
                None => "true",
                Some(filter) => filter,
            };
            writeln!(
                sql,
                "CREATE VIEW {city}.{name} AS SELECT * FROM stored.{name} WHERE {filter};"
            )
            .unwrap();
        }
        sql
    }

    /// Row filters, for a report.
    pub(super) fn filters(&self) -> String {
        let mut text = String::new();
        for random in &self.tables {
            if let Some(filter) = &random.filter {
                writeln!(text, "  {}.{}: {filter}", random.city, random.name).unwrap();
            }
        }
        text
    }
}

impl RandomRow {
    fn new(random: &mut StdRng, k: i64) -> Self {
        let mut some = |probability: f64| random.random_bool(probability);
        let [id, g, n, x, p, s, t, b, d, ts] =
            [0.85, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.85].map(&mut some);
        Self {
            k,
            id: id.then(|| random.random_range(0..12)),
            g: g.then(|| random.random_range(0..4)),
            n: n.then(|| match random.random_range(0..12) {
                0 => 9_007_199_254_740_993,
                1 => 9_007_199_254_740_992,
                _ => random.random_range(-3..9),
            }),
            // NaN and infinity can't be published.
            x: x.then(|| match random.random_range(0..20) {
                0 | 1 => -0.0,
                2 | 3 => 0.0,
                _ => f64::from(random.random_range(-12..24)) / 4.0,
            }),
            p: p.then(|| *HUNDREDTHS.choose(random).unwrap()),
            s: s.then(|| (*TEXTS.choose(random).unwrap()).to_owned()),
            t: t.then(|| match random.random_range(0..20) {
                0 => "é".repeat(200),
                _ => (*TEXTS.choose(random).unwrap()).to_owned(),
            }),
            b: b.then(|| random.random_bool(0.5)),
            d: d.then(|| *DAYS.choose(random).unwrap()),
            ts: ts.then(|| *INSTANTS.choose(random).unwrap()),
        }
    }

    fn values(&self) -> String {
        fn or_null<T>(value: Option<T>, written: impl Fn(T) -> String) -> String {
            value.map_or_else(|| "NULL".to_owned(), written)
        }
        let float = |x: f64| format!("'{x:?}'");
        let text = |text: &String| format!("'{}'", text.replace('\'', "''"));
        [
            self.k.to_string(),
            or_null(self.id, |id| id.to_string()),
            or_null(self.g, |g| g.to_string()),
            or_null(self.n, |n| n.to_string()),
            or_null(self.x, float),
            or_null(self.p, |p| format!("{p} / 100.0")),
            or_null(self.s.as_ref(), text),
            or_null(self.t.as_ref(), text),
            or_null(self.b, |b| b.to_string()),
            or_null(self.d, |d| format!("DATE '1970-01-01' + {d}")),
            or_null(self.ts, |ts| {
                format!("TIMESTAMPTZ '1970-01-01 00:00:00Z' + {ts} * INTERVAL '1 microsecond'")
            }),
        ]
        .join(", ")
    }
}

fn batch(rows: &[RandomRow]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.k))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.id))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.g))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.n))),
        // Numbers in their published form.
        Arc::new(Float64Array::from_iter(
            rows.iter().map(|row| row.x.map(canonical_float)),
        )),
        Arc::new(
            Decimal128Array::from_iter(rows.iter().map(|row| row.p.map(i128::from)))
                .with_precision_and_scale(12, 2)
                .unwrap(),
        ),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.s.clone()))),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.t.clone()))),
        Arc::new(BooleanArray::from_iter(rows.iter().map(|row| row.b))),
        Arc::new(Date32Array::from_iter(rows.iter().map(|row| row.d))),
        Arc::new(
            TimestampMicrosecondArray::from_iter(rows.iter().map(|row| row.ts))
                .with_timezone("UTC"),
        ),
    ];
    RecordBatch::try_new(build_dataset("rows", &DECLARED).schema(), columns).unwrap()
}

/// Row filter of a policy in words that PostgreSQL interprets equally.
fn row_filter(random: &mut StdRng, depth: u32) -> String {
    if depth > 0 && random.random_bool(0.55) {
        let [one, other] = [0, 1].map(|_| row_filter(random, depth - 1));
        return match random.random_range(0..3) {
            0 => format!("({one} AND {other})"),
            1 => format!("({one} OR {other})"),
            _ => format!("NOT ({one})"),
        };
    }
    let number = |random: &mut StdRng| random.random_range(-2..7).to_string();
    let fraction = |random: &mut StdRng| {
        (*["0.0", "1.5", "-0.25", "3.0", "4.0", "0.5", "-1.0"]
            .choose(random)
            .unwrap())
        .to_owned()
    };
    let word = |random: &mut StdRng| {
        let word = ["a", "ab", "zz", "", "é", "ABC"].choose(random).unwrap();
        format!("'{word}'")
    };
    let list = |random: &mut StdRng, item: &dyn Fn(&mut StdRng) -> String| {
        let count = *[1, 2, 3, 4, 6].choose(random).unwrap();
        let items: Vec<String> = (0..count).map(|_| item(random)).collect();
        items.join(", ")
    };
    let compared = |random: &mut StdRng| *["=", "<>", "<", "<=", ">", ">="].choose(random).unwrap();
    let not = |random: &mut StdRng| if random.random_bool(0.5) { "NOT " } else { "" };
    let amount = |random: &mut StdRng| {
        (*["0.1", "0.30", "1", "-2.50", "0.0", "9999999999.99"]
            .choose(random)
            .unwrap())
        .to_owned()
    };
    match random.random_range(0..12) {
        10 => format!("p {} {}", compared(random), amount(random)),
        11 => format!("p {}IN ({})", not(random), list(random, &amount)),
        0 => format!("n {} {}", compared(random), number(random)),
        1 => format!("x {} {}", compared(random), fraction(random)),
        2 => format!("s {} {}", compared(random), word(random)),
        3 | 4 => format!("n {}IN ({})", not(random), list(random, &number)),
        5 => format!("x {}IN ({})", not(random), list(random, &fraction)),
        6 => format!("s {}IN ({})", not(random), list(random, &word)),
        7 => format!(
            "x {}BETWEEN {} AND {}",
            not(random),
            fraction(random),
            fraction(random)
        ),
        8 => format!("g IS {}NULL", not(random)),
        _ => format!("b = {}", ["TRUE", "FALSE"].choose(random).unwrap()),
    }
}
