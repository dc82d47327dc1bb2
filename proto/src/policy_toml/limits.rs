//! How much: questions, rows and bytes in a period, and the rows of one answer.

use super::Terms;
use super::sheet::{Sheet, Table, Value};
use hansa_policy::refusal::Code;
use hansa_policy::term::{Period, Quota, Term};

/// The endings of the keys.
pub(super) const PERIODS: [(&str, Period); 4] = [
    ("hour", Period::Hour),
    ("day", Period::Day),
    ("week", Period::Week),
    ("30_days", Period::ThirtyDays),
];

/// The units of sizes, largest first.
pub(super) const UNITS: [(&str, u64); 9] = [
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
];

pub(super) fn read(sheet: &mut Sheet<'_>, keys: &Table<'_>, terms: &mut Terms) {
    for (period, per) in PERIODS {
        if let Some(value) = keys.get(&format!("queries_per_{period}"))
            && let Some(max) = sheet.count(value)
        {
            terms.add(&value.at, Term::Queries(Quota { max, per }));
        }
    }
    for (period, per) in PERIODS {
        if let Some(value) = keys.get(&format!("rows_per_{period}"))
            && let Some(max) = sheet.count(value)
        {
            terms.add(&value.at, Term::RowQuota(Quota { max, per }));
        }
    }
    for (period, per) in PERIODS {
        if let Some(value) = keys.get(&format!("bytes_per_{period}"))
            && let Some(max) = size(sheet, value)
        {
            terms.add(&value.at, Term::ByteQuota(Quota { max, per }));
        }
    }
    if let Some(value) = keys.get("result_rows")
        && let Some(rows) = sheet.count(value)
    {
        terms.add(&value.at, Term::ResultRows(rows));
    }
}

/// A number of bytes, or a text such as `5 MB`.
fn size(sheet: &mut Sheet<'_>, value: &Value<'_>) -> Option<u64> {
    let Some(text) = value.node.as_str() else {
        return sheet.count(value);
    };
    let text = text.trim();
    let found = UNITS.iter().find_map(|(unit, bytes)| {
        let digits = text.strip_suffix(unit)?.trim_end().replace('_', "");
        digits.parse::<u64>().ok()?.checked_mul(*bytes)
    });
    let found = found.filter(|bytes| *bytes > 0);
    if found.is_none() {
        sheet.problem(
            &value.at,
            Code::TermIllTyped,
            format!("`{text}` is no size such as 5 MB or 64 KiB"),
        );
    }
    found
}
