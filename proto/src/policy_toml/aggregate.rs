//! `aggregate`: by which columns, with which functions, over which measures, from how large groups.

mod privacy_budget;

use super::coarsen::{bucket_term, read_coarsening};
use super::file_entry::PolicyFileEntry;
use super::file_reader::{LocatedTerms, PolicyFileReader, list_items, required_value};
use super::value_form::{Plain, TableReader, ValueForm, quote_text, table_form};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::cube::{CountingUnit, DominanceRule, DominanceTerm, ReleaseTerm};
use hansa_policy::value::time::TimeBucketWidth;
use hansa_toml_reader::{TomlTable, TomlValue};
use toml::de::DeValue;

/// The keys of the table, in the order in which they are written.
const KEYS: [&str; 12] = [
    "by",
    "functions",
    "measures",
    "min_rows",
    "min_contributors",
    "unit",
    "dominance",
    "release",
    "epsilon",
    "secondary",
    "bucket",
    "zone",
];

table_form!(ReleaseTerm {
    column = "column": Plain;
    every = "every": Plain;
    late = "late": Plain;
});

/// Reads the aggregate. The grid is that of the dataset.
pub(super) fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = value.table_with(&KEYS) else {
        return;
    };
    let Some(grid) = reader.dataset.grid.as_ref() else {
        let sentence = format!("`{}` has no registered grid", reader.dataset.id.name);
        let refusal = Refusal::new(ErrorCode::GridConflict, sentence);
        value.refuse(refusal.with_help("register one: [dataset.grid]"));
        return;
    };
    if let Some(list) = required_value(value, &table, "functions") {
        terms.add_if_read(list, Plain::read(reader, list).map(Term::Functions));
    }
    let mut by: Vec<SqlIdentifier> = Vec::new();
    if let Some(list) = required_value(value, &table, "by") {
        by = Plain::read(reader, list).unwrap_or_default();
        terms.add_if_read(list, some_columns(&by).map(Term::Dimensions));
    }
    let (at, measures) = match table.get("measures") {
        Some(list) if list.node.as_array().is_some_and(|items| items.is_empty()) => {
            (list, Vec::new())
        }
        Some(list) => (list, Plain::read(reader, list).unwrap_or_default()),
        None => (value, numbers_among(reader, shown_columns(terms), &by)),
    };
    terms.add_if_read(at, some_columns(&measures).map(Term::Measures));
    terms.add(value, Term::Grid(grid.id.clone()));
    let release = match table.get("release") {
        Some(said) => Plain::read(reader, said),
        None => grid.release.clone(),
    };
    terms.add_if_read(value, release.map(Term::Release));
    refuse_unread_keys(&table);
    read_buckets(reader, &table, &by, value, terms);
    read_group(reader, &table, terms);
    if let Some(rules) = table.get("dominance") {
        for item in list_items(rules, DeValue::is_table) {
            terms.add_if_read(&item, Plain::read(reader, &item).map(Term::Dominance));
        }
    }
    if let Some(said) = table.get("epsilon") {
        terms.add_if_read(said, Plain::read(reader, said).map(Term::Budget));
    }
    let secondary = match table.get("secondary") {
        Some(said) => read_secondary(said),
        None => Some(Term::TotalsFromPublished),
    };
    terms.add_if_read(value, secondary);
}

/// Writes a term of the aggregate under its key with that of the table.
pub(super) fn write(term: &Term) -> Option<PolicyFileEntry> {
    let (key, value) = match term {
        Term::Functions(list) => ("functions", Plain::write(list)?),
        Term::Dimensions(list) => ("by", Plain::write(list)?),
        Term::Measures(list) => ("measures", Plain::write(list)?),
        Term::Grid(id) => ("grid", id.clone()),
        Term::MinGroup { at_least, unit } => match unit {
            CountingUnit::Rows => ("min_rows", at_least.to_string()),
            CountingUnit::Column(column) => {
                let unit = quote_text(column.as_str());
                ("min_contributors", format!("{at_least}, unit = {unit}"))
            }
        },
        Term::Dominance(rule) => {
            let item = Plain::write(rule)?;
            return Some(PolicyFileEntry::item("aggregate.dominance", item));
        }
        Term::Release(release) => ("release", Plain::write(release)?),
        Term::Budget(budget) => ("epsilon", Plain::write(budget)?),
        Term::TotalsFromPublished => ("secondary", quote_text("from-published")),
        Term::SuppressComplement => ("secondary", quote_text("suppress-complement")),
        Term::CellKey(base) => ("secondary", format!("{{ cell_key = {base} }}")),
        _ => return None,
    };
    Some(PolicyFileEntry::alone(&format!("{PREFIX}{key}"), value))
}

/// The prefix of the keys of entries within the table.
pub(super) const PREFIX: &str = "aggregate.";

/// The key of the grid, which no file has.
pub(super) const GRID: &str = "aggregate.grid";

/// The dimensions of the clauses, where a file can say their aggregate: with functions and a grid.
pub(super) fn find_dimensions(clauses: &[Clause]) -> Option<&[SqlIdentifier]> {
    let terms = || clauses.iter().map(|clause| &clause.term);
    let has_functions = terms().any(|term| matches!(term, Term::Functions(_)));
    let has_grid = terms().any(|term| matches!(term, Term::Grid(_)));
    let by = terms().find_map(|term| match term {
        Term::Dimensions(list) => Some(list.as_slice()),
        _ => None,
    });
    by.filter(|_| has_functions && has_grid)
}

/// Places the entry of a term among those of the aggregate with these dimensions, or outside; none where there is no aggregate.
pub(super) fn place_entry(
    entry: PolicyFileEntry,
    term: &Term,
    dimensions: Option<&[SqlIdentifier]>,
) -> Option<PolicyFileEntry> {
    let is_part = entry.key.starts_with(PREFIX);
    let by = dimensions.unwrap_or_default();
    let is_bucket = matches!(term, Term::TimeBucket { column, .. } if by.contains(column));
    match is_bucket {
        true => Some(entry.with_key("aggregate.bucket")),
        false => Some(entry).filter(|_| !is_part || dimensions.is_some()),
    }
}

/// True if an aggregate has one of the keys alone: a group counts rows or contributors.
pub(super) fn excludes_key(known: &str, key: &str) -> bool {
    let groups = ["aggregate.min_rows", "aggregate.min_contributors"];
    groups.contains(&known) && groups.contains(&key)
}

/// Gathers the entries within the aggregate into its own.
pub(super) fn gather_entries(entries: &mut Vec<PolicyFileEntry>) {
    let taken = std::mem::take(entries).into_iter();
    let (mut parts, others): (Vec<_>, Vec<_>) =
        taken.partition(|entry| entry.key.starts_with(PREFIX));
    let position = |entry: &PolicyFileEntry| {
        let key = entry.key.strip_prefix(PREFIX);
        KEYS.iter().position(|known| Some(*known) == key)
    };
    if !parts.iter().any(|entry| entry.key == "aggregate.measures") {
        parts.push(PolicyFileEntry::alone(
            "aggregate.measures",
            "[]".to_owned(),
        ));
    }
    parts.retain(|entry| position(entry).is_some());
    parts.sort_by_key(position);
    let texts = parts.iter().map(|entry| {
        let key = entry.key.strip_prefix(PREFIX).unwrap_or_default();
        format!("{key} = {}", entry.to_toml())
    });
    let texts: Vec<String> = texts.collect();
    let value = format!("{{ {} }}", texts.join(", "));
    *entries = others;
    entries.push(PolicyFileEntry::alone("aggregate", value));
}

/// `"from-published"`, `"suppress-complement"` or `{ cell_key = 5 }`
fn read_secondary(value: &TomlValue<'_>) -> Option<Term> {
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
    base.integer(1).map(Term::CellKey)
}

fn some_columns(list: &[SqlIdentifier]) -> Option<Vec<SqlIdentifier>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn shown_columns(terms: &LocatedTerms) -> &[SqlIdentifier] {
    let shown = terms.find(|term| match term {
        Term::Columns(list) => Some(list.as_slice()),
        _ => None,
    });
    shown.unwrap_or_default()
}

/// The columns shown that hold numbers and are not grouped by.
fn numbers_among(
    reader: &PolicyFileReader<'_>,
    shown: &[SqlIdentifier],
    by: &[SqlIdentifier],
) -> Vec<SqlIdentifier> {
    let number = |name: &SqlIdentifier| {
        matches!(
            reader.kind_of(name),
            Some(ColumnType::Int | ColumnType::Float | ColumnType::Decimal(_))
        )
    };
    shown
        .iter()
        .filter(|name| !by.contains(name) && number(name))
        .cloned()
        .collect()
}

/// Refuses keys that no other key of the table reads: a zone without a bucket, a unit without a minimum of contributors.
fn refuse_unread_keys(table: &TomlTable<'_>) {
    if let Some(zone) = table.get("zone")
        && !reads_zone(table.get("bucket"))
    {
        let sentence = "no `bucket` takes its zone from here";
        let refusal = Refusal::new(ErrorCode::PolicyContradiction, sentence);
        let help =
            "write `bucket` beside it, or leave `zone` out: buckets of the grid have its zone";
        zone.refuse(refusal.with_help(help));
    }
    if let Some(unit) = table.get("unit")
        && table.get("min_contributors").is_none()
    {
        let sentence = "contributors are counted by `unit`, and no `min_contributors` is written";
        let refusal = Refusal::new(ErrorCode::PolicyContradiction, sentence);
        unit.refuse(refusal.with_help("write min_contributors beside it, or leave `unit` out"));
    }
}

/// True if a bucket takes the zone beside it: one bucket does, and of several each that names none of its own.
fn reads_zone(bucket: Option<&TomlValue<'_>>) -> bool {
    let Some(bucket) = bucket else {
        return false;
    };
    match bucket.node.as_table() {
        Some(columns) => columns.values().any(|column| {
            let own = column.get_ref().as_table();
            own.is_none_or(|own| own.keys().all(|key| key.get_ref() != "zone"))
        }),
        None => true,
    }
}

/// A bucket for every dimension of time: the one that is named, or that of the grid.
fn read_buckets(
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
                read_coarsening(reader, value.key, value, zone, terms);
            }
        } else {
            let times: Vec<SqlIdentifier> = by
                .iter()
                .filter(|name| {
                    matches!(
                        reader.kind_of(name),
                        Some(ColumnType::Date | ColumnType::Instant)
                    )
                })
                .cloned()
                .collect();
            if reader.is_unread() {
                bucket.word(&TimeBucketWidth::NAMES);
            } else if let [only] = times.as_slice() {
                named.push(only.to_string());
                read_coarsening(reader, only.as_str(), bucket, zone, terms);
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
        let instant = reader.kind_of(&dimension.column) == Some(ColumnType::Instant);
        if let Some(bucket) = dimension.bucket
            && due
            && instant
            && let Some(term) = bucket_term(reader, at, dimension.column, bucket, None)
        {
            terms.add(at, term);
        }
    }
}

fn read_group(reader: &PolicyFileReader<'_>, table: &TomlTable<'_>, terms: &mut LocatedTerms) {
    let (value, unit) = match (table.get("min_rows"), table.get("min_contributors")) {
        (None, None) => return,
        (Some(rows), None) => (rows, Some(CountingUnit::Rows)),
        (None, Some(contributors)) => (contributors, read_unit(reader, table, contributors)),
        (Some(_), Some(both)) => {
            let sentence = "a minimum group counts rows or contributors, not both";
            both.add_problem(ErrorCode::PolicyContradiction, sentence);
            return;
        }
    };
    let Some(number) = value.integer::<u64>(1) else {
        return;
    };
    match (u32::try_from(number), unit) {
        (Ok(at_least), Some(unit)) => terms.add(value, Term::MinGroup { at_least, unit }),
        (Err(_), _) => {
            let sentence = format!("{number} is more than any group can hold");
            value.add_problem(ErrorCode::TermIllTyped, sentence);
        }
        (Ok(_), None) => {}
    }
}

/// `{ measure = "fare", unit = "operator", p = 15 }`, or with `n` and `k` instead of `p`.
impl ValueForm<DominanceTerm> for Plain {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<DominanceTerm> {
        let table = TableReader::open(reader, value, &["measure", "unit", "p", "n", "k"])?;
        let measure = table.read_required::<Self, _>("measure");
        let unit = table.read_required::<Self, _>("unit");
        let [p, n, k] = ["p", "n", "k"].map(|key| table.read_or::<Self, u32>(key, |_| None));
        let rule = match (p, n, k) {
            (Some(p), None, None) => DominanceRule::P(p),
            (None, Some(n), Some(k)) => DominanceRule::Nk { n, k },
            _ => {
                let sentence = "a dominance rule has either `p`, or `n` and `k`";
                value.add_problem(ErrorCode::ConfigInvalid, sentence);
                return None;
            }
        };
        Some(DominanceTerm {
            measure: measure?,
            unit: unit?,
            rule,
        })
    }

    fn write(value: &DominanceTerm) -> Option<String> {
        let [measure, unit] = [&value.measure, &value.unit].map(|name| quote_text(name.as_str()));
        let when = match value.rule {
            DominanceRule::P(p) => format!("p = {p}"),
            DominanceRule::Nk { n, k } => format!("n = {n}, k = {k}"),
        };
        Some(format!("{{ measure = {measure}, unit = {unit}, {when} }}"))
    }
}

fn read_unit(
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
