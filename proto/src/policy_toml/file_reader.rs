//! A policy file beside the dataset that it is about.

use hansa_catalog::dataset::{ColumnType, Dataset, DatasetColumn};
use hansa_policy::id::{ClauseId, SqlIdentifier};
use hansa_policy::nearest_word::find_nearest_word;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_toml_reader::{ProblemStyle, TomlTable, TomlValue};
use std::collections::BTreeMap;
use toml::de::DeValue;

/// A wrong value is one of a term.
pub(super) const STYLE: ProblemStyle = ProblemStyle {
    ill_typed: ErrorCode::TermIllTyped,
    unknown_word: ErrorCode::TermUnknown,
    whole_keys: true,
};

/// The dataset that the file is about, for what its values mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct PolicyFileReader<'a> {
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
                at.add_problem(ErrorCode::TermColumnUnknown, sentence);
            });
            return name.ok();
        }
        let columns = self.dataset.columns.iter();
        let names: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        let help = find_nearest_word(text, names.iter().copied())
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

    /// The type of a column, where the dataset has it.
    pub(super) fn kind_of(&self, column: &SqlIdentifier) -> Option<ColumnType> {
        column_of(self.dataset, column.as_str()).map(|column| column.kind)
    }

    /// A column of the dataset that holds degrees, named by `text` at a place of the file.
    pub(super) fn degrees_column(&self, at: &TomlValue<'_>, text: &str) -> Option<SqlIdentifier> {
        let name = self.column(at, text)?;
        if !self.is_unread() && self.kind_of(&name) != Some(ColumnType::Float) {
            let sentence = format!("`{name}` holds no degrees: its type is not float");
            at.add_problem(ErrorCode::TermIllTyped, sentence);
        }
        Some(name)
    }

    /// Whether the dataset was never published, so that nobody knows its columns yet.
    pub(super) const fn is_unread(&self) -> bool {
        self.dataset.columns.is_empty()
    }
}

/// The terms that were read, each with its line.
#[derive(Debug, Default)]
pub(super) struct LocatedTerms(Vec<(u64, Term)>);

impl LocatedTerms {
    /// Adds a term that stands at a value.
    pub(super) fn add(&mut self, at: &TomlValue<'_>, term: Term) {
        self.0.push((at.line(), term));
    }

    /// Adds a term, where its value was read.
    pub(super) fn add_if_read(&mut self, at: &TomlValue<'_>, term: Option<Term>) {
        self.0.extend(term.map(|term| (at.line(), term)));
    }

    /// The first term that is chosen.
    pub(super) fn find<'t, T>(&'t self, choose: impl Fn(&'t Term) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|(_, term)| choose(term))
    }

    /// The clauses in the order of the terms, and the line of each; the first has the number 2.
    pub(super) fn into_numbered_clauses(self) -> (Vec<Clause>, BTreeMap<ClauseId, u64>) {
        let placed = self.0.into_iter().zip(2..);
        placed
            .map(|((line, term), number)| {
                let id = ClauseId(number);
                (Clause { id, term }, (id, line))
            })
            .unzip()
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
        value.add_problem(ErrorCode::TermIllTyped, sentence);
        return None;
    }
    Some(items)
}

/// The value alone where it is an item by itself, otherwise the items of a list that is not empty.
pub(super) fn list_items<'v>(
    value: &TomlValue<'v>,
    is_item: impl Fn(&DeValue<'v>) -> bool,
) -> Vec<TomlValue<'v>> {
    match is_item(value.node) {
        true => vec![value.clone()],
        false => non_empty_items(value).unwrap_or_default(),
    }
}

/// A text, or the items of a list of texts.
pub(super) fn list_texts<'v>(value: &TomlValue<'v>) -> Vec<TomlValue<'v>> {
    list_items(value, DeValue::is_str)
}

/// The value of a key that a table must have; the problem is one of the table.
pub(super) fn required_value<'t, 'v>(
    value: &TomlValue<'_>,
    table: &'t TomlTable<'v>,
    key: &str,
) -> Option<&'t TomlValue<'v>> {
    let found = table.get(key);
    if found.is_none() {
        report_missing_key(value, key);
    }
    found
}

/// Says that a table lacks a key.
pub(super) fn report_missing_key(value: &TomlValue<'_>, key: &str) {
    let sentence = format!("`{}.{key}` is missing", value.path());
    value.add_problem(ErrorCode::ConfigInvalid, sentence);
}

/// The items of a list that are read, each at most once.
pub(super) fn read_distinct_items<'v, T: PartialEq>(
    value: &TomlValue<'v>,
    read: impl Fn(&TomlValue<'v>) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for item in list_texts(value) {
        match read(&item) {
            Some(one) if found.contains(&one) => {
                let text = item.node.as_str().unwrap_or_default();
                let sentence = format!("`{text}` is listed twice");
                item.add_problem(ErrorCode::TermIllTyped, sentence);
            }
            one => found.extend(one),
        }
    }
    found
}
