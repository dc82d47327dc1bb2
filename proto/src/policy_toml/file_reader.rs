//! A policy file beside the dataset that it is about.

use hansa_catalog::dataset::{Dataset, DatasetColumn};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::nearest_word::nearest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_toml_reader::{ProblemStyle, TomlReader, TomlTable, TomlValue};
use std::fmt::Display;
use std::str::FromStr;
use toml::de::DeValue;

/// A wrong value is one of a term.
pub(super) const STYLE: ProblemStyle = ProblemStyle {
    ill_typed: ErrorCode::TermIllTyped,
    unknown_word: ErrorCode::TermUnknown,
    whole_keys: true,
};

/// The file that is being read, and the dataset that it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct PolicyFileReader<'a> {
    pub(super) file: &'a TomlReader<'a>,
    pub(super) dataset: &'a Dataset,
}

impl PolicyFileReader<'_> {
    /// A column of the dataset, named by `text` at a place of the file.
    pub(super) fn column(&self, at: &TomlValue<'_>, text: &str) -> Option<SqlIdentifier> {
        if let Some(column) = column_of(self.dataset, text) {
            return Some(column.name.clone());
        }
        if self.is_unread() {
            let name = text.parse().map_err(|fault| {
                let sentence = format!("`{text}` names no column: {fault}");
                at.problem(ErrorCode::TermColumnUnknown, sentence);
            });
            return name.ok();
        }
        let columns = self.dataset.columns.iter();
        let names: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        let help = nearest(text, names.iter().copied())
            .map(|near| format!("did you mean `{near}`?"))
            .unwrap_or_else(|| format!("its columns are {}", names.join(", ")));
        let sentence = format!("`{}` has no column `{text}`", self.dataset.id.name);
        at.refuse(Refusal::new(ErrorCode::TermColumnUnknown, sentence).with_help(help));
        None
    }

    /// The column that a value names.
    pub(super) fn named_column(&self, value: &TomlValue<'_>) -> Option<SqlIdentifier> {
        self.column(value, &value.text()?)
    }

    /// The columns in a list, each at most once.
    pub(super) fn columns(&self, value: &TomlValue<'_>) -> Vec<SqlIdentifier> {
        distinct(value, |item| self.named_column(item))
    }

    /// Whether the dataset was never published, so that nobody knows its columns yet.
    pub(super) const fn is_unread(&self) -> bool {
        self.dataset.columns.is_empty()
    }
}

/// The column of that name.
pub(super) fn column_of<'d>(dataset: &'d Dataset, name: &str) -> Option<&'d DatasetColumn> {
    dataset
        .columns
        .iter()
        .find(|column| column.name.as_str() == name)
}

/// The items of a list that is not empty.
pub(super) fn non_empty_items<'v>(value: &TomlValue<'v>) -> Option<Vec<TomlValue<'v>>> {
    let items = value.items()?;
    if items.is_empty() {
        let sentence = format!("the list `{}` is empty", value.path());
        value.problem(ErrorCode::TermIllTyped, sentence);
        return None;
    }
    Some(items)
}

/// The value alone where it is an item by itself, otherwise the items of a list that is not empty.
pub(super) fn several<'v>(
    value: &TomlValue<'v>,
    is_item: impl Fn(&DeValue<'v>) -> bool,
) -> Vec<TomlValue<'v>> {
    match is_item(value.node) {
        true => vec![value.clone()],
        false => non_empty_items(value).unwrap_or_default(),
    }
}

/// A text, or the items of a list of texts.
pub(super) fn texts<'v>(value: &TomlValue<'v>) -> Vec<TomlValue<'v>> {
    several(value, DeValue::is_str)
}

/// The value of a key that a table must have; the problem is one of the table.
pub(super) fn required_value<'t, 'v>(
    value: &TomlValue<'_>,
    table: &'t TomlTable<'v>,
    key: &str,
) -> Option<&'t TomlValue<'v>> {
    let found = table.get(key);
    if found.is_none() {
        absent(value, key);
    }
    found
}

/// Says that a table lacks a key.
pub(super) fn absent(value: &TomlValue<'_>, key: &str) {
    let sentence = format!("`{}.{key}` is missing", value.path());
    value.problem(ErrorCode::ConfigInvalid, sentence);
}

/// The items of a list of texts, each at most once.
pub(super) fn each<T: FromStr<Err: Display> + PartialEq>(value: &TomlValue<'_>) -> Vec<T> {
    distinct(value, TomlValue::parse_text)
}

/// The words of a list, each at most once.
pub(super) fn words<T: Copy + PartialEq>(
    value: &TomlValue<'_>,
    known: &[(&'static str, T)],
) -> Vec<T> {
    distinct(value, |item| item.word(known))
}

fn distinct<'v, T: PartialEq>(
    value: &TomlValue<'v>,
    read: impl Fn(&TomlValue<'v>) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for item in texts(value) {
        match read(&item) {
            Some(one) if found.contains(&one) => {
                let text = item.node.as_str().unwrap_or_default();
                let sentence = format!("`{text}` is listed twice");
                item.problem(ErrorCode::TermIllTyped, sentence);
            }
            one => found.extend(one),
        }
    }
    found
}
