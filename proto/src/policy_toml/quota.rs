//! How much: questions, rows and bytes in a period, and the rows of one answer.

use super::LocatedTerms;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_policy::value::time::{PeriodQuota, QuotaPeriod};
use hansa_toml_reader::{TomlTable, TomlValue};

/// The endings of the keys.
pub(super) const PERIODS: [(&str, QuotaPeriod); 4] = [
    ("hour", QuotaPeriod::Hour),
    ("day", QuotaPeriod::Day),
    ("week", QuotaPeriod::Week),
    ("30_days", QuotaPeriod::ThirtyDays),
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

pub(super) fn read(keys: &TomlTable<'_>, terms: &mut LocatedTerms) {
    for (period, per) in PERIODS {
        if let Some(value) = keys.get(&format!("queries_per_{period}"))
            && let Some(max) = value.whole(1)
        {
            terms.add(value, Term::Queries(PeriodQuota { max, per }));
        }
    }
    for (period, per) in PERIODS {
        if let Some(value) = keys.get(&format!("rows_per_{period}"))
            && let Some(max) = value.whole(1)
        {
            terms.add(value, Term::RowQuota(PeriodQuota { max, per }));
        }
    }
    for (period, per) in PERIODS {
        if let Some(value) = keys.get(&format!("bytes_per_{period}"))
            && let Some(max) = size(value)
        {
            terms.add(value, Term::ByteQuota(PeriodQuota { max, per }));
        }
    }
    if let Some(value) = keys.get("result_rows")
        && let Some(rows) = value.whole(1)
    {
        terms.add(value, Term::ResultRows(rows));
    }
}

/// A number of bytes, or a text such as `5 MB`.
fn size(value: &TomlValue<'_>) -> Option<u64> {
    let Some(text) = value.node.as_str() else {
        return value.whole(1);
    };
    let text = text.trim();
    let found = UNITS.iter().find_map(|(unit, bytes)| {
        let digits = text.strip_suffix(unit)?.trim_end().replace('_', "");
        digits.parse::<u64>().ok()?.checked_mul(*bytes)
    });
    let found = found.filter(|bytes| *bytes > 0);
    if found.is_none() {
        let sentence = format!("`{text}` is no size such as 5 MB or 64 KiB");
        value.problem(ErrorCode::TermIllTyped, sentence);
    }
    found
}
