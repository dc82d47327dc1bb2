//! `aggregate`: by which columns, with which functions, over which measures, from how large groups.

mod privacy_budget;

use super::LocatedTerms;
use super::file_reader::{PolicyFileReader, required_value, several, words};
use super::value_form::{bucket_term, coarsen, kind_of};
use hansa_catalog::dataset::{ColumnType, RegisteredGrid};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
use hansa_policy::value::time::TimeBucketWidth;
use hansa_toml_reader::{TomlTable, TomlValue};
use toml::de::DeValue;

const FUNCTIONS: [(&str, CubeFunction); 5] = [
    ("count", CubeFunction::Count),
    ("sum", CubeFunction::Sum),
    ("avg", CubeFunction::Avg),
    ("var", CubeFunction::Variance),
    ("units", CubeFunction::Units),
];

const AGGREGATE: [&str; 12] = [
    "by",
    "functions",
    "measures",
    "min_rows",
    "min_contributors",
    "unit",
    "dominance",
    "bucket",
    "zone",
    "release",
    "epsilon",
    "secondary",
];

pub(super) fn read(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    shown: Option<&[SqlIdentifier]>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = value.table_with(&AGGREGATE) else {
        return;
    };
    let Some(grid) = reader.dataset.grid.as_ref().map(|grid| grid.id.clone()) else {
        let sentence = format!("`{}` has no registered grid", reader.dataset.id.name);
        let refusal = Refusal::new(ErrorCode::GridConflict, sentence);
        value.refuse(refusal.with_help("register one: [dataset.grid]"));
        return;
    };
    if let Some(list) = required_value(value, &table, "functions") {
        functions(list, terms);
    }
    let mut by = Vec::new();
    if let Some(list) = required_value(value, &table, "by") {
        by = reader.columns(list);
        terms.add_unless_empty(list, &by, Term::Dimensions(by.clone()));
    }
    let (at, measures) = match table.get("measures") {
        Some(list) if list.node.as_array().is_some_and(|items| items.is_empty()) => {
            (list, Vec::new())
        }
        Some(list) => (list, reader.columns(list)),
        None => (value, numbers_among(reader, shown.unwrap_or_default(), &by)),
    };
    terms.add_unless_empty(at, &measures, Term::Measures(measures.clone()));
    terms.add(value, Term::Grid(grid));
    let of_grid = |grid: &RegisteredGrid| grid.release.clone();
    let release = match table.get("release") {
        Some(said) => release(reader, said),
        None => reader.dataset.grid.as_ref().and_then(of_grid),
    };
    if let Some(release) = release {
        terms.add(value, Term::Release(release));
    }
    buckets(reader, &table, &by, value, terms);
    group(reader, &table, terms);
    if let Some(rules) = table.get("dominance") {
        dominance(reader, rules, terms);
    }
    if let Some(said) = table.get("epsilon") {
        privacy_budget::read(reader, said, terms);
    }
    let secondary = match table.get("secondary") {
        Some(said) => secondary(said),
        None => Some(Term::TotalsFromPublished),
    };
    if let Some(secondary) = secondary {
        terms.add(value, secondary);
    }
}

/// `"from-published"`, `"suppress-complement"` or `{ cell_key = 5 }`
fn secondary(value: &TomlValue<'_>) -> Option<Term> {
    if !value.node.is_table() {
        let known = [("from-published", false), ("suppress-complement", true)];
        let complement = value.word(&known)?;
        return Some(match complement {
            true => Term::SuppressComplement,
            false => Term::TotalsFromPublished,
        });
    }
    let table = value.table_with(&["cell_key"])?;
    let base = required_value(value, &table, "cell_key")?;
    base.whole(1).map(Term::CellKey)
}

/// `{ column = "at", every = "day", late = "wait" }`
fn release(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<ReleaseTerm> {
    let table = value.table_with(&["column", "every", "late"])?;
    let said = |key: &str| required_value(value, &table, key).filter(|said| said.text().is_some());
    let (column, every, late) = (said("column"), said("every"), said("late"));
    let (column, every, late) = (column?, every?, late?);
    Some(ReleaseTerm {
        column: reader.named_column(column)?,
        every: every.word(&TimeBucketWidth::NAMES)?,
        late: late.word(&LateDataPolicy::ALL)?,
    })
}

fn functions(list: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let found = words(list, &FUNCTIONS);
    terms.add_unless_empty(list, &found, Term::Functions(found.clone()));
}

/// The columns shown that hold numbers and are not grouped by.
fn numbers_among(
    reader: &PolicyFileReader<'_>,
    shown: &[SqlIdentifier],
    by: &[SqlIdentifier],
) -> Vec<SqlIdentifier> {
    let number = |name: &SqlIdentifier| {
        matches!(
            kind_of(reader, name),
            Some(ColumnType::Int | ColumnType::Float | ColumnType::Decimal(_))
        )
    };
    shown
        .iter()
        .filter(|name| !by.contains(name) && number(name))
        .cloned()
        .collect()
}

/// A bucket for every dimension of time: the one that is named, or that of the grid.
fn buckets(
    reader: &PolicyFileReader<'_>,
    table: &TomlTable<'_>,
    by: &[SqlIdentifier],
    at: &TomlValue<'_>,
    terms: &mut LocatedTerms,
) {
    let zone = table.get("zone");
    let mut named: Vec<String> = Vec::new();
    if let Some(bucket) = table.get("bucket") {
        if bucket.node.is_table() {
            let Some(each) = bucket.table() else {
                return;
            };
            for value in each.values() {
                named.push(value.key.to_owned());
                coarsen(reader, value.key, value, zone, terms);
            }
        } else {
            let times: Vec<SqlIdentifier> = by
                .iter()
                .filter(|name| {
                    matches!(
                        kind_of(reader, name),
                        Some(ColumnType::Date | ColumnType::Instant)
                    )
                })
                .cloned()
                .collect();
            if reader.is_unread() {
                bucket.word(&TimeBucketWidth::NAMES);
            } else if let [only] = times.as_slice() {
                named.push(only.to_string());
                coarsen(reader, only.as_str(), bucket, zone, terms);
            } else {
                let sentence = format!("{} of the dimensions are about time", times.len());
                let refusal = Refusal::new(ErrorCode::TermIllTyped, sentence);
                bucket.refuse(refusal.with_help("write bucket = { COLUMN = \"day\" }"));
            }
        }
    }
    let Some(grid) = reader.dataset.grid.clone() else {
        return;
    };
    for dimension in grid.dimensions {
        let due = by.contains(&dimension.column) && !named.contains(&dimension.column.to_string());
        let instant = kind_of(reader, &dimension.column) == Some(ColumnType::Instant);
        if let Some(bucket) = dimension.bucket
            && due
            && instant
            && let Some(term) = bucket_term(reader, at, dimension.column, bucket, None)
        {
            terms.add(at, term);
        }
    }
}

fn group(reader: &PolicyFileReader<'_>, table: &TomlTable<'_>, terms: &mut LocatedTerms) {
    let (value, unit) = match (table.get("min_rows"), table.get("min_contributors")) {
        (None, None) => return,
        (Some(rows), None) => (rows, Some(CountingUnit::Rows)),
        (None, Some(contributors)) => (contributors, unit(reader, table, contributors)),
        (Some(_), Some(both)) => {
            let sentence = "a minimum group counts rows or contributors, not both";
            both.problem(ErrorCode::PolicyContradiction, sentence);
            return;
        }
    };
    let Some(number) = value.whole::<u64>(1) else {
        return;
    };
    match (u32::try_from(number), unit) {
        (Ok(at_least), Some(unit)) => terms.add(value, Term::MinGroup { at_least, unit }),
        (Err(_), _) => {
            let sentence = format!("{number} is more than any group can hold");
            value.problem(ErrorCode::TermIllTyped, sentence);
        }
        (Ok(_), None) => {}
    }
}

/// `[{ measure = "fare", unit = "operator", p = 15 }]`, or with `n` and `k` instead of `p`.
fn dominance(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    for item in several(value, DeValue::is_table) {
        let Some(table) = item.table_with(&["measure", "unit", "p", "n", "k"]) else {
            continue;
        };
        let column = |key: &str| reader.named_column(required_value(&item, &table, key)?);
        let (measure, unit) = (column("measure"), column("unit"));
        let percent = |key: &str| u32::try_from(table.whole::<u64>(key, 1)?).ok();
        let rule = match (percent("p"), percent("n"), percent("k")) {
            (Some(p), None, None) => DominanceRule::P(p),
            (None, Some(n), Some(k)) => DominanceRule::Nk { n, k },
            _ => {
                let sentence = "a dominance rule has either `p`, or `n` and `k`";
                item.problem(ErrorCode::ConfigInvalid, sentence);
                continue;
            }
        };
        if let (Some(measure), Some(unit)) = (measure, unit) {
            let rule = DominanceTerm {
                measure,
                unit,
                rule,
            };
            terms.add(&item, Term::Dominance(rule));
        }
    }
}

fn unit(
    reader: &PolicyFileReader<'_>,
    table: &TomlTable<'_>,
    at: &TomlValue<'_>,
) -> Option<CountingUnit> {
    let column = match table.get("unit") {
        Some(named) => reader.named_column(named)?,
        None => match &reader.dataset.unit_column {
            Some(column) => column.clone(),
            None => {
                let sentence = "the dataset has no unit column whose values could be counted";
                let help = "write unit = \"COLUMN\", set unit_column on the dataset, or count rows with min_rows";
                at.refuse(Refusal::new(ErrorCode::GroupWithoutUnit, sentence).with_help(help));
                return None;
            }
        },
    };
    Some(CountingUnit::Column(column))
}
