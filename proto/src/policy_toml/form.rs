//! In what form: masks and time buckets.

use super::Terms;
use super::mask;
use super::place;
use super::sheet::{At, Sheet, Table, Value, column_of};
use hansa_audit_log::time::is_zone;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::Name;
use hansa_policy::refusal::Code;
use hansa_policy::term::odrl::is_decimal;
use hansa_policy::term::{Bucket, Term};

/// The words for buckets.
pub(super) const BUCKETS: [(&str, Bucket); 6] = [
    ("quarter-hour", Bucket::QuarterHour),
    ("hour", Bucket::Hour),
    ("day", Bucket::Day),
    ("week", Bucket::Week),
    ("month", Bucket::Month),
    ("year", Bucket::Year),
];

pub(super) fn read(sheet: &mut Sheet<'_>, keys: &Table<'_>, terms: &mut Terms) {
    if let Some(value) = keys.get("area") {
        place::area(sheet, value, terms);
    }
    if let Some(value) = keys.get("within") {
        place::within(sheet, value, terms);
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
        place::cells(sheet, value, terms);
    }
}

/// The text of a number, as it is written.
pub(super) fn decimal(value: &Value<'_>) -> Option<String> {
    let text = match (value.node.as_integer(), value.node.as_float()) {
        (Some(number), _) if number.radix() == 10 => number.as_str().to_owned(),
        (_, Some(number)) => number.as_str().to_owned(),
        _ => return None,
    };
    is_decimal(&text).then_some(text)
}

/// `"hour"` or `{ to = "hour", zone = "Europe/Berlin" }`
pub(super) fn coarsen(
    sheet: &mut Sheet<'_>,
    column: &str,
    value: &Value<'_>,
    zone: Option<&Value<'_>>,
    terms: &mut Terms,
) {
    let name = sheet.column(&value.at, column);
    let (to, zone) = if value.node.is_table() {
        let Some(table) = sheet.table(value, Some(&["to", "zone"])) else {
            return;
        };
        let Some(to) = table.get("to").cloned() else {
            sheet.problem(&value.at, Code::ConfigInvalid, "the bucket has no `to`");
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

fn zone_named(sheet: &mut Sheet<'_>, value: &Value<'_>) -> Option<String> {
    let zone = sheet.text(value)?;
    if is_zone(&zone) {
        return Some(zone);
    }
    let sentence = format!("there is no time zone `{zone}`");
    let help = "write an IANA name such as Europe/Berlin".to_owned();
    sheet.problem_with_help(&value.at, Code::TermIllTyped, sentence, Some(help));
    None
}

/// The term; a zone that was not named is the grid's for a dimension of the grid, and the dataset's for days and longer.
pub(super) fn bucket_term(
    sheet: &mut Sheet<'_>,
    at: &At,
    column: Name,
    bucket: Bucket,
    zone: Option<Option<String>>,
) -> Option<Term> {
    let utc = |zone: &String| zone != "UTC";
    let zone = match kind_of(sheet, &column) {
        Some(ColumnType::Instant) => match zone {
            Some(named) => named,
            None => default_zone(sheet, &column, bucket),
        }
        .filter(utc),
        Some(ColumnType::Date) if bucket < Bucket::Day => {
            let sentence = format!("`{column}` is a date, which has no hours");
            sheet.problem(at, Code::TermIllTyped, sentence);
            return None;
        }
        Some(ColumnType::Date) => match zone.flatten().filter(utc) {
            Some(zone) => {
                let sentence = format!("`{column}` is a date, which has no zone such as {zone}");
                sheet.problem(at, Code::TermIllTyped, sentence);
                return None;
            }
            None => None,
        },
        None if sheet.is_unread() => return None,
        _ => {
            let sentence = format!("`{column}` is neither a date nor an instant");
            sheet.problem(at, Code::TermIllTyped, sentence);
            return None;
        }
    };
    Some(Term::TimeBucket {
        column,
        bucket,
        zone,
    })
}

fn default_zone(sheet: &Sheet<'_>, column: &Name, bucket: Bucket) -> Option<String> {
    let grid = sheet.dataset.grid.as_ref();
    let dimension = grid.and_then(|grid| grid.dimensions.iter().find(|one| one.column == *column));
    match dimension {
        Some(dimension) => dimension.zone.clone(),
        None => (bucket >= Bucket::Day).then(|| sheet.dataset.zone.clone()),
    }
}

pub(super) fn kind_of(sheet: &Sheet<'_>, column: &Name) -> Option<ColumnType> {
    column_of(sheet.dataset, column.as_str()).map(|column| column.kind)
}
