//! Language and time zone of the page that the signers of a contract see. The digest of the page's text is part of the payload.
//!
//! The form of a signed page never changes. A changed wording or layout is a new form, beside the old one.

use super::civil_zone::CivilZone;
use crate::term::language::Language;

/// Language and zone of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRendering {
    /// Language of the text.
    pub language: Language,
    /// Time zone of the dates.
    pub zone: CivilZone,
}

impl PageRendering {
    /// Name of the form, that is of layout and wording, as contracts state it.
    pub const FORM: &'static str = "page/1";

    /// Page in a language, with dates in UTC.
    #[must_use]
    pub const fn of(language: Language) -> Self {
        Self {
            language,
            zone: CivilZone::UTC,
        }
    }

    /// Page with its dates in the zone of an IANA name; UTC where there is no rule for the zone.
    #[must_use]
    pub fn in_zone(self, name: &str) -> Self {
        Self {
            zone: CivilZone::from_name(name),
            ..self
        }
    }

    /// Page in another language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }
}
