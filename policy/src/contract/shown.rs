//! The page that the signers of a contract are shown, by its form and its language; its text is part of what they sign.

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
}

/// A version of layout and wording. One that has been signed stays as it is for ever: whoever words a term otherwise, or
/// lays the page out otherwise, adds a form and leaves those before it as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Form {
    /// `page/1`
    #[default]
    One,
}

impl Shown {
    /// The newest form, in a language.
    #[must_use]
    pub const fn newest(tongue: Tongue) -> Self {
        Self {
            form: Form::One,
            tongue,
        }
    }
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 1] = [Self::One];

    /// The form as contracts name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "page/1",
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
