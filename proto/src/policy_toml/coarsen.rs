//! `coarsen`: the time buckets of columns.

use super::file_entry::PolicyFileEntry;
use super::file_reader::{LocatedTerms, PolicyFileReader, required_value};
use super::value_form::{Plain, ValueForm, quote_text};
use hansa_audit_log::time::is_zone;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::value::time::TimeBucketWidth;
use hansa_toml_reader::TomlValue;

/// Reads the bucket of each column.
pub(super) fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    if let Some(table) = value.table() {
        for value in table.values() {
            read_coarsening(reader, value.key, value, None, terms);
        }
    }
}

/// Writes the bucket of a column.
pub(super) fn write(term: &Term) -> Option<PolicyFileEntry> {
    let Term::TimeBucket {
        column,
        bucket,
        zone,
    } = term
    else {
        return None;
    };
    let zone = quote_text(zone.as_deref().unwrap_or("UTC"));
    let value = format!("{{ to = {}, zone = {zone} }}", Plain::write(bucket)?);
    Some(PolicyFileEntry::alone(column.as_str(), value).within("coarsen", 0))
}

/// `"hour"` or `{ to = "hour", zone = "Europe/Berlin" }`
pub(super) fn read_coarsening(
    reader: &PolicyFileReader<'_>,
    column: &str,
    value: &TomlValue<'_>,
    zone: Option<&TomlValue<'_>>,
    terms: &mut LocatedTerms,
) {
    let name = reader.column(value, column);
    let table = match value.node.is_table() {
        true => value.table_with(&["to", "zone"]),
        false => None,
    };
    let (to, zone) = match &table {
        Some(table) => match required_value(value, table, "to") {
            Some(to) => (to, table.get("zone").or(zone)),
            None => return,
        },
        None => (value, zone),
    };
    if to.text().is_none() {
        return;
    }
    let bucket = to.word(&TimeBucketWidth::NAMES);
    let zone = match zone {
        Some(zone) => match zone_named(zone) {
            Some(zone) => Some(Some(zone)),
            None => return,
        },
        None => None,
    };
    if let (Some(column), Some(bucket)) = (name, bucket)
        && let Some(term) = bucket_term(reader, value, column, bucket, zone)
    {
        terms.add(value, term);
    }
}

pub(super) fn zone_named(value: &TomlValue<'_>) -> Option<String> {
    let zone = value.text()?;
    if is_zone(&zone) {
        return Some(zone);
    }
    let sentence = format!("there is no time zone `{zone}`");
    let help = "write an IANA name such as Europe/Berlin";
    value.refuse(Refusal::new(ErrorCode::TermIllTyped, sentence).with_help(help));
    None
}

/// The term; a zone that was not named is the grid's for a dimension of the grid, and the dataset's for days and longer.
pub(super) fn bucket_term(
    reader: &PolicyFileReader<'_>,
    at: &TomlValue<'_>,
    column: SqlIdentifier,
    bucket: TimeBucketWidth,
    zone: Option<Option<String>>,
) -> Option<Term> {
    let utc = |zone: &String| zone != "UTC";
    let zone = match reader.kind_of(&column) {
        Some(ColumnType::Instant) => match zone {
            Some(named) => named,
            None => default_zone(reader, &column, bucket),
        }
        .filter(utc),
        Some(ColumnType::Date) if bucket < TimeBucketWidth::Day => {
            let sentence = format!("`{column}` is a date, which has no hours");
            at.add_problem(ErrorCode::TermIllTyped, sentence);
            return None;
        }
        Some(ColumnType::Date) => match zone.flatten().filter(utc) {
            Some(zone) => {
                let sentence = format!("`{column}` is a date, which has no zone such as {zone}");
                at.add_problem(ErrorCode::TermIllTyped, sentence);
                return None;
            }
            None => None,
        },
        None if reader.is_unread() => return None,
        _ => {
            let sentence = format!("`{column}` is neither a date nor an instant");
            at.add_problem(ErrorCode::TermIllTyped, sentence);
            return None;
        }
    };
    Some(Term::TimeBucket {
        column,
        bucket,
        zone,
    })
}

fn default_zone(
    reader: &PolicyFileReader<'_>,
    column: &SqlIdentifier,
    bucket: TimeBucketWidth,
) -> Option<String> {
    let grid = reader.dataset.grid.as_ref();
    let dimension = grid.and_then(|grid| grid.dimensions.iter().find(|one| one.column == *column));
    match dimension.filter(|dimension| dimension.bucket.is_some()) {
        Some(dimension) => dimension.zone.clone(),
        // A grid of single instants says nothing of days.
        None => (bucket >= TimeBucketWidth::Day).then(|| reader.dataset.zone.clone()),
    }
}
