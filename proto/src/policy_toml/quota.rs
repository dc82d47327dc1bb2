//! How much: questions, rows and bytes in a period, and the rows of one answer.

use super::LocatedTerms;
use super::file_reader::{PolicyFileReader, required_value};
use super::value_form::zone_named;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};
use hansa_toml_reader::{TomlTable, TomlValue};

/// The endings of the keys; an hour has no days.
pub(super) const PERIODS: [(&str, Option<QuotaDays>); 4] = [
    ("hour", None),
    ("day", Some(QuotaDays::One)),
    ("week", Some(QuotaDays::Seven)),
    ("30_days", Some(QuotaDays::Thirty)),
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

/// What is counted: how its keys begin, how its number is read, and its term.
struct QuotaKey {
    what: &'static str,
    count: fn(&TomlValue<'_>) -> Option<u64>,
    term: fn(PeriodQuota) -> Term,
}

const COUNTED: [QuotaKey; 3] = [
    QuotaKey {
        what: "queries",
        count: |value| value.whole(1),
        term: Term::Queries,
    },
    QuotaKey {
        what: "rows",
        count: |value| value.whole(1),
        term: Term::RowQuota,
    },
    QuotaKey {
        what: "bytes",
        count: size,
        term: Term::ByteQuota,
    },
];

/// Reads the quotas, and the rows of one answer.
pub(super) fn read(reader: &PolicyFileReader<'_>, keys: &TomlTable<'_>, terms: &mut LocatedTerms) {
    for QuotaKey { what, count, term } in &COUNTED {
        for (period, days) in PERIODS {
            if let Some(value) = keys.get(&format!("{what}_per_{period}"))
                && let Some(quota) = read_quota(reader, value, days, *count)
            {
                terms.add(value, term(quota));
            }
        }
    }
    if let Some(value) = keys.get("result_rows")
        && let Some(rows) = value.whole(1)
    {
        terms.add(value, Term::ResultRows(rows));
    }
}

/// `10_000` or `{ max = 10_000, zone = "UTC" }`. Days begin in the zone of the dataset, unless another one is named.
fn read_quota(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    days: Option<QuotaDays>,
    count: fn(&TomlValue<'_>) -> Option<u64>,
) -> Option<PeriodQuota> {
    let table = match value.node.is_table() {
        true => Some(value.table_with(&["max", "zone"])?),
        false => None,
    };
    let (max, named) = match &table {
        Some(table) => (
            count(required_value(value, table, "max")?),
            table.get("zone"),
        ),
        None => (count(value), None),
    };
    let per = match (days, named) {
        (None, None) => QuotaPeriod::Hour,
        (None, Some(zone)) => {
            let sentence = "hours are the same in every zone";
            let refusal = Refusal::new(ErrorCode::TermIllTyped, sentence);
            zone.refuse(refusal.with_help("leave the zone out"));
            return None;
        }
        (Some(count), named) => {
            let zone = match named {
                Some(named) => zone_named(named)?,
                None => reader.dataset.zone.clone(),
            };
            let Ok(zone) = zone.parse() else {
                let sentence = format!("the zone `{zone}` of the dataset is not known");
                value.problem(ErrorCode::TermIllTyped, sentence);
                return None;
            };
            QuotaPeriod::Days { count, zone }
        }
    };
    max.map(|max| PeriodQuota { max, per })
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
