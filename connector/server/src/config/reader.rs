//! Reads a TOML table into typed values, collecting every problem with its line instead of stopping at the first.

mod typed_value;

use crate::config::value_origin::LookupTrace;
use hansa_policy::nearest_word::nearest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::line_index::LineIndex;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One TOML file being read.
#[derive(Debug)]
pub(crate) struct ConfigSource<'a> {
    /// The file as the user named it.
    pub(crate) file: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
    /// Its lines.
    pub(crate) lines: LineIndex,
    /// `HANSA__SECTION__KEY` values of the environment; they win over the file.
    pub(crate) overrides: &'a BTreeMap<String, String>,
    /// What was looked for.
    pub(crate) seen: LookupTrace,
}

impl ConfigSource<'_> {
    fn line(&self, offset: usize) -> u64 {
        self.lines.line(offset)
    }

    /// The whole file as a table.
    ///
    /// # Errors
    /// `CONFIG_INVALID` with the line at which the text stops being TOML.
    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'_>>, Refusal> {
        DeTable::parse(self.text).map_err(|fault| {
            let line = fault.span().map(|span| self.line(span.start));
            Refusal::new(
                ErrorCode::ConfigInvalid,
                format!("the file is not TOML: {}", fault.message()),
            )
            .with_place(self.file, line, None)
        })
    }
}

/// A table whose keys are taken out one by one; what is left at the end is unknown.
#[derive(Debug)]
pub(crate) struct ConfigSection<'s, 'a> {
    source: &'s ConfigSource<'a>,
    path: String,
    line: u64,
    table: Option<&'s DeTable<'s>>,
    known: Vec<&'static str>,
}

impl<'s, 'a> ConfigSection<'s, 'a> {
    /// The root of a file.
    pub(crate) fn root(source: &'s ConfigSource<'a>, table: &'s DeTable<'s>) -> Self {
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
        let value = self.source.overrides.get(&variable).map(String::as_str);
        let path = self.key_path(key);
        self.source.seen.variable(&path, variable, value);
        value
    }

    fn entry(&mut self, key: &'static str) -> Option<(&'s DeValue<'s>, u64)> {
        self.known.push(key);
        let (_, value) = self.table?.iter().find(|(name, _)| name.get_ref() == key)?;
        let line = self.source.line(value.span().start);
        // A table is where keys are, not one itself.
        let written = self.source.text.get(value.span());
        let is_key = match value.get_ref() {
            DeValue::Table(_) => false,
            DeValue::Array(items) => !items
                .iter()
                .any(|item| matches!(item.get_ref(), DeValue::Table(_))),
            _ => true,
        };
        if let (true, Some(written)) = (is_key, written) {
            let place = format!("{}:{line}", self.source.file);
            let path = self.key_path(key);
            self.source.seen.in_file(&path, place, written);
        }
        Some((value.get_ref(), line))
    }

    /// A problem at `key`.
    pub(crate) fn problem(
        &self,
        code: ErrorCode,
        sentence: String,
        line: u64,
        key: &str,
    ) -> Refusal {
        Refusal::new(code, sentence).with_place(
            self.source.file,
            Some(line),
            Some(self.key_path(key)),
        )
    }

    /// Where `key` of this table stands, for a problem that is found later: file, line and key.
    pub(crate) fn place_of(&self, key: &str) -> (String, Option<u64>, Option<String>) {
        let file = self.source.file.to_owned();
        (file, Some(self.line), Some(self.key_path(key)))
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
    ) -> ConfigSection<'s, 'a> {
        let path = self.key_path(key);
        let (table, line) = match self.entry(key) {
            None => (None, self.line),
            Some((DeValue::Table(table), line)) => (Some(table), line),
            Some((other, line)) => {
                faults.push(self.wrong(key, "a table", other, line));
                (None, line)
            }
        };
        ConfigSection {
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
    ) -> Vec<ConfigSection<'s, 'a>> {
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
                DeValue::Table(table) => sections.push(ConfigSection {
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
    pub(crate) fn named(
        &mut self,
        faults: &mut Vec<Refusal>,
    ) -> Vec<(String, ConfigSection<'s, 'a>)> {
        let Some(table) = self.table else {
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (name, value) in table.iter() {
            let line = self.source.line(value.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => sections.push((
                    name.get_ref().to_string(),
                    ConfigSection {
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
            ErrorCode::ConfigInvalid,
            format!(
                "`{}` is {wanted}, not {}",
                self.key_path(key),
                with_article(met.type_str())
            ),
            line,
            key,
        )
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
                ErrorCode::ConfigUnknownKey,
                format!("`{}` is not a known key", self.key_path(key)),
                line,
                key,
            );
            refusal = match nearest(key, self.known.iter().copied()) {
                Some(near) => refusal.with_help(format!("did you mean `{near}`?")),
                None => refusal.with_help(format!("its keys are {}", self.known.join(", "))),
            };
            faults.push(refusal);
        }
    }
}

fn with_article(kind: &str) -> String {
    match kind.chars().next() {
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}
