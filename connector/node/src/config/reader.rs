//! Reader of the tables of `hansa.toml`, with overrides of texts and numbers from the environment.

use crate::config::value_origin::LookupTrace;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_toml_reader::{ProblemStyle, TomlReader, TomlTable, TomlValue};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use toml::de::{DeTable, DeValue};

/// Configuration file with its overrides from the environment.
#[derive(Debug)]
pub(crate) struct ConfigSource<'a> {
    /// Reader of the file.
    pub(crate) file: TomlReader<'a>,
    /// `HANSA__SECTION__KEY` values of the environment, each a text. They override the file.
    overrides: BTreeMap<&'a str, DeValue<'a>>,
    /// Trace of the keys that were looked up.
    pub(crate) seen: LookupTrace,
}

impl<'a> ConfigSource<'a> {
    /// Makes the source from the text of a file, its name for messages, and the values of the environment.
    pub(crate) fn new(
        file: &'a str,
        text: &'a str,
        overrides: &'a BTreeMap<String, String>,
    ) -> Self {
        let overrides = overrides.iter().map(|(variable, value)| {
            let value = DeValue::String(value.as_str().into());
            (variable.as_str(), value)
        });
        Self {
            file: TomlReader::new(file, text, ProblemStyle::CONFIG),
            overrides: overrides.collect(),
            seen: LookupTrace::default(),
        }
    }
}

/// Table whose keys are taken one by one. The keys that remain at the end are unknown.
#[derive(Debug)]
pub(crate) struct ConfigSection<'a> {
    source: &'a ConfigSource<'a>,
    table: TomlTable<'a>,
}

impl<'a> ConfigSection<'a> {
    /// Returns the root table of a file.
    pub(crate) fn root(source: &'a ConfigSource<'a>, parsed: &'a DeTable<'a>) -> Self {
        let table = source.file.root(parsed);
        Self { source, table }
    }

    fn with_table(&self, table: TomlTable<'a>) -> Self {
        let source = self.source;
        Self { source, table }
    }

    fn override_value(&self, key: &'static str) -> Option<TomlValue<'a>> {
        let path = self.table.path_of(key);
        let variable = format!("HANSA__{}", path.replace('.', "__").to_uppercase());
        let value = self.source.overrides.get(variable.as_str());
        let written = value.and_then(|value| value.as_str());
        self.source.seen.note_variable(&path, variable, written);
        self.table.skip(key);
        Some(self.table.value(key, value?))
    }

    fn entry(&self, key: &'static str) -> Option<&TomlValue<'a>> {
        let value = self.table.get(key)?;
        // A table contains keys; it is none itself.
        let is_key = match value.node {
            DeValue::Table(_) => false,
            DeValue::Array(items) => !items.iter().any(|item| item.get_ref().is_table()),
            _ => true,
        };
        if is_key {
            let place = format!("{}:{}", self.table.file(), value.line());
            let seen = &self.source.seen;
            seen.in_file(value.path(), place, value.source_text());
        }
        Some(value)
    }

    /// Value of a key, from the environment or the file. A value of the environment has the position of the table.
    pub(crate) fn value(&self, key: &'static str) -> Option<TomlValue<'a>> {
        self.override_value(key)
            .or_else(|| self.entry(key).cloned())
    }

    /// Reads a text.
    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        self.value(key)?.text()
    }

    /// Reads a required text.
    pub(crate) fn required_text(&self, key: &'static str) -> Option<String> {
        let value = self.value(key);
        value
            .or_else(|| self.table.required_value(key).cloned())?
            .text()
    }

    /// Reads a text and parses it into a domain type.
    pub(crate) fn parse_value<T: FromStr<Err: Display>>(&self, key: &'static str) -> Option<T> {
        self.value(key)?.parse_text()
    }

    /// Reads a text with `read`. `what` describes the expected form.
    pub(crate) fn parse_with<T>(
        &self,
        key: &'static str,
        read: fn(&str) -> Option<T>,
        what: &str,
    ) -> Option<T> {
        let value = self.value(key)?;
        let text = value.text()?;
        let measured = read(&text);
        if measured.is_none() {
            value.add_problem(ErrorCode::ConfigInvalid, format!("`{text}` is not {what}"));
        }
        measured
    }

    /// Notes a computed default value and its origin.
    pub(crate) fn note_default(&self, key: &'static str, value: String, from: &str) {
        let path = self.table.path_of(key);
        self.source.seen.note_default(&path, value, from);
    }

    /// Reads a word of a list and returns its value.
    pub(crate) fn word<T: Copy>(
        &self,
        key: &'static str,
        known: &[(&'static str, T)],
    ) -> Option<T> {
        self.value(key)?.word(known)
    }

    /// Reads a whole number.
    pub(crate) fn number(&self, key: &'static str) -> Option<u64> {
        let Some(value) = self.override_value(key) else {
            return self.entry(key)?.integer(0);
        };
        let number = value.text()?.parse().ok();
        if number.is_none() {
            value.ill_typed("a whole number from 0");
        }
        number
    }

    /// Reads a boolean.
    pub(crate) fn flag(&self, key: &'static str) -> Option<bool> {
        self.value(key)?.flag()
    }

    /// Reads a text or a list of texts.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.entry(key)?.texts()
    }

    /// Returns a subtable, which is empty if absent.
    pub(crate) fn section(&self, key: &'static str) -> Self {
        self.entry(key);
        self.with_table(self.table.section(key))
    }

    /// Returns the tables of an array of tables `[[key]]`.
    pub(crate) fn sections(&self, key: &'static str) -> Vec<Self> {
        self.entry(key);
        let tables = self.table.tables(key).into_iter();
        tables.map(|table| self.with_table(table)).collect()
    }

    /// Returns the subtables with their names: `[purpose.NAME]`.
    pub(crate) fn named_sections(&self) -> Vec<(&'a str, Self)> {
        let values = self.table.values().iter();
        values
            .filter_map(|value| Some((value.key, self.with_table(value.table()?))))
            .collect()
    }

    /// Line of this table.
    pub(crate) fn line(&self) -> u64 {
        self.table.line()
    }

    /// Returns true if the table exists.
    pub(crate) const fn is_present(&self) -> bool {
        self.table.is_present()
    }

    /// Reports a problem with a key, at the line of this table.
    pub(crate) fn report_problem(&self, key: &str, sentence: impl Into<String>) {
        self.report_refusal(key, Refusal::new(ErrorCode::ConfigInvalid, sentence));
    }

    /// Reports a refusal about a key, at the line of this table.
    pub(crate) fn report_refusal(&self, key: &str, refusal: Refusal) {
        self.table.refuse(key, refusal);
    }

    /// Takes a key that another reader reads.
    pub(crate) fn skip_key(&self, key: &'static str) {
        self.table.skip(key);
    }

    /// Refuses each key that was not taken.
    pub(crate) fn finish(self) {
        self.table.finish();
    }
}
