//! A TOML file whose values know where they stand, and the problems found in it.

use hansa_catalog::dataset::{Dataset, DatasetColumn};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::nearest_word::nearest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file that is being read, the dataset that it is about, and what was found wrong.
pub(super) struct PolicyFileReader<'a> {
    file: &'a str,
    text: &'a str,
    pub(super) dataset: &'a Dataset,
    problems: Vec<(usize, Refusal)>,
}

/// Where something stands.
#[derive(Debug, Clone)]
pub(super) struct KeyLocation {
    /// The byte.
    pub(super) offset: usize,
    /// The key, with those around it.
    pub(super) key: String,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct LocatedValue<'v> {
    pub(super) at: KeyLocation,
    pub(super) node: &'v DeValue<'v>,
}

/// The entries of a table whose keys are all known.
#[derive(Debug)]
pub(super) struct CheckedTable<'v> {
    entries: Vec<(String, LocatedValue<'v>)>,
}

impl<'v> CheckedTable<'v> {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&LocatedValue<'v>> {
        self.entries
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
    }

    /// All entries, in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &LocatedValue<'v>)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_str(), value))
    }
}

impl<'a> PolicyFileReader<'a> {
    pub(super) const fn new(file: &'a str, text: &'a str, dataset: &'a Dataset) -> Self {
        Self {
            file,
            text,
            dataset,
            problems: Vec::new(),
        }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, offset: usize) -> u64 {
        let before = self.text.as_bytes().iter().take(offset);
        let breaks = before.filter(|byte| **byte == b'\n').count();
        u64::try_from(breaks).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Notes a problem.
    pub(super) fn problem(
        &mut self,
        at: &KeyLocation,
        code: ErrorCode,
        sentence: impl Into<String>,
    ) {
        self.problem_with_help(at, code, sentence, None);
    }

    /// Notes a problem and what would help.
    pub(super) fn problem_with_help(
        &mut self,
        at: &KeyLocation,
        code: ErrorCode,
        sentence: impl Into<String>,
        help: Option<String>,
    ) {
        let mut refusal = Refusal::new(code, sentence);
        if let Some(help) = help {
            refusal = refusal.with_help(help);
        }
        self.refusal(at, refusal);
    }

    /// Notes a problem that somebody else found.
    pub(super) fn refusal(&mut self, at: &KeyLocation, refusal: Refusal) {
        let key = (!at.key.is_empty()).then(|| at.key.clone());
        let line = self.line(at.offset);
        let placed = refusal.with_place(self.file, Some(line), key);
        self.problems.push((at.offset, placed));
    }

    /// The problems, in the order of the file.
    pub(super) fn into_problems(mut self) -> Vec<Refusal> {
        self.problems.sort_by_key(|(offset, _)| *offset);
        self.problems
            .into_iter()
            .map(|(_, refusal)| refusal)
            .collect()
    }

    /// Whether nothing was found wrong.
    pub(super) const fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// The entries of a table; a key that is not `known` is a problem. Without `known` any key is right.
    pub(super) fn entries<'v>(
        &mut self,
        around: &str,
        table: &'v DeTable<'v>,
        known: Option<&[&'static str]>,
    ) -> CheckedTable<'v> {
        let mut entries = Vec::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let at = KeyLocation {
                offset: key.span().start,
                key: if around.is_empty() {
                    name.to_owned()
                } else {
                    format!("{around}.{name}")
                },
            };
            if let Some(known) = known
                && !known.contains(&name)
            {
                let help = nearest(name, known.iter().copied())
                    .map(|near| format!("did you mean `{near}`"))
                    .unwrap_or_else(|| format!("the keys are {}", known.join(", ")));
                let sentence = format!("there is no key `{name}` here");
                self.problem_with_help(&at, ErrorCode::ConfigUnknownKey, sentence, Some(help));
                continue;
            }
            let node: &'v DeValue<'v> = value.get_ref();
            entries.push((name.to_owned(), LocatedValue { at, node }));
        }
        entries.sort_by_key(|(_, value)| value.at.offset);
        CheckedTable { entries }
    }

    /// A table below this one.
    pub(super) fn table<'v>(
        &mut self,
        value: &LocatedValue<'v>,
        known: Option<&[&'static str]>,
    ) -> Option<CheckedTable<'v>> {
        match value.node.as_table() {
            Some(table) => Some(self.entries(&value.at.key, table, known)),
            None => {
                self.ill_typed(value, "a table { … }");
                None
            }
        }
    }

    /// Says that a value is of another type than the one wanted.
    pub(super) fn ill_typed(&mut self, value: &LocatedValue<'_>, wanted: &str) {
        let sentence = format!(
            "`{}` is {} instead of {wanted}",
            value.at.key,
            kind(value.node)
        );
        self.problem(&value.at, ErrorCode::TermIllTyped, sentence);
    }

    /// A text.
    pub(super) fn text(&mut self, value: &LocatedValue<'_>) -> Option<String> {
        match value.node.as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.ill_typed(value, "a text");
                None
            }
        }
    }

    /// A number from 1.
    pub(super) fn count(&mut self, value: &LocatedValue<'_>) -> Option<u64> {
        let number = value
            .node
            .as_integer()
            .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| *number > 0);
        if number.is_none() {
            self.ill_typed(value, "a number from 1");
        }
        number
    }

    /// A number from 1 that fits into 32 bits.
    pub(super) fn small(&mut self, value: &LocatedValue<'_>) -> Option<u32> {
        let number = self.count(value)?;
        let small = u32::try_from(number).ok();
        if small.is_none() {
            self.ill_typed(value, "a number that fits here");
        }
        small
    }

    /// A text, or a list of texts.
    pub(super) fn texts<'v>(&mut self, value: &LocatedValue<'v>) -> Vec<(KeyLocation, String)> {
        if let Some(text) = value.node.as_str() {
            return vec![(value.at.clone(), text.to_owned())];
        }
        let Some(items) = self.items(value) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            if let Some(text) = self.text(&item) {
                found.push((item.at, text));
            }
        }
        found
    }

    /// The items of a list that is not empty.
    pub(super) fn items<'v>(&mut self, value: &LocatedValue<'v>) -> Option<Vec<LocatedValue<'v>>> {
        let Some(items) = value.node.as_array() else {
            self.ill_typed(value, "a list");
            return None;
        };
        if items.is_empty() {
            self.problem(
                &value.at,
                ErrorCode::TermIllTyped,
                format!("the list `{}` is empty", value.at.key),
            );
            return None;
        }
        let placed = items
            .iter()
            .map(|item: &'v Spanned<DeValue<'v>>| LocatedValue {
                at: KeyLocation {
                    offset: item.span().start,
                    key: value.at.key.clone(),
                },
                node: item.get_ref(),
            });
        Some(placed.collect())
    }

    /// The name of a column of the dataset.
    pub(super) fn column(&mut self, at: &KeyLocation, text: &str) -> Option<SqlIdentifier> {
        let dataset = self.dataset;
        if let Some(column) = column_of(dataset, text) {
            return Some(column.name.clone());
        }
        if self.is_unread() {
            return match text.parse() {
                Ok(name) => Some(name),
                Err(fault) => {
                    let sentence = format!("`{text}` names no column: {fault}");
                    self.problem(at, ErrorCode::TermColumnUnknown, sentence);
                    None
                }
            };
        }
        let names: Vec<&str> = dataset
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let help = nearest(text, names.iter().copied())
            .map(|near| format!("did you mean `{near}`"))
            .unwrap_or_else(|| format!("its columns are {}", names.join(", ")));
        self.problem_with_help(
            at,
            ErrorCode::TermColumnUnknown,
            format!("`{}` has no column `{text}`", dataset.id.name),
            Some(help),
        );
        None
    }

    /// Whether the dataset was never published, so that nobody knows its columns yet.
    pub(super) fn is_unread(&self) -> bool {
        self.dataset.columns.is_empty()
    }

    /// The columns in a list, each at most once.
    pub(super) fn columns(&mut self, value: &LocatedValue<'_>) -> Vec<SqlIdentifier> {
        let mut found: Vec<SqlIdentifier> = Vec::new();
        for (at, text) in self.texts(value) {
            let Some(column) = self.column(&at, &text) else {
                continue;
            };
            if found.contains(&column) {
                self.problem(
                    &at,
                    ErrorCode::TermIllTyped,
                    format!("the column `{column}` is listed twice"),
                );
            } else {
                found.push(column);
            }
        }
        found
    }

    /// One of the known words.
    pub(super) fn word<T: Copy>(
        &mut self,
        at: &KeyLocation,
        text: &str,
        what: &str,
        known: &[(&'static str, T)],
    ) -> Option<T> {
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let help = nearest(text, words.iter().copied())
            .map(|near| format!("did you mean `{near}`"))
            .unwrap_or_else(|| format!("known are {}", words.join(", ")));
        self.problem_with_help(
            at,
            ErrorCode::TermUnknown,
            format!("the {what} `{text}` is not known"),
            Some(help),
        );
        None
    }
}

/// The column of that name.
pub(super) fn column_of<'d>(dataset: &'d Dataset, name: &str) -> Option<&'d DatasetColumn> {
    dataset
        .columns
        .iter()
        .find(|column| column.name.as_str() == name)
}

fn kind(node: &DeValue<'_>) -> &'static str {
    match node {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
