//! Forms of values in a policy file: each declared once, for reading and for writing.

use super::file_reader::{PolicyFileReader, column_of, read_distinct_items, required_value};
use hansa_audit_log::digest::Digest;
use hansa_policy::group::GroupName;
use hansa_policy::id::{DatasetId, ParticipantId, PurposeId, SqlIdentifier};
use hansa_policy::money::parse_written_amount;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::{self, RowFilter};
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::term::hours::HoursTerm;
use hansa_policy::term::inform::{InformEvent, Recipient};
use hansa_policy::term::legal_basis::LegalBasis;
use hansa_policy::term::odrl::is_decimal;
use hansa_policy::term::price::{PriceUnit, is_amount, is_currency};
use hansa_policy::term::prohibition::ProhibitedAction;
use hansa_policy::term::relative_window::WindowStart;
use hansa_policy::term::schema_version::SchemaCompatibility;
use hansa_policy::value::area::AreaSelector;
use hansa_policy::value::cube::{CubeFunction, LateDataPolicy};
use hansa_policy::value::delivery::{DeliveryFormat, NetworkPrefix};
use hansa_policy::value::region::RegionCode;
use hansa_policy::value::sector::SectorCode;
use hansa_policy::value::time::TimeBucketWidth;
use hansa_toml_reader::{TomlTable, TomlValue};
use std::marker::PhantomData;

/// How a value stands in a policy file. What is written is read as the same value.
pub(super) trait ValueForm<T> {
    /// Reads it; a fault is a problem of the file.
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<T>;

    /// Writes it; none where TOML can't say it.
    fn write(value: &T) -> Option<String>;

    /// True if its key is left out of a table.
    fn is_left_out(_value: &T) -> bool {
        false
    }
}

/// The one form of a type, where it has no other.
pub(super) enum Plain {}

/// A value whose key may be left out of a table.
pub(super) struct Optional<F>(PhantomData<F>);

impl<T, F: ValueForm<T>> ValueForm<Option<T>> for Optional<F> {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<Option<T>> {
        F::read(reader, value).map(Some)
    }

    fn write(value: &Option<T>) -> Option<String> {
        F::write(value.as_ref()?)
    }

    fn is_left_out(value: &Option<T>) -> bool {
        value.is_none()
    }
}

/// Columns are those of the dataset.
impl ValueForm<SqlIdentifier> for Plain {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<SqlIdentifier> {
        reader.named_column(value)
    }

    fn write(value: &SqlIdentifier) -> Option<String> {
        Some(quote_text(value.as_str()))
    }
}

/// Lists hold each item once, and at least one; one text stands for a list of it.
impl<T: PartialEq> ValueForm<Vec<T>> for Plain
where
    Self: ValueForm<T>,
{
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<Vec<T>> {
        let found = read_distinct_items(value, |item| Self::read(reader, item));
        (!found.is_empty()).then_some(found)
    }

    fn write(value: &Vec<T>) -> Option<String> {
        let items: Option<Vec<String>> = value.iter().map(Self::write).collect();
        Some(format!("[{}]", items?.join(", ")))
    }
}

/// The word of `columns` by which each column may leave.
pub(super) const EACH_COLUMN: &str = "all";

/// The columns that leave; each may, where the word for it stands in place of a list.
pub(super) enum ShownColumns {}

impl ValueForm<Vec<SqlIdentifier>> for ShownColumns {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<Vec<SqlIdentifier>> {
        if value.node.as_str() != Some(EACH_COLUMN) {
            return Plain::read(reader, value);
        }
        if column_of(reader.dataset, EACH_COLUMN).is_some() {
            let sentence = format!("`{EACH_COLUMN}` is each column, and a column of this dataset");
            let refusal = Refusal::new(ErrorCode::TermIllTyped, sentence);
            value.refuse(refusal.with_help(format!("that column alone is [\"{EACH_COLUMN}\"]")));
        }
        None
    }

    fn write(value: &Vec<SqlIdentifier>) -> Option<String> {
        Plain::write(value)
    }
}

/// Filters name columns of the dataset.
impl ValueForm<RowFilter> for Plain {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<RowFilter> {
        let filter = row_filter::parse_row_filter(&value.text()?);
        let filter = filter.map_err(|refusal| value.refuse(refusal)).ok()?;
        for column in filter.collect_columns() {
            reader.column(value, column.as_str());
        }
        Some(filter)
    }

    fn write(value: &RowFilter) -> Option<String> {
        Some(quote_text(&value.to_string()))
    }
}

/// Digests of published files.
impl ValueForm<Digest> for Plain {
    fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<Digest> {
        let text = value.text()?;
        let parsed = text.parse::<Digest>();
        if let Err(fault) = &parsed {
            let refusal = Refusal::new(ErrorCode::TermIllTyped, format!("`{text}`: {fault}"));
            value.refuse(refusal.with_help("it is that of the file, unchanged: sha256sum FILE"));
        }
        parsed.ok()
    }

    fn write(value: &Digest) -> Option<String> {
        Some(quote_text(&value.to_string()))
    }
}

/// A group by its name alone. Another participant's list is looked at by nobody here, so its owner can't be named.
impl ValueForm<GroupName> for Plain {
    fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<GroupName> {
        let text = value.text()?;
        let Some((owner, name)) = text.split_once("/g/") else {
            return value.parse_text();
        };
        value.add_problem(
            ErrorCode::TermUnknown,
            format!(
                "`{text}` names a group of {owner}: the provider's own list alone is looked at, and named without its owner, as `{name}`"
            ),
        );
        None
    }

    fn write(value: &GroupName) -> Option<String> {
        Some(quote_text(value.as_str()))
    }
}

/// Declares types whose values are whole numbers from 1.
macro_rules! whole_number_forms {
    ($($type:ty),+) => {$(
        impl ValueForm<$type> for Plain {
            fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<$type> {
                value.integer(1)
            }

            fn write(value: &$type) -> Option<String> {
                Some(value.to_string())
            }
        }
    )+};
}

whole_number_forms!(u32, u64);

/// Declares types that are read from the text as which they are shown.
macro_rules! text_forms {
    ($($type:ty),+) => {$(
        impl ValueForm<$type> for Plain {
            fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<$type> {
                value.parse_text()
            }

            fn write(value: &$type) -> Option<String> {
                Some(quote_text(&value.to_string()))
            }
        }
    )+};
}

text_forms!(
    AreaSelector,
    DatasetId,
    HoursTerm,
    NetworkPrefix,
    ParticipantId,
    PurposeId,
    RegionCode,
    SectorCode
);

/// Declares types whose values are words, each with the list of them.
macro_rules! word_forms {
    ($($type:ty: $words:expr;)+) => {$(
        impl ValueForm<$type> for Plain {
            fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<$type> {
                value.word(&$words)
            }

            fn write(value: &$type) -> Option<String> {
                let known = $words.into_iter().find(|(_, known)| known == value);
                known.map(|(word, _)| quote_text(word))
            }
        }
    )+};
}

word_forms! {
    CubeFunction: CubeFunction::ALL.map(|one| (one.as_str(), one));
    DeliveryFormat: DeliveryFormat::ALL.map(|one| (one.as_str(), one));
    ForbiddenUse: FORBIDDEN;
    InformEvent: InformEvent::ALL.map(|one| (one.as_str(), one));
    LateDataPolicy: LateDataPolicy::ALL;
    LegalBasis: LegalBasis::ALL.map(|one| (one.as_str(), one));
    PriceUnit: PriceUnit::ALL.map(|one| (one.as_str(), one));
    ProhibitedAction: ProhibitedAction::ALL;
    Recipient: Recipient::ALL.map(|one| (one.as_str(), one));
    SchemaCompatibility: SchemaCompatibility::ALL.map(|one| (one.as_str(), one));
    TimeBucketWidth: TimeBucketWidth::NAMES;
    WindowStart: SINCE;
}

const FORBIDDEN: [(&str, ForbiddenUse); 3] = [
    ("distribute", ForbiddenUse::Distribute),
    ("sell", ForbiddenUse::Sell),
    ("derive", ForbiddenUse::Derive),
];

const SINCE: [(&str, WindowStart); 2] = [
    ("activation", WindowStart::Activation),
    ("first-use", WindowStart::FirstUse),
];

/// Declares forms of texts: how each is read, its check, and the sample in a problem.
macro_rules! checked_text_forms {
    ($($(#[$doc:meta])* $form:ident: $read:expr, $check:expr, $wanted:literal;)+) => {$(
        $(#[$doc])*
        pub(super) enum $form {}

        impl ValueForm<String> for $form {
            fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<String> {
                let text = $read(value).filter($check);
                if text.is_none() {
                    value.ill_typed($wanted);
                }
                text
            }

            fn write(value: &String) -> Option<String> {
                Some(quote_text(value))
            }
        }
    )+};
}

pub(super) use checked_text_forms;

checked_text_forms! {
    /// A share in percent, with its fraction as it is written.
    Percentage: number, |text| is_percentage(text), "a share in percent such as 99.5";
    /// An amount of money.
    Amount: number, |text| is_amount(text), "an amount such as 0.05";
    /// An amount that was paid beforehand.
    Prepayment: number, |text| parse_written_amount(text).is_ok(), "an amount such as 100";
    /// A currency (ISO 4217).
    Currency: written_text, |text| is_currency(text), "a currency such as EUR";
}

fn is_percentage(text: &str) -> bool {
    let share: f64 = text.parse().unwrap_or(f64::NAN);
    (0.0..=100.0).contains(&share)
}

/// A text.
pub(super) fn written_text(value: &TomlValue<'_>) -> Option<String> {
    value.node.as_str().map(str::to_owned)
}

/// A table that is being read, with the place for its problems.
pub(super) struct TableReader<'r, 'v> {
    policy: &'r PolicyFileReader<'r>,
    value: &'r TomlValue<'v>,
    table: TomlTable<'v>,
}

impl<'r, 'v> TableReader<'r, 'v> {
    /// The table with these keys and no others.
    pub(super) fn open(
        policy: &'r PolicyFileReader<'r>,
        value: &'r TomlValue<'v>,
        keys: &[&str],
    ) -> Option<Self> {
        let table = value.table_with(keys)?;
        Some(Self {
            policy,
            value,
            table,
        })
    }

    /// Reads the value of a key that must be there.
    pub(super) fn read_required<F: ValueForm<T>, T>(&self, key: &str) -> Option<T> {
        F::read(self.policy, required_value(self.value, &self.table, key)?)
    }

    /// Reads the value of a key, or takes the default.
    pub(super) fn read_or<F: ValueForm<T>, T>(
        &self,
        key: &str,
        default: impl FnOnce(&Self) -> Option<T>,
    ) -> Option<T> {
        match self.table.get(key) {
            Some(value) => F::read(self.policy, value),
            None => default(self),
        }
    }

    /// The column of degrees that has the name of its key.
    pub(super) fn default_degrees(&self, key: &str) -> Option<SqlIdentifier> {
        self.policy.degrees_column(self.value, key)
    }
}

/// Declares a struct that stands as a table: the key and the form of each field, and the value of a key that is left out.
macro_rules! table_form {
    ($type:ident { $($field:ident = $key:literal: $form:ty $(, or $default:expr)?;)+ }) => {
        impl ValueForm<$type> for Plain {
            fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<$type> {
                let table = TableReader::open(reader, value, &[$($key),+])?;
                $(let $field = table_form!(@read table $key $form $(, $default)?);)+
                Some($type { $($field: $field?),+ })
            }

            fn write(value: &$type) -> Option<String> {
                let mut fields = Vec::new();
                $(if !<$form as ValueForm<_>>::is_left_out(&value.$field) {
                    let text = <$form as ValueForm<_>>::write(&value.$field)?;
                    fields.push(format!("{} = {text}", $key));
                })+
                Some(format!("{{ {} }}", fields.join(", ")))
            }
        }
    };
    (@read $table:ident $key:literal $form:ty) => {
        $table.read_required::<$form, _>($key)
    };
    (@read $table:ident $key:literal $form:ty, $default:expr) => {
        $table.read_or::<$form, _>($key, $default)
    };
}

pub(super) use table_form;

/// The text of a bare number, as it is written.
pub(super) fn read_decimal(value: &TomlValue<'_>) -> Option<String> {
    let text = match (value.node.as_integer(), value.node.as_float()) {
        (Some(number), _) if number.radix() == 10 => number.as_str().to_owned(),
        (_, Some(number)) => number.as_str().to_owned(),
        _ => return None,
    };
    is_decimal(&text).then_some(text)
}

/// The text of a number, bare or as a text.
pub(super) fn number(value: &TomlValue<'_>) -> Option<String> {
    let text = value.node.as_str().map(str::to_owned);
    text.filter(|text| is_decimal(text))
        .or_else(|| read_decimal(value))
}

/// Numbers as a list; TOML has none with leading zeros.
pub(super) fn write_numbers(numbers: &[String]) -> Option<String> {
    let are_written = numbers.iter().all(|number| is_toml_number(number));
    are_written.then(|| format!("[{}]", numbers.join(", ")))
}

/// `true` for a decimal number that TOML can write.
pub(super) fn is_toml_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.split('.').next().unwrap_or_default();
    whole == "0" || !whole.starts_with('0')
}

/// Values as a list of texts.
pub(super) fn format_texts<T: ToString>(list: &[T]) -> String {
    let quoted = list.iter().map(|one| quote_text(&one.to_string()));
    format!("[{}]", quoted.collect::<Vec<_>>().join(", "))
}

/// A text as TOML.
pub(super) fn quote_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
