//! Languages of the sentences of clauses.

use crate::message::message;
use std::fmt;
use std::str::FromStr;

/// Language of the page of a contract. Each term has a sentence in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Portuguese.
    Pt,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 3] = [Self::En, Self::De, Self::Pt];

    /// Language tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Pt => "pt",
        }
    }

    /// Value for this language.
    #[must_use]
    pub fn pick<T>(self, en: T, de: T, pt: T) -> T {
        match self {
            Self::En => en,
            Self::De => de,
            Self::Pt => pt,
        }
    }

    /// Conjunction of a list: `a, b and c`.
    #[must_use]
    pub fn all_of<T: ToString>(self, list: &[T]) -> String {
        self.join_list(list, &message!(self, "list-and"))
    }

    /// Disjunction of a list: `a, b or c`.
    #[must_use]
    pub fn one_of<T: ToString>(self, list: &[T]) -> String {
        self.join_list(list, &message!(self, "list-or"))
    }

    /// Number with separated groups of three digits: `10,000`, `10.000`.
    #[must_use]
    pub fn format_number(self, number: u64) -> String {
        let digits = number.to_string();
        let mut out = String::with_capacity(digits.len().saturating_mul(4) / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push(self.pick(',', '.', '.'));
            }
            out.push(digit);
        }
        out
    }

    fn join_list<T: ToString>(self, list: &[T], last: &str) -> String {
        let words: Vec<String> = list.iter().map(ToString::to_string).collect();
        match words.split_last() {
            None => message!(self, "list-nothing"),
            Some((only, [])) => only.clone(),
            Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        let found = Self::ALL
            .into_iter()
            .find(|language| language.tag() == text);
        found.ok_or(LanguageError)
    }
}

hansa_audit_log::serialize_as_text!(Language);

/// The text is no language that clauses are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("clauses are written in en, de and pt")]
pub struct LanguageError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_lists() {
        for language in Language::ALL {
            assert_eq!(language.tag().parse(), Ok(language));
        }
        assert!("fr".parse::<Language>().is_err());
        assert_eq!(Language::De.all_of(&["a", "b", "c"]), "a, b und c");
        assert_eq!(Language::Pt.one_of(&["a", "b"]), "a ou b");
        assert_eq!(Language::En.one_of(&["a"]), "a");
        assert_eq!(Language::En.format_number(1_234_567), "1,234,567");
        assert_eq!(Language::Pt.format_number(999), "999");
    }
}
