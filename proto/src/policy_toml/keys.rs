//! The keys of a policy file: each declared once, for reading and for writing.

use super::conduct::{JoinPartners, Window};
use super::file_entry::PolicyFileEntry;
use super::file_reader::{LocatedTerms, PolicyFileReader, list_items};
use super::price::Price;
use super::quota::{Size, read_quota, write_quota};
use super::validity::{EndInstant, FirstInstant};
use super::value_form::{Plain, ShownColumns, ValueForm};
use super::{aggregate, coarsen, duties, geography, mask, prohibition, validity};
use hansa_policy::term::Term;
use hansa_policy::value::time::QuotaDays;
use hansa_toml_reader::{TomlTable, TomlValue};
use toml::de::DeValue;

/// A key and its terms.
struct PolicyKey {
    /// The name of the key, in the table where it stands.
    name: &'static str,
    /// Reads its value; a fault is a problem of the file.
    read: fn(&PolicyFileReader<'_>, &TomlValue<'_>, &mut LocatedTerms),
    /// Writes a term of the key; none for other terms, and where TOML can't say the term.
    write: fn(&Term) -> Option<PolicyFileEntry>,
}

/// Declares the key of one variant with one value, in its form.
macro_rules! single {
    ($name:literal, $variant:ident) => {
        single!($name, $variant, Plain)
    };
    ($name:literal, $variant:ident, $form:ty) => {
        PolicyKey {
            name: $name,
            read: |reader, value, terms| {
                let found = <$form as ValueForm<_>>::read(reader, value);
                terms.add_if_read(value, found.map(Term::$variant));
            },
            write: |term| match term {
                Term::$variant(one) => {
                    let text = <$form as ValueForm<_>>::write(one)?;
                    Some(PolicyFileEntry::alone($name, text))
                }
                _ => None,
            },
        }
    };
}

/// Declares the key of a variant without a value: true, or left out.
macro_rules! flag {
    ($name:literal, $variant:ident) => {
        PolicyKey {
            name: $name,
            read: |_, value, terms| {
                let is_set = value.flag() == Some(true);
                terms.add_if_read(value, is_set.then_some(Term::$variant));
            },
            write: |term| {
                let is_set = matches!(term, Term::$variant);
                is_set.then(|| PolicyFileEntry::alone($name, "true".to_owned()))
            },
        }
    };
}

/// The days of a quota's period; an hour has none.
const HOUR: Option<QuotaDays> = None;
const DAY: Option<QuotaDays> = Some(QuotaDays::One);
const WEEK: Option<QuotaDays> = Some(QuotaDays::Seven);
const MONTH: Option<QuotaDays> = Some(QuotaDays::Thirty);

/// Declares the key of a quota in a period.
macro_rules! quota {
    ($name:literal, $variant:ident, $days:expr, $form:ty) => {
        PolicyKey {
            name: $name,
            read: |reader, value, terms| {
                let quota = read_quota::<$form>(reader, value, $days);
                terms.add_if_read(value, quota.map(Term::$variant));
            },
            write: |term| match term {
                Term::$variant(quota) if quota.per.days() == $days => {
                    let text = write_quota::<$form>(quota)?;
                    Some(PolicyFileEntry::alone($name, text))
                }
                _ => None,
            },
        }
    };
}

/// Declares the key of a table with keys of its own, and the check of it as a whole.
macro_rules! table {
    ($name:literal, $keys:ident, $check:expr) => {
        PolicyKey {
            name: $name,
            read: |reader, value, terms| {
                let names: Vec<&str> = $keys.iter().map(|key| key.name).collect();
                if let Some(table) = value.table_with(&names) {
                    read_keys($keys, reader, &table, terms);
                    $check(value, terms);
                }
            },
            write: |term| {
                let mut written = $keys.iter().map(|key| (key.write)(term)).enumerate();
                written.find_map(|(position, entry)| Some(entry?.within($name, position)))
            },
        }
    };
}

/// The check of a table whose keys don't depend on each other.
const fn accept_table(_value: &TomlValue<'_>, _terms: &LocatedTerms) {}

/// Declares the key of a module that reads and writes.
macro_rules! module {
    ($name:literal, $module:ident) => {
        PolicyKey {
            name: $name,
            read: $module::read,
            write: $module::write,
        }
    };
}

/// Every key with terms, in the order in which they are read and written.
static TERM_KEYS: &[PolicyKey] = &[
    single!("purpose", Purpose),
    single!("purpose_not", PurposeNot),
    table!("valid", VALID_KEYS, validity::check_validity),
    single!("columns", Columns, ShownColumns),
    single!("rows", Rows),
    PolicyKey {
        name: "area",
        read: geography::read_area,
        write: geography::write_area,
    },
    single!("within", PublishedArea),
    module!("mask", mask),
    module!("coarsen", coarsen),
    single!("cells", PlaceCells),
    module!("aggregate", aggregate),
    quota!("queries_per_hour", Queries, HOUR, Plain),
    quota!("queries_per_day", Queries, DAY, Plain),
    quota!("queries_per_week", Queries, WEEK, Plain),
    quota!("queries_per_30_days", Queries, MONTH, Plain),
    quota!("rows_per_hour", RowQuota, HOUR, Plain),
    quota!("rows_per_day", RowQuota, DAY, Plain),
    quota!("rows_per_week", RowQuota, WEEK, Plain),
    quota!("rows_per_30_days", RowQuota, MONTH, Plain),
    quota!("bytes_per_hour", ByteQuota, HOUR, Size),
    quota!("bytes_per_day", ByteQuota, DAY, Size),
    quota!("bytes_per_week", ByteQuota, WEEK, Size),
    quota!("bytes_per_30_days", ByteQuota, MONTH, Size),
    single!("result_rows", ResultRows),
    single!("group", Group),
    single!("sectors", Sector),
    single!("region", Region),
    single!("lasts", Lasts, Window),
    single!("hours", Hours),
    single!("embargo", Embargo),
    table!("join", JOIN_KEYS, accept_table),
    single!("rows_per_second", RowsPerSecond),
    single!("concurrent", Concurrent),
    single!("open_receipts", Receipts),
    flag!("one_sided_receipts", OneSidedReceipts),
    flag!("open_data", OpenData),
    single!("schema", Version),
    single!("networks", Networks),
    single!("formats", Formats),
    flag!("exclusive", Exclusive),
    single!("legal_basis", LegalBasis),
    single!("service", Service),
    PolicyKey {
        name: "price",
        read: |reader, value, terms| {
            for item in list_items(value, DeValue::is_table) {
                let price = Price::read(reader, &item);
                terms.add_if_read(&item, price.map(Term::Price));
            }
        },
        write: |term| match term {
            Term::Price(price) => Some(PolicyFileEntry::item("price", Price::write(price)?)),
            _ => None,
        },
    },
    single!("inform", Inform),
    single!("notify", Notify),
    module!("duties", duties),
    module!("prohibit", prohibition),
];

/// The keys of the table `valid`.
static VALID_KEYS: &[PolicyKey] = &[
    single!("from", NotBefore, FirstInstant),
    single!("until", NotAfter, EndInstant),
];

/// The keys of the table `join`.
static JOIN_KEYS: &[PolicyKey] = &[
    single!("keys", JoinKeys),
    single!("with", JoinWith, JoinPartners),
    flag!("keys_stay", KeysStay),
    single!("travel", KeysTravel),
];

/// The names of the keys of a policy file, in the order in which they are written.
pub fn key_names() -> impl Iterator<Item = &'static str> + Clone {
    let with_terms = TERM_KEYS.iter().map(|key| key.name);
    std::iter::once("title")
        .chain(with_terms)
        .chain(["legal", "template"])
}

/// Reads the terms of all keys.
pub(super) fn read_terms(reader: &PolicyFileReader<'_>, table: &TomlTable<'_>) -> LocatedTerms {
    let mut terms = LocatedTerms::default();
    read_keys(TERM_KEYS, reader, table, &mut terms);
    terms
}

/// Writes a term under its key; none where the format can't say it.
pub(super) fn write_term(term: &Term) -> Option<PolicyFileEntry> {
    TERM_KEYS.iter().find_map(|key| (key.write)(term))
}

fn read_keys(
    keys: &[PolicyKey],
    reader: &PolicyFileReader<'_>,
    table: &TomlTable<'_>,
    terms: &mut LocatedTerms,
) {
    for key in keys {
        if let Some(value) = table.get(key.name) {
            (key.read)(reader, value, terms);
        }
    }
}
