//! How much: questions, rows and bytes in a period, and the rows of one answer.

use super::coarsen::zone_named;
use super::file_reader::{PolicyFileReader, required_value};
use super::value_form::{ValueForm, quote_text};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};
use hansa_toml_reader::TomlValue;

/// The units of sizes, largest first.
const UNITS: [(&str, u64); 9] = [
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

/// `10_000` or `{ max = 10_000, zone = "UTC" }`. Days begin in the zone of the dataset, unless another one is named.
pub(super) fn read_quota<F: ValueForm<u64>>(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    days: Option<QuotaDays>,
) -> Option<PeriodQuota> {
    let table = match value.node.is_table() {
        true => Some(value.table_with(&["max", "zone"])?),
        false => None,
    };
    let (max, named) = match &table {
        Some(table) => (
            F::read(reader, required_value(value, table, "max")?),
            table.get("zone"),
        ),
        None => (F::read(reader, value), None),
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
                value.add_problem(ErrorCode::TermIllTyped, sentence);
                return None;
            };
            QuotaPeriod::Days { count, zone }
        }
    };
    max.map(|max| PeriodQuota { max, per })
}

/// Writes a quota; the zone is named with its days.
pub(super) fn write_quota<F: ValueForm<u64>>(quota: &PeriodQuota) -> Option<String> {
    let max = F::write(&quota.max)?;
    Some(match quota.per.zone() {
        Some(zone) => format!("{{ max = {max}, zone = {} }}", quote_text(zone.as_str())),
        None => max,
    })
}

/// A number of bytes, or a text such as `5 MB`.
pub(super) enum Size {}

impl ValueForm<u64> for Size {
    fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<u64> {
        let Some(text) = value.node.as_str() else {
            return value.integer(1);
        };
        let text = text.trim();
        let found = UNITS.iter().find_map(|(unit, bytes)| {
            let digits = text.strip_suffix(unit)?.trim_end().replace('_', "");
            digits.parse::<u64>().ok()?.checked_mul(*bytes)
        });
        let found = found.filter(|bytes| *bytes > 0);
        if found.is_none() {
            let sentence = format!("`{text}` is no size such as 5 MB or 64 KiB");
            value.add_problem(ErrorCode::TermIllTyped, sentence);
        }
        found
    }

    /// Writes the largest unit that says it exactly; a binary one only where no decimal one does.
    fn write(bytes: &u64) -> Option<String> {
        let exact = UNITS
            .iter()
            .filter(|(unit, of)| {
                *unit != "B" && *unit != "KB" && bytes >= of && bytes.is_multiple_of(*of)
            })
            .min_by_key(|(unit, of)| (unit.contains('i'), std::cmp::Reverse(*of)));
        Some(match exact {
            Some((unit, of)) => quote_text(&format!("{} {unit}", bytes / of)),
            None => bytes.to_string(),
        })
    }
}
