//! Table of the file, whose keys are taken one by one.

use crate::reader::TomlReader;
use crate::value::{TomlValue, suggest_word};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use toml::de::{DeTable, DeValue};

/// Table, or the place of an absent one. Each requested key counts as known; [`TomlTable::finish`] refuses the others.
#[derive(Debug)]
pub struct TomlTable<'a> {
    reader: &'a TomlReader<'a>,
    path: String,
    start: usize,
    is_present: bool,
    values: Vec<TomlValue<'a>>,
    known: RefCell<BTreeSet<String>>,
}

impl<'a> TomlTable<'a> {
    pub(crate) fn new(
        reader: &'a TomlReader<'a>,
        path: String,
        start: usize,
        table: Option<&'a DeTable<'a>>,
    ) -> Self {
        let mut whole = Self {
            reader,
            path,
            start,
            is_present: table.is_some(),
            values: Vec::new(),
            known: RefCell::default(),
        };
        for (key, value) in table.into_iter().flatten() {
            let mut entry = whole.value(key.get_ref(), value.get_ref());
            entry.span = value.span();
            whole.values.push(entry);
        }
        whole.values.sort_by_key(|value| value.span.start);
        whole
    }

    /// Value of `key` from another node, with the place of this table.
    #[must_use]
    pub fn value(&self, key: &'a str, node: &'a DeValue<'a>) -> TomlValue<'a> {
        TomlValue {
            reader: self.reader,
            path: self.path_of(key),
            span: self.start..self.start,
            key,
            node,
        }
    }

    /// Key with the tables around it.
    #[must_use]
    pub fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// Name of the file for messages.
    #[must_use]
    pub const fn file(&self) -> &'a str {
        self.reader.file()
    }

    /// Line number of the table's start.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.reader.line(self.start)
    }

    /// True if the table is in the file.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.is_present
    }

    /// All values in the order of the file, with known and unknown keys.
    #[must_use]
    pub fn values(&self) -> &[TomlValue<'a>] {
        &self.values
    }

    /// Value of a key. The key counts as known from now on.
    pub fn get(&self, key: &str) -> Option<&TomlValue<'a>> {
        self.skip(key);
        self.values.iter().find(|value| value.key == key)
    }

    /// Marks a key as known, for another reader.
    pub fn skip(&self, key: &str) {
        self.known.borrow_mut().insert(key.to_owned());
    }

    /// Value of a required key; a missing one is a problem.
    pub fn required_value(&self, key: &str) -> Option<&TomlValue<'a>> {
        let value = self.get(key);
        if value.is_none() {
            let sentence = format!("`{}` is missing", self.path_of(key));
            self.refuse(key, Refusal::new(ErrorCode::ConfigInvalid, sentence));
        }
        value
    }

    /// Text of a key.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.text()
    }

    /// Boolean of a key.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)?.flag()
    }

    /// Integer of a key, at least `least`.
    pub fn integer<T: TryFrom<u64>>(&self, key: &str, least: u64) -> Option<T> {
        self.get(key)?.integer(least)
    }

    /// Value parsed from the text of a key.
    pub fn parse_text<T: FromStr<Err: Display>>(&self, key: &str) -> Option<T> {
        self.get(key)?.parse_text()
    }

    /// Value that the known word of a key stands for.
    pub fn word<T: Copy>(&self, key: &str, known: &[(&'static str, T)]) -> Option<T> {
        self.get(key)?.word(known)
    }

    /// Text or list of texts of a key.
    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        self.get(key)?.texts()
    }

    /// Nested table.
    pub fn table(&self, key: &str) -> Option<Self> {
        self.get(key)?.table()
    }

    /// Nested table; if it is absent, an empty table at the place of this one.
    pub fn section(&self, key: &str) -> Self {
        let value = self.get(key);
        let start = value.map_or(self.start, |value| value.span.start);
        let absent = || Self::new(self.reader, self.path_of(key), start, None);
        value.and_then(TomlValue::table).unwrap_or_else(absent)
    }

    /// Nested tables, written `[[key]]`.
    pub fn tables(&self, key: &str) -> Vec<Self> {
        self.get(key).map(TomlValue::tables).unwrap_or_default()
    }

    /// Notes a problem with a key, at its value where it has one.
    pub fn add_problem(&self, key: &str, sentence: impl Into<String>) {
        match self.get(key) {
            Some(value) => value.add_problem(ErrorCode::ConfigInvalid, sentence),
            None => self.refuse(key, Refusal::new(ErrorCode::ConfigInvalid, sentence)),
        }
    }

    /// Notes a problem with a key, at the start of the table.
    pub fn refuse(&self, key: &str, refusal: Refusal) {
        let key = match self.reader.style.whole_keys {
            true => self.path_of(key),
            false => key.to_owned(),
        };
        self.reader.refuse(self.start, Some(key), refusal);
    }

    /// Marks these keys as known and refuses all others.
    pub fn allow(&self, keys: &[&str]) {
        for key in keys {
            self.skip(key);
        }
        self.refuse_unknown();
    }

    /// Ends the reading: a key that was not requested is refused.
    pub fn finish(self) {
        self.refuse_unknown();
    }

    fn refuse_unknown(&self) {
        let known = self.known.borrow();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for value in self
            .values
            .iter()
            .filter(|value| !known.contains(&value.key))
        {
            let sentence = format!("there is no key `{}`", value.path());
            let refusal = Refusal::new(ErrorCode::ConfigUnknownKey, sentence);
            value.refuse(refusal.with_help(suggest_word(value.key, "keys", &known)));
        }
    }
}

#[cfg(test)]
mod tests;
