//! Taking an object apart completely: each member is asked for once, and what is left over is a fault.

use super::Json;
use crate::digest::Digest;
use crate::time::UtcTimestamp;
use std::collections::BTreeMap;

/// The members of an object that were not taken yet.
#[derive(Debug)]
pub struct StrictObject {
    members: BTreeMap<String, Json>,
}

impl StrictObject {
    /// The members of `value`.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(value: Json) -> Result<Self, StrictObjectError> {
        match value {
            Json::Object(members) => Ok(Self { members }),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Text(_) | Json::List(_) => {
                Err(StrictObjectError::NotAnObject)
            }
        }
    }

    /// The member `name`.
    ///
    /// # Errors
    /// When it is absent.
    pub fn take(&mut self, name: &str) -> Result<Json, StrictObjectError> {
        self.optional(name)
            .ok_or_else(|| StrictObjectError::Absent(name.to_owned()))
    }

    /// The member `name`, if it is there.
    pub fn optional(&mut self, name: &str) -> Option<Json> {
        self.members.remove(name)
    }

    /// The member `name`, a string.
    ///
    /// # Errors
    /// When it is absent or something else.
    pub fn text(&mut self, name: &str) -> Result<String, StrictObjectError> {
        match self.take(name)? {
            Json::Text(text) => Ok(text),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::List(_) | Json::Object(_) => {
                Err(StrictObjectError::wrong(name))
            }
        }
    }

    /// The member `name`, an integer.
    ///
    /// # Errors
    /// When it is absent or something else.
    pub fn int(&mut self, name: &str) -> Result<i64, StrictObjectError> {
        self.take(name)?
            .as_int()
            .ok_or_else(|| StrictObjectError::wrong(name))
    }

    /// The member `name`, an integer that is not negative.
    ///
    /// # Errors
    /// When it is absent or something else.
    pub fn count(&mut self, name: &str) -> Result<u64, StrictObjectError> {
        self.take(name)?
            .as_count()
            .ok_or_else(|| StrictObjectError::wrong(name))
    }

    /// The member `name`, an array.
    ///
    /// # Errors
    /// When it is absent or something else.
    pub fn list(&mut self, name: &str) -> Result<Vec<Json>, StrictObjectError> {
        match self.take(name)? {
            Json::List(items) => Ok(items),
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Text(_) | Json::Object(_) => {
                Err(StrictObjectError::wrong(name))
            }
        }
    }

    /// The member `name`, a digest.
    ///
    /// # Errors
    /// When it is absent or something else.
    pub fn digest(&mut self, name: &str) -> Result<Digest, StrictObjectError> {
        self.text(name)?
            .parse()
            .map_err(|_| StrictObjectError::wrong(name))
    }

    /// The member `name`, an instant in its one spelling.
    ///
    /// # Errors
    /// When it is absent or something else.
    pub fn time(&mut self, name: &str) -> Result<UtcTimestamp, StrictObjectError> {
        let text = self.text(name)?;
        let time: UtcTimestamp = text.parse().map_err(|_| StrictObjectError::wrong(name))?;
        if time.to_string() == text {
            return Ok(time);
        }
        Err(StrictObjectError::wrong(name))
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// When a member is left that nobody asked for.
    pub fn finish(self) -> Result<(), StrictObjectError> {
        match self.members.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(StrictObjectError::Unknown(name)),
        }
    }
}

/// Why an object is not the one expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictObjectError {
    /// The value is no object.
    #[error("an object is expected")]
    NotAnObject,
    /// A member is missing.
    #[error("the member `{0}` is missing")]
    Absent(String),
    /// A member has a wrong value.
    #[error("the member `{0}` has a wrong value")]
    Wrong(String),
    /// A member that does not exist.
    #[error("the member `{0}` does not exist here")]
    Unknown(String),
}

impl StrictObjectError {
    fn wrong(name: &str) -> Self {
        Self::Wrong(name.to_owned())
    }
}
