//! `aggregate`: by which columns, with which functions, over which measures, from how large groups.

mod privacy_budget;

use super::LocatedTerms;
use super::file_reader::{CheckedTable, KeyLocation, LocatedValue, PolicyFileReader};
use super::value_form::{BUCKETS, bucket_term, coarsen, kind_of};
use hansa_catalog::dataset::{ColumnType, RegisteredGrid};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_policy::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};

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
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    shown: Option<&[SqlIdentifier]>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = sheet.table(value, Some(&AGGREGATE)) else {
        return;
    };
    let Some(grid) = sheet.dataset.grid.as_ref().map(|grid| grid.id.clone()) else {
        sheet.problem_with_help(
            &value.at,
            ErrorCode::GridConflict,
            format!("`{}` has no registered grid", sheet.dataset.id.name),
            Some("register one: [dataset.grid]".to_owned()),
        );
        return;
    };
    match table.get("functions") {
        Some(list) => functions(sheet, list, terms),
        None => absent(sheet, value, "functions"),
    }
    let by = match table.get("by") {
        Some(list) => {
            let by = sheet.columns(list);
            terms.add_unless_empty(&list.at, &by, Term::Dimensions(by.clone()));
            by
        }
        None => {
            absent(sheet, value, "by");
            Vec::new()
        }
    };
    let (at, measures) = match table.get("measures") {
        Some(list) if list.node.as_array().is_some_and(|items| items.is_empty()) => {
            (&list.at, Vec::new())
        }
        Some(list) => (&list.at, sheet.columns(list)),
        None => (
            &value.at,
            numbers_among(sheet, shown.unwrap_or_default(), &by),
        ),
    };
    terms.add_unless_empty(at, &measures, Term::Measures(measures.clone()));
    terms.add(&value.at, Term::Grid(grid));
    let of_grid = |grid: &RegisteredGrid| grid.release.clone();
    let release = match table.get("release") {
        Some(said) => release(sheet, said),
        None => sheet.dataset.grid.as_ref().and_then(of_grid),
    };
    if let Some(release) = release {
        terms.add(&value.at, Term::Release(release));
    }
    buckets(sheet, &table, &by, &value.at, terms);
    group(sheet, &table, terms);
    if let Some(rules) = table.get("dominance") {
        dominance(sheet, rules, terms);
    }
    if let Some(said) = table.get("epsilon") {
        privacy_budget::read(sheet, said, terms);
    }
    let secondary = match table.get("secondary") {
        Some(said) => secondary(sheet, said),
        None => Some(Term::TotalsFromPublished),
    };
    if let Some(secondary) = secondary {
        terms.add(&value.at, secondary);
    }
}

/// `"from-published"`, `"suppress-complement"` or `{ cell_key = 5 }`
fn secondary(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>) -> Option<Term> {
    if !value.node.is_table() {
        let text = sheet.text(value)?;
        let known = [("from-published", false), ("suppress-complement", true)];
        let complement = sheet.word(&value.at, &text, "secondary protection", &known)?;
        return Some(match complement {
            true => Term::SuppressComplement,
            false => Term::TotalsFromPublished,
        });
    }
    let table = sheet.table(value, Some(&["cell_key"]))?;
    match table.get("cell_key") {
        Some(base) => sheet.small(base).map(Term::CellKey),
        None => {
            absent(sheet, value, "secondary.cell_key");
            None
        }
    }
}

/// `{ column = "at", every = "day", late = "wait" }`
fn release(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>) -> Option<ReleaseTerm> {
    let table = sheet.table(value, Some(&["column", "every", "late"]))?;
    let mut said = |key: &str| match table.get(key) {
        Some(said) => Some((said.at.clone(), sheet.text(said)?)),
        None => {
            let sentence = format!("a release has no `{key}`");
            sheet.problem(&value.at, ErrorCode::ConfigInvalid, sentence);
            None
        }
    };
    let (column, every, late) = (said("column"), said("every"), said("late"));
    let (column, every, late) = (column?, every?, late?);
    Some(ReleaseTerm {
        column: sheet.column(&column.0, &column.1)?,
        every: sheet.word(&every.0, &every.1, "period", &BUCKETS)?,
        late: sheet.word(
            &late.0,
            &late.1,
            "treatment of late rows",
            &LateDataPolicy::ALL,
        )?,
    })
}

fn functions(sheet: &mut PolicyFileReader<'_>, list: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let mut found = Vec::new();
    for (at, word) in sheet.texts(list) {
        match sheet.word(&at, &word, "aggregate", &FUNCTIONS) {
            Some(function) if found.contains(&function) => {
                let sentence = format!("the aggregate `{word}` is listed twice");
                sheet.problem(&at, ErrorCode::TermIllTyped, sentence);
            }
            Some(function) => found.push(function),
            None => {}
        }
    }
    terms.add_unless_empty(&list.at, &found, Term::Functions(found.clone()));
}

fn absent(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, key: &str) {
    let sentence = format!("`aggregate` has no `{key}`");
    sheet.problem(&value.at, ErrorCode::ConfigInvalid, sentence);
}

/// The columns shown that hold numbers and are not grouped by.
fn numbers_among(
    sheet: &PolicyFileReader<'_>,
    shown: &[SqlIdentifier],
    by: &[SqlIdentifier],
) -> Vec<SqlIdentifier> {
    let number = |name: &SqlIdentifier| {
        matches!(
            kind_of(sheet, name),
            Some(ColumnType::Int | ColumnType::Float)
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
    sheet: &mut PolicyFileReader<'_>,
    table: &CheckedTable<'_>,
    by: &[SqlIdentifier],
    at: &KeyLocation,
    terms: &mut LocatedTerms,
) {
    let zone = table.get("zone");
    let mut named: Vec<String> = Vec::new();
    if let Some(bucket) = table.get("bucket") {
        if bucket.node.is_table() {
            let Some(each) = sheet.table(bucket, None) else {
                return;
            };
            for (column, value) in each.entries() {
                named.push(column.to_owned());
                coarsen(sheet, column, value, zone, terms);
            }
        } else {
            let times: Vec<SqlIdentifier> = by
                .iter()
                .filter(|name| {
                    matches!(
                        kind_of(sheet, name),
                        Some(ColumnType::Date | ColumnType::Instant)
                    )
                })
                .cloned()
                .collect();
            if sheet.is_unread() {
                if let Some(text) = sheet.text(bucket) {
                    sheet.word(&bucket.at, &text, "time bucket", &BUCKETS);
                }
            } else if let [only] = times.as_slice() {
                named.push(only.to_string());
                coarsen(sheet, only.as_str(), bucket, zone, terms);
            } else {
                sheet.problem_with_help(
                    &bucket.at,
                    ErrorCode::TermIllTyped,
                    format!("{} of the dimensions are about time", times.len()),
                    Some("write bucket = { COLUMN = \"day\" }".to_owned()),
                );
            }
        }
    }
    let Some(grid) = sheet.dataset.grid.clone() else {
        return;
    };
    for dimension in grid.dimensions {
        let due = by.contains(&dimension.column) && !named.contains(&dimension.column.to_string());
        let instant = kind_of(sheet, &dimension.column) == Some(ColumnType::Instant);
        if let Some(bucket) = dimension.bucket
            && due
            && instant
            && let Some(term) = bucket_term(sheet, at, dimension.column, bucket, None)
        {
            terms.add(at, term);
        }
    }
}

fn group(sheet: &mut PolicyFileReader<'_>, table: &CheckedTable<'_>, terms: &mut LocatedTerms) {
    let (value, unit) = match (table.get("min_rows"), table.get("min_contributors")) {
        (None, None) => return,
        (Some(rows), None) => (rows, Some(CountingUnit::Rows)),
        (None, Some(contributors)) => (contributors, unit(sheet, table, &contributors.at)),
        (Some(_), Some(both)) => {
            let sentence = "a minimum group counts rows or contributors, not both";
            sheet.problem(&both.at, ErrorCode::PolicyContradiction, sentence);
            return;
        }
    };
    let Some(number) = sheet.count(value) else {
        return;
    };
    match (u32::try_from(number), unit) {
        (Ok(at_least), Some(unit)) => terms.add(&value.at, Term::MinGroup { at_least, unit }),
        (Err(_), _) => sheet.problem(
            &value.at,
            ErrorCode::TermIllTyped,
            format!("{number} is more than any group can hold"),
        ),
        (Ok(_), None) => {}
    }
}

/// `[{ measure = "fare", unit = "operator", p = 15 }]`, or with `n` and `k` instead of `p`.
fn dominance(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>, terms: &mut LocatedTerms) {
    let items = if value.node.is_table() {
        Some(vec![value.clone()])
    } else {
        sheet.items(value)
    };
    for item in items.unwrap_or_default() {
        let Some(table) = sheet.table(&item, Some(&["measure", "unit", "p", "n", "k"])) else {
            continue;
        };
        let mut column = |key: &str| match table.get(key) {
            Some(named) => {
                let text = sheet.text(named)?;
                sheet.column(&named.at, &text)
            }
            None => {
                let sentence = format!("a dominance rule has no `{key}`");
                sheet.problem(&item.at, ErrorCode::ConfigInvalid, sentence);
                None
            }
        };
        let (measure, unit) = (column("measure"), column("unit"));
        let mut percent = |key: &str| {
            let number = sheet.count(table.get(key)?)?;
            u32::try_from(number).ok()
        };
        let rule = match (percent("p"), percent("n"), percent("k")) {
            (Some(p), None, None) => DominanceRule::P(p),
            (None, Some(n), Some(k)) => DominanceRule::Nk { n, k },
            _ => {
                let sentence = "a dominance rule has either `p`, or `n` and `k`";
                sheet.problem(&item.at, ErrorCode::ConfigInvalid, sentence);
                continue;
            }
        };
        if let (Some(measure), Some(unit)) = (measure, unit) {
            let rule = DominanceTerm {
                measure,
                unit,
                rule,
            };
            terms.add(&item.at, Term::Dominance(rule));
        }
    }
}

fn unit(
    sheet: &mut PolicyFileReader<'_>,
    table: &CheckedTable<'_>,
    at: &KeyLocation,
) -> Option<CountingUnit> {
    let column = match table.get("unit") {
        Some(named) => {
            let text = sheet.text(named)?;
            sheet.column(&named.at, &text)?
        }
        None => match &sheet.dataset.unit_column {
            Some(column) => column.clone(),
            None => {
                sheet.problem_with_help(
                    at,
                    ErrorCode::GroupWithoutUnit,
                    "the dataset has no unit column whose values could be counted",
                    Some("write unit = \"COLUMN\", set unit_column on the dataset, or count rows with min_rows".to_owned()),
                );
                return None;
            }
        },
    };
    Some(CountingUnit::Column(column))
}
