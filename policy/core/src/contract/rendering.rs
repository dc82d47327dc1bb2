//! The page that the signers of a contract are shown, by its form, language and time zone; its text is part of what they
//! sign.

use super::civil_zone::CivilZone;
use crate::term::language::Language;
use std::fmt;
use std::str::FromStr;

/// Which page the signers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRendering {
    /// How it is laid out and worded.
    pub version: RenderingVersion,
    /// In which language.
    pub language: Language,
    /// In which local time its dates are told; UTC in the first form, which tells instants alone.
    pub zone: CivilZone,
}

/// A version of layout and wording. One that has been signed stays as it is for ever: whoever words a term otherwise, or
/// lays the page out otherwise, adds a form and leaves those before it as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum RenderingVersion {
    /// `page/1`: instants and terms.
    #[default]
    One,
    /// `page/2`: local dates beside the instants, what is enforced and what is not, what is not regulated, and the end.
    Two,
}

impl PageRendering {
    /// The newest form, in a language, with dates in UTC.
    #[must_use]
    pub const fn newest(language: Language) -> Self {
        Self {
            version: RenderingVersion::Two,
            language,
            zone: CivilZone::UTC,
        }
    }

    /// This page with its dates in the zone of an IANA name, where its form has local dates and there is a rule for the zone.
    #[must_use]
    pub fn in_zone(self, name: &str) -> Self {
        match self.version {
            RenderingVersion::One => self,
            RenderingVersion::Two => Self {
                zone: CivilZone::of(name),
                ..self
            },
        }
    }

    /// This page in another language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> Self {
        Self { language, ..self }
    }
}

impl RenderingVersion {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::One, Self::Two];

    /// The form as contracts name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "page/1",
            Self::Two => "page/2",
        }
    }
}

impl fmt::Display for RenderingVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RenderingVersion {
    type Err = RenderingVersionError;

    fn from_str(text: &str) -> Result<Self, RenderingVersionError> {
        let found = Self::ALL.into_iter().find(|form| form.as_str() == text);
        found.ok_or(RenderingVersionError)
    }
}

/// A page of this form can't be shown here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this version shows no page of that form")]
pub struct RenderingVersionError;
