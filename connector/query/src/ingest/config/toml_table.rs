//! A TOML table read key by key: what is left over is unknown, and the nearest known key is named.

use crate::ingest::config::ConfigLocation;
use crate::ingest::config::line_index::LineIndex;
use hansa_policy::nearest_word::nearest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a configuration file, for line numbers.
#[derive(Debug, Clone, Copy)]
pub struct ConfigText<'a> {
    /// The file as the user named it.
    pub file: &'a str,
    /// Its lines.
    pub lines: &'a LineIndex,
}

impl ConfigText<'_> {
    /// The place of a byte.
    #[must_use]
    pub fn spot(&self, byte: usize) -> ConfigLocation {
        ConfigLocation {
            file: self.file.to_owned(),
            line: self.lines.line(byte),
        }
    }
}

/// A table while it is read; problems are collected, so that all of them are told at once.
#[derive(Debug)]
pub struct TomlTableReader<'a, 'p> {
    text: ConfigText<'a>,
    name: String,
    start: usize,
    inner: &'a DeTable<'a>,
    asked: BTreeSet<&'a str>,
    problems: &'p mut Vec<Refusal>,
}

impl<'a, 'p> TomlTableReader<'a, 'p> {
    /// Starts reading a table, called `name` in messages.
    pub fn new(
        text: ConfigText<'a>,
        name: impl Into<String>,
        start: usize,
        inner: &'a DeTable<'a>,
        problems: &'p mut Vec<Refusal>,
    ) -> Self {
        Self {
            text,
            name: name.into(),
            start,
            inner,
            asked: BTreeSet::new(),
            problems,
        }
    }

    /// Where the table begins.
    #[must_use]
    pub fn spot(&self) -> ConfigLocation {
        self.text.spot(self.start)
    }

    /// The text that it stands in.
    #[must_use]
    pub const fn text(&self) -> ConfigText<'a> {
        self.text
    }

    /// The list of problems.
    pub const fn problems(&mut self) -> &mut Vec<Refusal> {
        self.problems
    }

    /// The keys that the table has.
    #[must_use]
    pub fn keys(&self) -> Vec<&'a str> {
        self.inner
            .iter()
            .map(|(key, _)| key.get_ref().as_ref())
            .collect()
    }

    /// The value of a key, and that the key is known.
    pub fn get(&mut self, key: &'a str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.insert(key);
        self.inner
            .iter()
            .find(|(known, _)| known.get_ref() == key)
            .map(|(_, value)| value)
    }

    /// The place of a key's value, or of the table.
    pub fn spot_of(&mut self, key: &'a str) -> ConfigLocation {
        let byte = self.get(key).map_or(self.start, |value| value.span().start);
        self.text.spot(byte)
    }

    /// Notes what is wrong with a key.
    pub fn wrong(&mut self, key: &'a str, sentence: impl Into<String>) {
        let spot = self.spot_of(key);
        self.problems
            .push(spot.refuse(ErrorCode::ConfigInvalid, key, sentence));
    }

    /// A text.
    pub fn string(&mut self, key: &'a str) -> Option<String> {
        let value = self.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong(key, format!("`{key}` is a text in quotes"));
                None
            }
        }
    }

    /// A text that must be there.
    pub fn demanded(&mut self, key: &'a str) -> String {
        if self.get(key).is_none() {
            let sentence = format!("`{}` lacks `{key}`", self.name);
            self.wrong(key, sentence);
        }
        let text = self.string(key);
        if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            self.wrong(key, format!("`{key}` is empty"));
        }
        text.unwrap_or_default()
    }

    /// True or false; false unless stated.
    pub fn flag(&mut self, key: &'a str) -> bool {
        let Some(value) = self.get(key) else {
            return false;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong(key, format!("`{key}` is true or false"));
            false
        })
    }

    /// A number.
    pub fn number(&mut self, key: &'a str) -> Option<f64> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(whole) => whole.as_str().replace('_', "").parse().ok(),
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(key, format!("`{key}` is a number"));
        }
        number
    }

    /// A whole number from 0.
    pub fn count(&mut self, key: &'a str) -> Option<u32> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(whole) => whole.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(key, format!("`{key}` is a whole number from 0"));
        }
        number
    }

    /// One text or a list of texts.
    pub fn strings(&mut self, key: &'a str) -> Option<Vec<String>> {
        let value = self.get(key)?;
        let list = match value.get_ref() {
            DeValue::String(text) => Some(vec![text.to_string()]),
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect(),
            _ => None,
        };
        if list.is_none() {
            self.wrong(key, format!("`{key}` is a text or a list of texts"));
        }
        list
    }

    /// Something that is read from a text.
    pub fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        key: &'a str,
    ) -> Option<T> {
        let text = self.string(key)?;
        self.parse(key, &text)
    }

    /// A list of things that are read from texts.
    pub fn parsed_list<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        key: &'a str,
    ) -> Vec<T> {
        let texts = self.strings(key).unwrap_or_default();
        texts
            .iter()
            .filter_map(|text| self.parse(key, text))
            .collect()
    }

    /// One of the listed words.
    pub fn word<T: Copy>(&mut self, key: &'a str, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.string(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(
                key,
                format!("`{key}` is one of {}, not `{text}`", names.join(", ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A table within.
    pub fn table(&mut self, key: &'a str) -> Option<TomlTableReader<'a, '_>> {
        let value = self.get(key)?;
        let Some(inner) = value.get_ref().as_table() else {
            self.wrong(key, format!("`{key}` is a table"));
            return None;
        };
        Some(TomlTableReader::new(
            self.text,
            self.below(key),
            value.span().start,
            inner,
            self.problems,
        ))
    }

    /// Tables within, one after the other.
    pub fn tables<T>(
        &mut self,
        key: &'a str,
        mut each: impl FnMut(TomlTableReader<'a, '_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            let sentence = format!("`{key}` is written [[{}]]", self.below(key));
            self.wrong(key, sentence);
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items.iter() {
            let Some(inner) = item.get_ref().as_table() else {
                let sentence = format!("`{key}` is written [[{}]]", self.below(key));
                self.wrong(key, sentence);
                continue;
            };
            let name = self.below(key);
            found.extend(each(TomlTableReader::new(
                self.text,
                name,
                item.span().start,
                inner,
                self.problems,
            )));
        }
        found
    }

    /// Ends the reading: a key that nobody asked for does not exist.
    pub fn finish(self) {
        for (key, _) in self.inner.iter() {
            let word = key.get_ref().as_ref();
            if self.asked.contains(word) {
                continue;
            }
            let mut refusal = self.text.spot(key.span().start).refuse(
                ErrorCode::ConfigUnknownKey,
                word,
                format!("`{}` has no key `{word}`", self.name),
            );
            refusal = match nearest(word, self.asked.iter().copied()) {
                Some(near) => refusal.with_help(format!("did you mean `{near}`?")),
                None => {
                    let known: Vec<&str> = self.asked.iter().copied().collect();
                    refusal.with_help(format!("its keys are {}", known.join(", ")))
                }
            };
            self.problems.push(refusal);
        }
    }

    /// The name of a table within; the file itself has none.
    fn below(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        key: &'a str,
        text: &str,
    ) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(key, format!("`{text}` does not fit: {why}"));
                None
            }
        }
    }
}
