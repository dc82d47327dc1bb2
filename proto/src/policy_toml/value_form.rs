//! In what form: masks and time buckets.

use super::LocatedTerms;
use super::file_reader::{CheckedTable, KeyLocation, LocatedValue, PolicyFileReader, column_of};
use super::geography;
use super::mask;
use hansa_audit_log::time::is_zone;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_policy::term::odrl::is_decimal;
use hansa_policy::value::time::TimeBucketWidth;

/// The words for buckets.
pub(super) const BUCKETS: [(&str, TimeBucketWidth); 6] = [
    ("quarter-hour", TimeBucketWidth::QuarterHour),
    ("hour", TimeBucketWidth::Hour),
    ("day", TimeBucketWidth::Day),
    ("week", TimeBucketWidth::Week),
    ("month", TimeBucketWidth::Month),
    ("year", TimeBucketWidth::Year),
];

pub(super) fn read(
    sheet: &mut PolicyFileReader<'_>,
    keys: &CheckedTable<'_>,
    terms: &mut LocatedTerms,
) {
    if let Some(value) = keys.get("area") {
        geography::area(sheet, value, terms);
    }
    if let Some(value) = keys.get("within") {
        geography::within(sheet, value, terms);
    }
    if let Some(value) = keys.get("mask")
        && let Some(table) = sheet.table(value, None)
    {
        for (column, value) in table.entries() {
            mask::read(sheet, column, value, terms);
        }
    }
    if let Some(value) = keys.get("coarsen")
        && let Some(table) = sheet.table(value, None)
    {
        for (column, value) in table.entries() {
            coarsen(sheet, column, value, None, terms);
        }
    }
    if let Some(value) = keys.get("cells") {
        geography::cells(sheet, value, terms);
    }
}

/// The text of a number, as it is written.
pub(super) fn decimal(value: &LocatedValue<'_>) -> Option<String> {
    let text = match (value.node.as_integer(), value.node.as_float()) {
        (Some(number), _) if number.radix() == 10 => number.as_str().to_owned(),
        (_, Some(number)) => number.as_str().to_owned(),
        _ => return None,
    };
    is_decimal(&text).then_some(text)
}

/// `"hour"` or `{ to = "hour", zone = "Europe/Berlin" }`
pub(super) fn coarsen(
    sheet: &mut PolicyFileReader<'_>,
    column: &str,
    value: &LocatedValue<'_>,
    zone: Option<&LocatedValue<'_>>,
    terms: &mut LocatedTerms,
) {
    let name = sheet.column(&value.at, column);
    let (to, zone) = if value.node.is_table() {
        let Some(table) = sheet.table(value, Some(&["to", "zone"])) else {
            return;
        };
        let Some(to) = table.get("to").cloned() else {
            sheet.problem(
                &value.at,
                ErrorCode::ConfigInvalid,
                "the bucket has no `to`",
            );
            return;
        };
        (to, table.get("zone").or(zone).cloned())
    } else {
        (value.clone(), zone.cloned())
    };
    let Some(text) = sheet.text(&to) else {
        return;
    };
    let bucket = sheet.word(&to.at, &text, "time bucket", &BUCKETS);
    let zone = match zone {
        Some(zone) => match zone_named(sheet, &zone) {
            Some(zone) => Some(Some(zone)),
            None => return,
        },
        None => None,
    };
    if let (Some(column), Some(bucket)) = (name, bucket)
        && let Some(term) = bucket_term(sheet, &value.at, column, bucket, zone)
    {
        terms.add(&value.at, term);
    }
}

fn zone_named(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>) -> Option<String> {
    let zone = sheet.text(value)?;
    if is_zone(&zone) {
        return Some(zone);
    }
    let sentence = format!("there is no time zone `{zone}`");
    let help = "write an IANA name such as Europe/Berlin".to_owned();
    sheet.problem_with_help(&value.at, ErrorCode::TermIllTyped, sentence, Some(help));
    None
}

/// The term; a zone that was not named is the grid's for a dimension of the grid, and the dataset's for days and longer.
pub(super) fn bucket_term(
    sheet: &mut PolicyFileReader<'_>,
    at: &KeyLocation,
    column: SqlIdentifier,
    bucket: TimeBucketWidth,
    zone: Option<Option<String>>,
) -> Option<Term> {
    let utc = |zone: &String| zone != "UTC";
    let zone = match kind_of(sheet, &column) {
        Some(ColumnType::Instant) => match zone {
            Some(named) => named,
            None => default_zone(sheet, &column, bucket),
        }
        .filter(utc),
        Some(ColumnType::Date) if bucket < TimeBucketWidth::Day => {
            let sentence = format!("`{column}` is a date, which has no hours");
            sheet.problem(at, ErrorCode::TermIllTyped, sentence);
            return None;
        }
        Some(ColumnType::Date) => match zone.flatten().filter(utc) {
            Some(zone) => {
                let sentence = format!("`{column}` is a date, which has no zone such as {zone}");
                sheet.problem(at, ErrorCode::TermIllTyped, sentence);
                return None;
            }
            None => None,
        },
        None if sheet.is_unread() => return None,
        _ => {
            let sentence = format!("`{column}` is neither a date nor an instant");
            sheet.problem(at, ErrorCode::TermIllTyped, sentence);
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
    sheet: &PolicyFileReader<'_>,
    column: &SqlIdentifier,
    bucket: TimeBucketWidth,
) -> Option<String> {
    let grid = sheet.dataset.grid.as_ref();
    let dimension = grid.and_then(|grid| grid.dimensions.iter().find(|one| one.column == *column));
    match dimension {
        Some(dimension) => dimension.zone.clone(),
        None => (bucket >= TimeBucketWidth::Day).then(|| sheet.dataset.zone.clone()),
    }
}

pub(super) fn kind_of(sheet: &PolicyFileReader<'_>, column: &SqlIdentifier) -> Option<ColumnType> {
    column_of(sheet.dataset, column.as_str()).map(|column| column.kind)
}
