//! The page that the signers of a contract are shown, by its language and time zone; its text is part of what they sign.
//!
//! A form that has been signed stays as it is for ever: whoever words a term otherwise, or lays the page out otherwise, adds a
//! form and leaves the one before it as it is.

use super::civil_zone::CivilZone;
use crate::term::language::Language;

/// Language and zone of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRendering {
    /// In which language.
    pub language: Language,
    /// In which local time its dates are told.
    pub zone: CivilZone,
}

impl PageRendering {
    /// The form: layout and wording, as contracts name it.
    pub const FORM: &'static str = "page/1";

    /// The page in a language, with dates in UTC.
    #[must_use]
    pub const fn of(language: Language) -> Self {
        Self {
            language,
            zone: CivilZone::UTC,
        }
    }

    /// This page with its dates in the zone of an IANA name, where there is a rule for the zone.
    #[must_use]
    pub fn in_zone(self, name: &str) -> Self {
        Self {
            zone: CivilZone::of(name),
            ..self
        }
    }

    /// This page in another language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }
}
