//! Complete reading of a JSON object: each member is taken once, none is missing, and none is left over.

use crate::id::ClauseId;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::{Json, to_canonical_bytes};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Error codes of a reader, and the clause that is being read.
#[derive(Debug, Clone, Copy)]
pub struct ReaderErrorCodes {
    /// Code for an unknown member or value.
    pub unknown: ErrorCode,
    /// Code for a missing member or a wrong type.
    pub wrong: ErrorCode,
    /// Clause that is being read.
    pub clause: Option<ClauseId>,
}

impl ReaderErrorCodes {
    /// Codes of a policy.
    pub const POLICY: Self = Self {
        unknown: ErrorCode::TermUnknown,
        wrong: ErrorCode::TermIllTyped,
        clause: None,
    };

    /// Codes with the clause that is being read.
    #[must_use]
    pub const fn with_clause(mut self, clause: ClauseId) -> Self {
        self.clause = Some(clause);
        self
    }

    /// Refusal of something unknown.
    #[must_use]
    pub fn unknown_refusal(&self, sentence: impl Into<String>) -> Refusal {
        self.refuse(self.unknown, sentence)
    }

    /// Refusal of something missing or of a wrong type.
    #[must_use]
    pub fn malformed_refusal(&self, sentence: impl Into<String>) -> Refusal {
        self.refuse(self.wrong, sentence)
    }

    fn refuse(&self, code: ErrorCode, sentence: impl Into<String>) -> Refusal {
        let mut refusal = Refusal::new(code, sentence);
        refusal.clause = self.clause;
        refusal
    }
}

/// Members of an object that were not taken yet.
#[derive(Debug)]
#[must_use = "call `finish`, which refuses members that nobody took"]
pub struct StrictObjectReader {
    at: String,
    codes: ReaderErrorCodes,
    members: BTreeMap<String, Json>,
}

impl StrictObjectReader {
    /// Reader of the members of `json`, which is at the path `at`.
    ///
    /// # Errors
    /// When `json` is not an object.
    pub fn from_json(
        json: Json,
        at: impl Into<String>,
        codes: ReaderErrorCodes,
    ) -> Result<Self, Refusal> {
        let at = at.into();
        match json {
            Json::Object(members) => Ok(Self { at, codes, members }),
            actual => Err(codes.malformed_refusal(format!(
                "`{at}` is {} instead of an object",
                kind_name(&actual)
            ))),
        }
    }

    /// Error codes of this reader.
    #[must_use]
    pub const fn codes(&self) -> ReaderErrorCodes {
        self.codes
    }

    /// Replaces the error codes.
    pub const fn set_codes(&mut self, codes: ReaderErrorCodes) {
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
    pub fn has_member(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Takes the value of a required member.
    ///
    /// # Errors
    /// When the member is missing.
    pub fn take_member(&mut self, name: &str) -> Result<Json, Refusal> {
        self.members.remove(name).ok_or_else(|| {
            let path = self.member_path(name);
            self.codes
                .malformed_refusal(format!("the member `{path}` is missing"))
        })
    }

    /// Takes a text.
    ///
    /// # Errors
    /// When the member is missing or not a text.
    pub fn take_text(&mut self, name: &str) -> Result<String, Refusal> {
        match self.take_member(name)? {
            Json::Text(text) => Ok(text),
            actual => Err(self.refuse_type(name, &actual, "a text")),
        }
    }

    /// Takes an optional text.
    ///
    /// # Errors
    /// When the member is present and not a text.
    pub fn text_if_there(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        if self.has_member(name) {
            self.take_text(name).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Takes a text and parses it.
    ///
    /// # Errors
    /// When the member is missing, not a text, or malformed.
    pub fn parse_text<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, Refusal> {
        let text = self.take_text(name)?;
        text.parse().map_err(|fault: T::Err| {
            let path = self.member_path(name);
            self.codes
                .malformed_refusal(format!("`{path}` is `{text}`: {fault}"))
        })
    }

    /// Takes an integer that is not negative.
    ///
    /// # Errors
    /// When the member is missing, negative or of another type.
    pub fn take_count(&mut self, name: &str) -> Result<u64, Refusal> {
        match self.take_member(name)? {
            Json::Int(number) => u64::try_from(number)
                .map_err(|_| self.refuse_type(name, &Json::Int(number), "a number from 0")),
            actual => Err(self.refuse_type(name, &actual, "an integer")),
        }
    }

    /// Takes the items of an optional list, each with its path. An empty list must be left out.
    ///
    /// # Errors
    /// When the member is present and not a list, or empty.
    pub fn take_items(&mut self, name: &str) -> Result<Vec<(String, Json)>, Refusal> {
        if !self.has_member(name) {
            return Ok(Vec::new());
        }
        let place = self.member_path(name);
        let items = match self.take_member(name)? {
            Json::List(items) => items,
            actual => return Err(self.refuse_type(name, &actual, "a list")),
        };
        if items.is_empty() {
            return Err(self
                .codes
                .malformed_refusal(format!("the list `{place}` is empty")));
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
    pub fn take_object(&mut self, name: &str) -> Result<Self, Refusal> {
        let json = self.take_member(name)?;
        Self::from_json(json, self.member_path(name), self.codes)
    }

    /// Takes a member that must be this text.
    ///
    /// # Errors
    /// When the member is missing or has another value.
    pub fn exactly_text(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        let actual = self.take_member(name)?;
        if actual.as_text() == Some(value) {
            return Ok(());
        }
        let (path, wanted) = (self.member_path(name), Json::from_display(value));
        Err(self.codes.unknown_refusal(format!(
            "`{path}` is {} instead of {}",
            to_short_text(&actual),
            to_short_text(&wanted)
        )))
    }

    /// Checks that all members were taken.
    ///
    /// # Errors
    /// With the name of the first member that was not taken.
    pub fn finish(self) -> Result<(), Refusal> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => {
                let path = self.member_path(name);
                Err(self
                    .codes
                    .unknown_refusal(format!("the member `{path}` is not known")))
            }
        }
    }

    fn refuse_type(&self, name: &str, actual: &Json, wanted: &str) -> Refusal {
        let path = self.member_path(name);
        self.codes.malformed_refusal(format!(
            "`{path}` is {} instead of {wanted}",
            to_short_text(actual)
        ))
    }
}

/// Value as text for a sentence, cut to a readable length.
#[must_use]
pub fn to_short_text(json: &Json) -> String {
    let bytes = to_canonical_bytes(json);
    let whole = String::from_utf8_lossy(&bytes);
    let cut: String = whole.chars().take(80).collect();
    if cut.len() < whole.len() {
        format!("`{cut}…`")
    } else {
        format!("`{cut}`")
    }
}

fn kind_name(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Int(_) => "a number",
        Json::Text(_) => "a text",
        Json::List(_) => "a list",
        Json::Object(_) => "an object",
    }
}
