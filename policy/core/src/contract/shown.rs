//! The page that the signers of a contract are shown, by its form, language and time zone; its text is part of what they
//! sign.

use super::zone::CivilZone;
use crate::term::tongue::Tongue;
use std::fmt;
use std::str::FromStr;

/// Which page the signers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shown {
    /// How it is laid out and worded.
    pub form: Form,
    /// In which language.
    pub tongue: Tongue,
    /// In which local time its dates are told; UTC in the first form, which tells instants alone.
    pub zone: CivilZone,
}

/// A version of layout and wording. One that has been signed stays as it is for ever: whoever words a term otherwise, or
/// lays the page out otherwise, adds a form and leaves those before it as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Form {
    /// `page/1`: instants and terms.
    #[default]
    One,
    /// `page/2`: local dates beside the instants, what is enforced and what is not, what is not regulated, and the end.
    Two,
}

impl Shown {
    /// The newest form, in a language, with dates in UTC.
    #[must_use]
    pub const fn newest(tongue: Tongue) -> Self {
        Self {
            form: Form::Two,
            tongue,
            zone: CivilZone::UTC,
        }
    }

    /// This page with its dates in the zone of an IANA name, where its form has local dates and there is a rule for the zone.
    #[must_use]
    pub fn in_zone(self, name: &str) -> Self {
        match self.form {
            Form::One => self,
            Form::Two => Self {
                zone: CivilZone::of(name),
                ..self
            },
        }
    }

    /// This page in another language.
    #[must_use]
    pub const fn in_language(self, tongue: Tongue) -> Self {
        Self { tongue, ..self }
    }
}

impl Form {
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

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Form {
    type Err = NoSuchForm;

    fn from_str(text: &str) -> Result<Self, NoSuchForm> {
        let found = Self::ALL.into_iter().find(|form| form.as_str() == text);
        found.ok_or(NoSuchForm)
    }
}

/// A page of this form can't be shown here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this version shows no page of that form")]
pub struct NoSuchForm;
