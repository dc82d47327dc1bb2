//! Value of the file with its place.

use crate::reader::TomlReader;
use crate::table::TomlTable;
use hansa_policy::nearest_word::find_nearest_word;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use toml::de::DeValue;

/// Value with its place. Each getter reports a value of another type as a problem and gives none.
#[derive(Debug, Clone)]
pub struct TomlValue<'a> {
    pub(crate) reader: &'a TomlReader<'a>,
    pub(crate) path: String,
    pub(crate) span: Range<usize>,
    /// Key without the tables around it; for an item the key of its list.
    pub key: &'a str,
    /// Parsed value.
    pub node: &'a DeValue<'a>,
}

impl<'a> TomlValue<'a> {
    /// Key with the tables around it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Line number, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.reader.line(self.span.start)
    }

    /// Value as written in the file.
    #[must_use]
    pub fn source_text(&self) -> &'a str {
        self.reader.source_text(&self.span)
    }

    /// Notes a problem with the value that another check found.
    pub fn refuse(&self, refusal: Refusal) {
        let key = match self.reader.style.whole_keys {
            true => &self.path,
            false => self.key,
        };
        self.reader
            .refuse(self.span.start, Some(key.to_owned()), refusal);
    }

    /// Notes a problem with the value.
    pub fn add_problem(&self, code: ErrorCode, sentence: impl Into<String>) {
        self.refuse(Refusal::new(code, sentence));
    }

    /// Notes that the value has not the wanted type.
    pub fn ill_typed(&self, wanted: &str) {
        self.add_type_problem(kind_name(self.node), wanted);
    }

    fn add_type_problem(&self, met: &str, wanted: &str) {
        let sentence = format!("`{}` is {met} instead of {wanted}", self.path);
        self.add_problem(self.reader.style.ill_typed, sentence);
    }

    fn require_type<T>(&self, found: Option<T>, wanted: &str) -> Option<T> {
        if found.is_none() {
            self.ill_typed(wanted);
        }
        found
    }

    /// Value as a text.
    pub fn text(&self) -> Option<String> {
        self.require_type(self.node.as_str().map(str::to_owned), "a text")
    }

    /// Value as a Boolean.
    pub fn flag(&self) -> Option<bool> {
        self.require_type(self.node.as_bool(), "true or false")
    }

    /// Value as an integer, at least `least`.
    pub fn integer<T: TryFrom<u64>>(&self, least: u64) -> Option<T> {
        let number = self.node.as_integer().and_then(|number| {
            let number = u64::from_str_radix(number.as_str(), number.radix()).ok();
            number.filter(|number| *number >= least)
        });
        let number = self.require_type(number, &format!("a whole number from {least}"))?;
        self.require_type(T::try_from(number).ok(), "a number that fits here")
    }

    /// Value parsed from its text.
    pub fn parse_text<T: FromStr<Err: Display>>(&self) -> Option<T> {
        let text = self.text()?;
        let parsed = text.parse().map_err(|fault| {
            self.add_problem(self.reader.style.ill_typed, format!("`{text}`: {fault}"));
        });
        parsed.ok()
    }

    /// Value that the known word stands for.
    pub fn word<T: Copy>(&self, known: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = known.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let sentence = format!("`{text}` is no value of `{}`", self.path);
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            let refusal = Refusal::new(self.reader.style.unknown_word, sentence);
            self.refuse(refusal.with_help(suggest_word(&text, "values", &words)));
        }
        found.map(|(_, value)| *value)
    }

    /// Value as a text or a list of texts.
    pub fn texts(&self) -> Option<Vec<String>> {
        const WANTED: &str = "a text or a list of texts";
        let Some(items) = self.node.as_array() else {
            let text = self.node.as_str().map(|text| vec![text.to_owned()]);
            return self.require_type(text, WANTED);
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            let Some(text) = item.get_ref().as_str() else {
                let met = format!("a list with {}", kind_name(item.get_ref()));
                self.add_type_problem(&met, WANTED);
                return None;
            };
            texts.push(text.to_owned());
        }
        Some(texts)
    }

    /// Items of a list.
    pub fn items(&self) -> Option<Vec<Self>> {
        let items = self.require_type(self.node.as_array(), "a list")?;
        Some(items.iter().map(|item| self.item(item)).collect())
    }

    fn item(&self, item: &'a Spanned<DeValue<'a>>) -> Self {
        Self {
            span: item.span(),
            node: item.get_ref(),
            ..self.clone()
        }
    }

    /// Value as a table.
    pub fn table(&self) -> Option<TomlTable<'a>> {
        let table = self.require_type(self.node.as_table(), "a table")?;
        let path = self.path.clone();
        let start = self.span.start;
        Some(TomlTable::new(self.reader, path, start, Some(table)))
    }

    /// Value as a table with these keys and no others.
    pub fn table_with(&self, keys: &[&str]) -> Option<TomlTable<'a>> {
        let table = self.table()?;
        table.allow(keys);
        Some(table)
    }

    /// Tables of an array of tables.
    pub fn tables(&self) -> Vec<TomlTable<'a>> {
        let wanted = format!("an array of tables, [[{}]]", self.path);
        let items = self.require_type(self.node.as_array(), &wanted);
        let items = items.into_iter().flat_map(|items| items.iter());
        items.filter_map(|item| self.item(item).table()).collect()
    }
}

/// Suggestion for an unknown word: the nearest known one, or all of them.
pub(crate) fn suggest_word(word: &str, what: &str, known: &[&str]) -> String {
    match find_nearest_word(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the {what} are {}", known.join(", ")),
    }
}

fn kind_name(node: &DeValue<'_>) -> &'static str {
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
