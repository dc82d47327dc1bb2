//! What stands under a key, as a typed value; a wrong one is a problem with its line.

use crate::config::reader::ConfigSection;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::str::FromStr;
use toml::de::DeValue;

impl ConfigSection<'_, '_> {
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
                ErrorCode::ConfigInvalid,
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
                faults.push(self.problem(ErrorCode::ConfigInvalid, sentence, line, key));
                None
            }
        }
    }

    /// A string that `read` understands; `what` says what it should be.
    pub(crate) fn measured<T>(
        &mut self,
        key: &'static str,
        read: fn(&str) -> Option<T>,
        what: &str,
        faults: &mut Vec<Refusal>,
    ) -> Option<T> {
        let (text, line) = self.text_at(key, faults)?;
        let value = read(&text);
        if value.is_none() {
            let sentence = format!("`{text}` is not {what}");
            faults.push(self.problem(ErrorCode::ConfigInvalid, sentence, line, key));
        }
        value
    }

    /// One of two words, as what it stands for.
    pub(crate) fn one_of<T: Copy, const N: usize>(
        &mut self,
        key: &'static str,
        words: [(&str, T); N],
        faults: &mut Vec<Refusal>,
    ) -> Option<T> {
        let (word, line) = self.text_at(key, faults)?;
        let meant = words.into_iter().find(|(known, _)| *known == word);
        if meant.is_none() {
            let path = self.key_path(key);
            let known = words.map(|(known, _)| format!("\"{known}\""));
            let sentence = format!("`{path}` is {}, not `{word}`", known.join(" or "));
            faults.push(self.problem(ErrorCode::ConfigInvalid, sentence, line, key));
        }
        meant.map(|(_, value)| value)
    }

    /// A whole number.
    pub(crate) fn number(&mut self, key: &'static str, faults: &mut Vec<Refusal>) -> Option<u64> {
        if let Some(text) = self.overridden(key) {
            self.known.push(key);
            let parsed = text.parse().ok();
            if parsed.is_none() {
                let sentence = format!("`{}` is a whole number, not `{text}`", self.key_path(key));
                faults.push(self.problem(ErrorCode::ConfigInvalid, sentence, self.line, key));
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
}
