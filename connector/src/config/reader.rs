//! Reads a TOML table into typed values, collecting every problem with its line instead of stopping at the first.

use policy::refusal::{Code, Refusal};
use std::collections::BTreeMap;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One TOML file being read.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// The file as the user named it.
    pub(crate) file: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
    /// `HANSA__SECTION__KEY` values of the environment; they win over the file.
    pub(crate) overrides: &'a BTreeMap<String, String>,
}

impl Source<'_> {
    fn line(&self, offset: usize) -> u64 {
        let before = self.text.as_bytes().iter().take(offset);
        let lines = before.filter(|byte| **byte == b'\n').count();
        u64::try_from(lines).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// The whole file as a table.
    ///
    /// # Errors
    /// `CONFIG_INVALID` with the line at which the text stops being TOML.
    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'_>>, Refusal> {
        DeTable::parse(self.text).map_err(|fault| {
            let line = fault.span().map(|span| self.line(span.start));
            Refusal::new(
                Code::ConfigInvalid,
                format!("the file is not TOML: {}", fault.message()),
            )
            .with_place(self.file, line, None)
        })
    }
}

/// A table whose keys are taken out one by one; what is left at the end is unknown.
#[derive(Debug)]
pub(crate) struct Section<'s, 'a> {
    source: &'s Source<'a>,
    path: String,
    line: u64,
    table: Option<&'s DeTable<'s>>,
    known: Vec<&'static str>,
}

impl<'s, 'a> Section<'s, 'a> {
    /// The root of a file.
    pub(crate) fn root(source: &'s Source<'a>, table: &'s DeTable<'s>) -> Self {
        Self {
            source,
            path: String::new(),
            line: 1,
            table: Some(table),
            known: Vec::new(),
        }
    }

    fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn overridden(&self, key: &str) -> Option<&'a str> {
        let variable = format!(
            "HANSA__{}",
            self.key_path(key).replace('.', "__").to_uppercase()
        );
        self.source.overrides.get(&variable).map(String::as_str)
    }

    fn entry(&mut self, key: &'static str) -> Option<(&'s DeValue<'s>, u64)> {
        self.known.push(key);
        let (_, value) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((value.get_ref(), self.source.line(value.span().start)))
    }

    /// A problem at `key`.
    pub(crate) fn problem(&self, code: Code, sentence: String, line: u64, key: &str) -> Refusal {
        Refusal::new(code, sentence).with_place(
            self.source.file,
            Some(line),
            Some(self.key_path(key)),
        )
    }

    /// The line of this table.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Whether the table is there at all.
    pub(crate) const fn present(&self) -> bool {
        self.table.is_some()
    }

    /// A sub-table; empty where absent.
    pub(crate) fn section(
        &mut self,
        key: &'static str,
        faults: &mut Vec<Refusal>,
    ) -> Section<'s, 'a> {
        let path = self.key_path(key);
        let (table, line) = match self.entry(key) {
            None => (None, self.line),
            Some((DeValue::Table(table), line)) => (Some(table), line),
            Some((other, line)) => {
                faults.push(self.wrong(key, "a table", other, line));
                (None, line)
            }
        };
        Section {
            source: self.source,
            path,
            line,
            table,
            known: Vec::new(),
        }
    }

    /// The tables of an array of tables `[[key]]`.
    pub(crate) fn sections(
        &mut self,
        key: &'static str,
        faults: &mut Vec<Refusal>,
    ) -> Vec<Section<'s, 'a>> {
        let path = self.key_path(key);
        let Some((value, line)) = self.entry(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value else {
            faults.push(self.wrong(key, "an array of tables", value, line));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items.iter() {
            let line = self.source.line(item.span().start);
            match item.get_ref() {
                DeValue::Table(table) => sections.push(Section {
                    source: self.source,
                    path: path.clone(),
                    line,
                    table: Some(table),
                    known: Vec::new(),
                }),
                other => faults.push(self.wrong(key, "a table", other, line)),
            }
        }
        sections
    }

    /// The sub-tables of this table, by their own names: `[purpose.NAME]`.
    pub(crate) fn named(&mut self, faults: &mut Vec<Refusal>) -> Vec<(String, Section<'s, 'a>)> {
        let Some(table) = self.table else {
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, value) in table.iter() {
            let line = self.source.line(value.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => sections.push((
                    name.get_ref().to_string(),
                    Section {
                        source: self.source,
                        path: self.key_path(name.get_ref()),
                        line,
                        table: Some(inner),
                        known: Vec::new(),
                    },
                )),
                other => faults.push(self.wrong(name.get_ref(), "a table", other, line)),
            }
        }
        self.table = None;
        sections
    }

    fn wrong(&self, key: &str, wanted: &str, met: &DeValue<'_>, line: u64) -> Refusal {
        self.problem(
            Code::ConfigInvalid,
            format!(
                "`{}` is {wanted}, not {}",
                self.key_path(key),
                a(met.type_str())
            ),
            line,
            key,
        )
    }

    /// A string, with its line.
    pub(crate) fn text_at(
        &mut self,
        key: &'static str,
        faults: &mut Vec<Refusal>,
    ) -> Option<(String, u64)> {
        if let Some(text) = self.overridden(key) {
            self.known.push(key);
            return Some((text.to_owned(), self.line));
        }
        let (value, line) = self.entry(key)?;
        if let DeValue::String(text) = value {
            return Some((text.to_string(), line));
        }
        faults.push(self.wrong(key, "a text", value, line));
        None
    }

    /// A string.
    pub(crate) fn text(&mut self, key: &'static str, faults: &mut Vec<Refusal>) -> Option<String> {
        self.text_at(key, faults).map(|(text, _)| text)
    }

    /// A string that must be there.
    pub(crate) fn needed(
        &mut self,
        key: &'static str,
        faults: &mut Vec<Refusal>,
    ) -> Option<String> {
        let known_before = faults.len();
        let found = self.text(key, faults);
        if found.is_none() && faults.len() == known_before {
            faults.push(self.problem(
                Code::ConfigInvalid,
                format!("`{}` is missing", self.key_path(key)),
                self.line,
                key,
            ));
        }
        found
    }

    /// A string parsed into a domain type.
    pub(crate) fn parsed<T>(&mut self, key: &'static str, faults: &mut Vec<Refusal>) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let (text, line) = self.text_at(key, faults)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(fault) => {
                let sentence = format!("`{text}` does not fit `{}`: {fault}", self.key_path(key));
                faults.push(self.problem(Code::ConfigInvalid, sentence, line, key));
                None
            }
        }
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &'static str, faults: &mut Vec<Refusal>) -> Option<u64> {
        if let Some(text) = self.overridden(key) {
            self.known.push(key);
            let parsed = text.parse().ok();
            if parsed.is_none() {
                let sentence = format!("`{}` is a whole number, not `{text}`", self.key_path(key));
                faults.push(self.problem(Code::ConfigInvalid, sentence, self.line, key));
            }
            return parsed;
        }
        let (value, line) = self.entry(key)?;
        if let DeValue::Integer(number) = value
            && let Ok(number) = u64::from_str_radix(number.as_str(), number.radix())
        {
            return Some(number);
        }
        faults.push(self.wrong(key, "a whole number", value, line));
        None
    }

    /// A string or a list of strings.
    pub(crate) fn texts(
        &mut self,
        key: &'static str,
        faults: &mut Vec<Refusal>,
    ) -> Option<Vec<String>> {
        let (value, line) = self.entry(key)?;
        match value {
            DeValue::String(text) => Some(vec![text.to_string()]),
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::String(text) => texts.push(text.to_string()),
                        other => {
                            faults.push(self.wrong(key, "a list of texts", other, line));
                            return None;
                        }
                    }
                }
                Some(texts)
            }
            other => {
                faults.push(self.wrong(key, "a text or a list of texts", other, line));
                None
            }
        }
    }

    /// Takes a key that somebody else reads.
    pub(crate) fn leave(&mut self, key: &'static str) {
        self.known.push(key);
    }

    /// Reports each key that nobody took, with the nearest known one.
    pub(crate) fn finish(self, faults: &mut Vec<Refusal>) {
        let Some(table) = self.table else { return };
        for (name, _) in table.iter() {
            let key = name.get_ref();
            if self.known.iter().any(|known| known == key) {
                continue;
            }
            let line = self.source.line(name.span().start);
            let mut refusal = self.problem(
                Code::ConfigUnknownKey,
                format!("`{}` is not a known key", self.key_path(key)),
                line,
                key,
            );
            refusal = match nearest(key, &self.known) {
                Some(near) => refusal.with_help(format!("did you mean `{near}`?")),
                None => refusal.with_help(format!("its keys are {}", self.known.join(", "))),
            };
            faults.push(refusal);
        }
    }
}

fn a(kind: &str) -> String {
    match kind.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

/// The known word with the least edit distance, if it is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3).max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for (j, right) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let swap = at(&row, j).saturating_add(usize::from(left != *right));
            let drop = at(&row, j.saturating_add(1)).saturating_add(1);
            let add = at(&next, j).saturating_add(1);
            next.push(swap.min(drop).min(add));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
