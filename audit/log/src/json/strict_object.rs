//! Taking an object apart completely: each member is asked for once, none is missing, and none is left over.

use super::Json;
use crate::time::UtcTimestamp;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// The members of an object that were not taken yet.
#[derive(Debug)]
#[must_use = "call `finish`, which refuses members that nobody took"]
pub struct StrictObject<C = PlainErrors> {
    at: String,
    codes: C,
    members: BTreeMap<String, Json>,
}

/// How a fault is told to whoever reads an object; a function of the fault is one way.
pub trait ObjectErrors {
    /// What a reader gives instead of a value.
    type Error;

    /// The error for a fault.
    fn error(&self, fault: StrictObjectError) -> Self::Error;
}

/// Faults as they are.
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
    /// The members of `json`.
    ///
    /// # Errors
    /// When it is no object.
    pub fn plain(json: Json) -> Result<Self, StrictObjectError> {
        Self::of(json, "", PlainErrors)
    }
}

impl<C: ObjectErrors> StrictObject<C> {
    /// The members of `json`, which stands at `at`.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(json: Json, at: impl Into<String>, codes: C) -> Result<Self, C::Error> {
        let at = at.into();
        match json {
            Json::Object(members) => Ok(Self { at, codes, members }),
            actual => Err(codes.error(StrictObjectError::NotAnObject { at, actual })),
        }
    }

    /// How this reader tells faults.
    #[must_use]
    pub fn codes(&self) -> C
    where
        C: Copy,
    {
        self.codes
    }

    /// Tells faults otherwise from here on.
    pub fn set_codes(&mut self, codes: C) {
        self.codes = codes;
    }

    /// The place of a member, for sentences.
    #[must_use]
    pub fn member_path(&self, name: &str) -> String {
        if self.at.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.at)
        }
    }

    /// Whether there is a member of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Whether the member is this text.
    #[must_use]
    pub fn has_text(&self, name: &str, value: &str) -> bool {
        self.members
            .get(name)
            .is_some_and(|actual| actual.as_text() == Some(value))
    }

    /// The value of a member, if it is there.
    pub fn optional(&mut self, name: &str) -> Option<Json> {
        self.members.remove(name)
    }

    /// The value of a member that must be there.
    ///
    /// # Errors
    /// When it is missing.
    pub fn take(&mut self, name: &str) -> Result<Json, C::Error> {
        self.optional(name).ok_or_else(|| {
            let path = self.member_path(name);
            self.codes.error(StrictObjectError::Absent(path))
        })
    }

    /// A text.
    ///
    /// # Errors
    /// When it is missing or no text.
    pub fn text(&mut self, name: &str) -> Result<String, C::Error> {
        match self.take(name)? {
            Json::Text(text) => Ok(text),
            actual => Err(self.wrong(name, actual, "a text")),
        }
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// When it is there and no text.
    pub fn text_if_there(&mut self, name: &str) -> Result<Option<String>, C::Error> {
        if self.has(name) {
            self.text(name).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A text or `null`.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn text_or_null(&mut self, name: &str) -> Result<Option<String>, C::Error> {
        match self.take(name)? {
            Json::Text(text) => Ok(Some(text)),
            Json::Null => Ok(None),
            actual => Err(self.wrong(name, actual, "a text or null")),
        }
    }

    /// A text that is parsed into a type of its own.
    ///
    /// # Errors
    /// When it is missing, no text, or malformed.
    pub fn parse_text<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, C::Error> {
        let text = self.text(name)?;
        self.parse(name, text)
    }

    /// A text that is parsed into a type of its own, or `null`.
    ///
    /// # Errors
    /// When it is missing, something else, or malformed.
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

    /// An instant in its one spelling.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn time(&mut self, name: &str) -> Result<UtcTimestamp, C::Error> {
        let text = self.text(name)?;
        match text.parse::<UtcTimestamp>() {
            Ok(time) if time.to_string() == text => Ok(time),
            _ => Err(self.wrong(name, Json::Text(text), "an instant")),
        }
    }

    /// An integer.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn int(&mut self, name: &str) -> Result<i64, C::Error> {
        match self.take(name)? {
            Json::Int(number) => Ok(number),
            actual => Err(self.wrong(name, actual, "an integer")),
        }
    }

    /// An integer that is not negative.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn count(&mut self, name: &str) -> Result<u64, C::Error> {
        let number = self.int(name)?;
        u64::try_from(number).map_err(|_| self.wrong(name, Json::Int(number), "a number from 0"))
    }

    /// True or false.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn flag(&mut self, name: &str) -> Result<bool, C::Error> {
        match self.take(name)? {
            Json::Bool(flag) => Ok(flag),
            actual => Err(self.wrong(name, actual, "true or false")),
        }
    }

    /// A list.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn list(&mut self, name: &str) -> Result<Vec<Json>, C::Error> {
        match self.take(name)? {
            Json::List(items) => Ok(items),
            actual => Err(self.wrong(name, actual, "a list")),
        }
    }

    /// The items of a list that is absent rather than empty, each with its place.
    ///
    /// # Errors
    /// When it is there and no list, or empty.
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

    /// An object below this one.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn object(&mut self, name: &str) -> Result<Self, C::Error>
    where
        C: Copy,
    {
        let json = self.take(name)?;
        Self::of(json, self.member_path(name), self.codes)
    }

    /// An object below this one, or `null`.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn object_or_null(&mut self, name: &str) -> Result<Option<Self>, C::Error>
    where
        C: Copy,
    {
        match self.take(name)? {
            Json::Null => Ok(None),
            json => Self::of(json, self.member_path(name), self.codes).map(Some),
        }
    }

    /// Insists on one exact value.
    ///
    /// # Errors
    /// When it is missing or another one.
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

    /// Insists on one exact text.
    ///
    /// # Errors
    /// When it is missing or another one.
    pub fn exactly_text(&mut self, name: &str, value: &str) -> Result<(), C::Error> {
        self.exactly(name, &Json::text(value))
    }

    /// Refuses members that nobody took.
    ///
    /// # Errors
    /// With the name of the first of them.
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

/// Why an object is not the one expected. Members are named by their paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictObjectError {
    /// The value is no object.
    #[error("an object is expected")]
    NotAnObject {
        /// Where it stands.
        at: String,
        /// What is there.
        actual: Json,
    },
    /// A member is missing.
    #[error("the member `{0}` is missing")]
    Absent(String),
    /// A member has a value of another type.
    #[error("the member `{name}` has a wrong value")]
    Wrong {
        /// Which.
        name: String,
        /// Its value.
        actual: Json,
        /// What is expected.
        wanted: &'static str,
    },
    /// A member is a text that can't be parsed.
    #[error("the member `{name}` has a wrong value")]
    Malformed {
        /// Which.
        name: String,
        /// The text.
        text: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A member has another value than the one that it must have.
    #[error("the member `{name}` has a wrong value")]
    Other {
        /// Which.
        name: String,
        /// Its value.
        actual: Json,
        /// The one that it must have.
        wanted: Json,
    },
    /// A list is empty that would rather be absent.
    #[error("the member `{0}` has a wrong value")]
    Empty(String),
    /// A member that does not exist.
    #[error("the member `{0}` does not exist here")]
    Unknown(String),
}
