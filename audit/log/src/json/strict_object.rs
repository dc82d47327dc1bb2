//! Complete reading of a JSON object: each member is taken once, none is missing, and none is left over.

use super::Json;
use crate::time::UtcTimestamp;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Members of an object that were not taken yet.
#[derive(Debug)]
#[must_use = "call `finish`, which refuses members that nobody took"]
pub struct StrictObject<C = PlainErrors> {
    at: String,
    codes: C,
    members: BTreeMap<String, Json>,
}

/// Conversion of errors for the caller of a reader. A function on the error is one implementation.
pub trait ObjectErrors {
    /// Error type of the reader.
    type Error;

    /// Error for a fault.
    fn error(&self, fault: StrictObjectError) -> Self::Error;
}

/// Errors without conversion.
#[derive(Debug, Clone, Copy)]
pub struct PlainErrors;

impl ObjectErrors for PlainErrors {
    type Error = StrictObjectError;

    fn error(&self, fault: StrictObjectError) -> StrictObjectError {
        fault
    }
}

impl<E, F: Fn(StrictObjectError) -> E> ObjectErrors for F {
    type Error = E;

    fn error(&self, fault: StrictObjectError) -> E {
        self(fault)
    }
}

impl StrictObject {
    /// Reader of the members of `json`.
    ///
    /// # Errors
    /// When `json` is not an object.
    pub fn plain(json: Json) -> Result<Self, StrictObjectError> {
        Self::of(json, "", PlainErrors)
    }
}

impl<C: ObjectErrors> StrictObject<C> {
    /// Reader of the members of `json`, which is at the path `at`.
    ///
    /// # Errors
    /// When `json` is not an object.
    pub fn of(json: Json, at: impl Into<String>, codes: C) -> Result<Self, C::Error> {
        let at = at.into();
        match json {
            Json::Object(members) => Ok(Self { at, codes, members }),
            actual => Err(codes.error(StrictObjectError::NotAnObject { at, actual })),
        }
    }

    /// Conversion of errors of this reader.
    #[must_use]
    pub fn codes(&self) -> C
    where
        C: Copy,
    {
        self.codes
    }

    /// Replaces the conversion of errors.
    pub fn set_codes(&mut self, codes: C) {
        self.codes = codes;
    }

    /// Path of a member, for error texts.
    #[must_use]
    pub fn member_path(&self, name: &str) -> String {
        if self.at.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.at)
        }
    }

    /// True if there is a member with this name that was not taken yet.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// True if the member is this text.
    #[must_use]
    pub fn has_text(&self, name: &str, value: &str) -> bool {
        self.members
            .get(name)
            .is_some_and(|actual| actual.as_text() == Some(value))
    }

    /// Takes the value of an optional member.
    pub fn optional(&mut self, name: &str) -> Option<Json> {
        self.members.remove(name)
    }

    /// Takes the value of a required member.
    ///
    /// # Errors
    /// When the member is missing.
    pub fn take(&mut self, name: &str) -> Result<Json, C::Error> {
        self.optional(name).ok_or_else(|| {
            let path = self.member_path(name);
            self.codes.error(StrictObjectError::Absent(path))
        })
    }

    /// Takes a text.
    ///
    /// # Errors
    /// When the member is missing or not a text.
    pub fn text(&mut self, name: &str) -> Result<String, C::Error> {
        match self.take(name)? {
            Json::Text(text) => Ok(text),
            actual => Err(self.wrong(name, actual, "a text")),
        }
    }

    /// Takes an optional text.
    ///
    /// # Errors
    /// When the member is present and not a text.
    pub fn text_if_there(&mut self, name: &str) -> Result<Option<String>, C::Error> {
        if self.has(name) {
            self.text(name).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Takes a text or `null`.
    ///
    /// # Errors
    /// When the member is missing or of another type.
    pub fn text_or_null(&mut self, name: &str) -> Result<Option<String>, C::Error> {
        match self.take(name)? {
            Json::Text(text) => Ok(Some(text)),
            Json::Null => Ok(None),
            actual => Err(self.wrong(name, actual, "a text or null")),
        }
    }

    /// Takes a text and parses it.
    ///
    /// # Errors
    /// When the member is missing, not a text, or malformed.
    pub fn parse_text<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, C::Error> {
        let text = self.text(name)?;
        self.parse(name, text)
    }

    /// Takes a text and parses it, or takes `null`.
    ///
    /// # Errors
    /// When the member is missing, of another type, or malformed.
    pub fn parsed_or_null<T: FromStr<Err: Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, C::Error> {
        match self.text_or_null(name)? {
            Some(text) => self.parse(name, text).map(Some),
            None => Ok(None),
        }
    }

    fn parse<T: FromStr<Err: Display>>(&self, name: &str, text: String) -> Result<T, C::Error> {
        text.parse().map_err(|fault: T::Err| {
            self.codes.error(StrictObjectError::Malformed {
                name: self.member_path(name),
                text,
                fault: fault.to_string(),
            })
        })
    }

    /// Takes an instant in its canonical form.
    ///
    /// # Errors
    /// When the member is missing or of another type.
    pub fn time(&mut self, name: &str) -> Result<UtcTimestamp, C::Error> {
        let text = self.text(name)?;
        match text.parse::<UtcTimestamp>() {
            Ok(time) if time.to_string() == text => Ok(time),
            _ => Err(self.wrong(name, Json::Text(text), "an instant")),
        }
    }

    /// Takes an integer.
    ///
    /// # Errors
    /// When the member is missing or of another type.
    pub fn int(&mut self, name: &str) -> Result<i64, C::Error> {
        match self.take(name)? {
            Json::Int(number) => Ok(number),
            actual => Err(self.wrong(name, actual, "an integer")),
        }
    }

    /// Takes an integer that is not negative.
    ///
    /// # Errors
    /// When the member is missing, negative or of another type.
    pub fn count(&mut self, name: &str) -> Result<u64, C::Error> {
        let number = self.int(name)?;
        u64::try_from(number).map_err(|_| self.wrong(name, Json::Int(number), "a number from 0"))
    }

    /// Takes a Boolean.
    ///
    /// # Errors
    /// When the member is missing or of another type.
    pub fn flag(&mut self, name: &str) -> Result<bool, C::Error> {
        match self.take(name)? {
            Json::Bool(flag) => Ok(flag),
            actual => Err(self.wrong(name, actual, "true or false")),
        }
    }

    /// Takes a list.
    ///
    /// # Errors
    /// When the member is missing or of another type.
    pub fn list(&mut self, name: &str) -> Result<Vec<Json>, C::Error> {
        match self.take(name)? {
            Json::List(items) => Ok(items),
            actual => Err(self.wrong(name, actual, "a list")),
        }
    }

    /// Takes the items of an optional list, each with its path. An empty list must be left out.
    ///
    /// # Errors
    /// When the member is present and not a list, or empty.
    pub fn items(&mut self, name: &str) -> Result<Vec<(String, Json)>, C::Error> {
        if !self.has(name) {
            return Ok(Vec::new());
        }
        let items = self.list(name)?;
        let place = self.member_path(name);
        if items.is_empty() {
            return Err(self.codes.error(StrictObjectError::Empty(place)));
        }
        let placed = items.into_iter().enumerate();
        Ok(placed
            .map(|(index, item)| (format!("{place}[{index}]"), item))
            .collect())
    }

    /// Takes a nested object.
    ///
    /// # Errors
    /// When the member is missing or of another type.
    pub fn object(&mut self, name: &str) -> Result<Self, C::Error>
    where
        C: Copy,
    {
        let json = self.take(name)?;
        Self::of(json, self.member_path(name), self.codes)
    }

    /// Takes a nested object or `null`.
    ///
    /// # Errors
    /// When the member is missing or of another type.
    pub fn object_or_null(&mut self, name: &str) -> Result<Option<Self>, C::Error>
    where
        C: Copy,
    {
        match self.take(name)? {
            Json::Null => Ok(None),
            json => Self::of(json, self.member_path(name), self.codes).map(Some),
        }
    }

    /// Takes a member that must have this value.
    ///
    /// # Errors
    /// When the member is missing or has another value.
    pub fn exactly(&mut self, name: &str, value: &Json) -> Result<(), C::Error> {
        let actual = self.take(name)?;
        if actual == *value {
            return Ok(());
        }
        Err(self.codes.error(StrictObjectError::Other {
            name: self.member_path(name),
            actual,
            wanted: value.clone(),
        }))
    }

    /// Takes a member that must be this text.
    ///
    /// # Errors
    /// When the member is missing or has another value.
    pub fn exactly_text(&mut self, name: &str, value: &str) -> Result<(), C::Error> {
        self.exactly(name, &Json::text(value))
    }

    /// Checks that all members were taken.
    ///
    /// # Errors
    /// With the name of the first member that was not taken.
    pub fn finish(self) -> Result<(), C::Error> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => {
                let path = self.member_path(name);
                Err(self.codes.error(StrictObjectError::Unknown(path)))
            }
        }
    }

    fn wrong(&self, name: &str, actual: Json, wanted: &'static str) -> C::Error {
        self.codes.error(StrictObjectError::Wrong {
            name: self.member_path(name),
            actual,
            wanted,
        })
    }
}

/// Reason why an object is not the expected one. Members are named by their paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictObjectError {
    /// The value is not an object.
    #[error("an object is expected")]
    NotAnObject {
        /// Path of the value.
        at: String,
        /// Actual value.
        actual: Json,
    },
    /// A member is missing.
    #[error("the member `{0}` is missing")]
    Absent(String),
    /// A member has a value of another type.
    #[error("the member `{name}` has a wrong value")]
    Wrong {
        /// Path of the member.
        name: String,
        /// Actual value.
        actual: Json,
        /// Expected type.
        wanted: &'static str,
    },
    /// A text member can't be parsed.
    #[error("the member `{name}` has a wrong value")]
    Malformed {
        /// Path of the member.
        name: String,
        /// Text of the member.
        text: String,
        /// Reason of the error.
        fault: String,
    },
    /// A member has a value other than the required one.
    #[error("the member `{name}` has a wrong value")]
    Other {
        /// Path of the member.
        name: String,
        /// Actual value.
        actual: Json,
        /// Required value.
        wanted: Json,
    },
    /// A list is empty; it should be left out.
    #[error("the member `{0}` has a wrong value")]
    Empty(String),
    /// A member is unknown.
    #[error("the member `{0}` does not exist here")]
    Unknown(String),
}
