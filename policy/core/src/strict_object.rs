//! Reading foreign JSON member by member: known ones only, none missing, none left over.

use crate::id::ClauseId;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::{Json, canonical};
use std::collections::BTreeMap;
use std::str::FromStr;

/// The codes with which a reader refuses, and the clause in which it stands.
#[derive(Debug, Clone, Copy)]
pub struct ReaderErrorCodes {
    /// For what is not known.
    pub unknown: ErrorCode,
    /// For what is known, and missing or of another type.
    pub wrong: ErrorCode,
    /// The clause that is being read.
    pub clause: Option<ClauseId>,
}

impl ReaderErrorCodes {
    /// One code for both.
    #[must_use]
    pub const fn of(code: ErrorCode) -> Self {
        Self {
            unknown: code,
            wrong: code,
            clause: None,
        }
    }

    /// The codes of a policy.
    pub const POLICY: Self = Self {
        unknown: ErrorCode::TermUnknown,
        wrong: ErrorCode::TermIllTyped,
        clause: None,
    };

    /// The same inside a clause.
    #[must_use]
    pub const fn within(mut self, clause: ClauseId) -> Self {
        self.clause = Some(clause);
        self
    }

    /// A refusal of something unknown.
    #[must_use]
    pub fn unknown(&self, sentence: impl Into<String>) -> Refusal {
        self.refuse(self.unknown, sentence)
    }

    /// A refusal of something missing or ill-typed.
    #[must_use]
    pub fn wrong(&self, sentence: impl Into<String>) -> Refusal {
        self.refuse(self.wrong, sentence)
    }

    fn refuse(&self, code: ErrorCode, sentence: impl Into<String>) -> Refusal {
        let mut refusal = Refusal::new(code, sentence);
        refusal.clause = self.clause;
        refusal
    }
}

/// An object whose members are taken out one by one; what is left over at the end is refused.
#[derive(Debug)]
#[must_use = "call `finish`, which refuses members that nobody took"]
pub struct StrictObjectReader {
    at: String,
    codes: ReaderErrorCodes,
    members: BTreeMap<String, Json>,
}

impl StrictObjectReader {
    /// The members of `json`, which stands at `at`.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(json: Json, at: impl Into<String>, codes: ReaderErrorCodes) -> Result<Self, Refusal> {
        let at = at.into();
        match json {
            Json::Object(members) => Ok(Self { at, codes, members }),
            other => Err(codes.wrong(format!("`{at}` is {} instead of an object", kind(&other)))),
        }
    }

    /// Says which clause is being read.
    pub const fn within(&mut self, clause: ClauseId) {
        self.codes.clause = Some(clause);
    }

    /// The codes with which this reader refuses.
    #[must_use]
    pub const fn codes(&self) -> ReaderErrorCodes {
        self.codes
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

    /// The value of a member that must be there.
    ///
    /// # Errors
    /// When it is missing.
    pub fn take(&mut self, name: &str) -> Result<Json, Refusal> {
        self.members.remove(name).ok_or_else(|| {
            self.codes.wrong(format!(
                "the member `{}` is missing",
                self.member_path(name)
            ))
        })
    }

    /// A text.
    ///
    /// # Errors
    /// When it is missing or no text.
    pub fn text(&mut self, name: &str) -> Result<String, Refusal> {
        match self.take(name)? {
            Json::Text(text) => Ok(text),
            other => Err(self.ill_typed(name, &other, "a text")),
        }
    }

    /// A text or `null`.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn text_or_null(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.take(name)? {
            Json::Text(text) => Ok(Some(text)),
            Json::Null => Ok(None),
            other => Err(self.ill_typed(name, &other, "a text or null")),
        }
    }

    /// A text that is parsed into a domain type.
    ///
    /// # Errors
    /// When it is missing, no text, or malformed.
    pub fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &str) -> Result<T, Refusal> {
        let text = self.text(name)?;
        self.parse_text(name, &text)
    }

    /// A text that is parsed into a domain type, or `null`.
    ///
    /// # Errors
    /// When it is missing, something else, or malformed.
    pub fn parsed_or_null<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, Refusal> {
        match self.text_or_null(name)? {
            Some(text) => self.parse_text(name, &text).map(Some),
            None => Ok(None),
        }
    }

    fn parse_text<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
        text: &str,
    ) -> Result<T, Refusal> {
        text.parse().map_err(|fault: T::Err| {
            self.codes
                .wrong(format!("`{}` is `{text}`: {fault}", self.member_path(name)))
        })
    }

    /// Whether the member is this text.
    #[must_use]
    pub fn has_text(&self, name: &str, value: &str) -> bool {
        self.members
            .get(name)
            .is_some_and(|met| met.as_text() == Some(value))
    }

    /// Whether there is a member of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// An integer that is not negative.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn count(&mut self, name: &str) -> Result<u64, Refusal> {
        match self.take(name)? {
            Json::Int(number) => u64::try_from(number)
                .map_err(|_| self.ill_typed(name, &Json::Int(number), "a number from 0")),
            other => Err(self.ill_typed(name, &other, "an integer")),
        }
    }

    /// True or false.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.take(name)? {
            Json::Bool(flag) => Ok(flag),
            other => Err(self.ill_typed(name, &other, "true or false")),
        }
    }

    /// A list.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn list(&mut self, name: &str) -> Result<Vec<Json>, Refusal> {
        match self.take(name)? {
            Json::List(items) => Ok(items),
            other => Err(self.ill_typed(name, &other, "a list")),
        }
    }

    /// An object below this one.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn object(&mut self, name: &str) -> Result<Self, Refusal> {
        let json = self.take(name)?;
        Self::of(json, self.member_path(name), self.codes)
    }

    /// An object below this one, or `null`.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn object_or_null(&mut self, name: &str) -> Result<Option<Self>, Refusal> {
        match self.take(name)? {
            Json::Null => Ok(None),
            json => Self::of(json, self.member_path(name), self.codes).map(Some),
        }
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// When it is there and no text.
    pub fn text_if_there(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        if self.members.contains_key(name) {
            self.text(name).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The items of a list that is absent rather than empty, each with its place.
    ///
    /// # Errors
    /// When it is there and no list, or empty.
    pub fn items(&mut self, name: &str) -> Result<Vec<(String, Json)>, Refusal> {
        if !self.members.contains_key(name) {
            return Ok(Vec::new());
        }
        let items = self.list(name)?;
        if items.is_empty() {
            return Err(self
                .codes
                .wrong(format!("the list `{}` is empty", self.member_path(name))));
        }
        let place = self.member_path(name);
        let placed = items.into_iter().enumerate();
        Ok(placed
            .map(|(index, item)| (format!("{place}[{index}]"), item))
            .collect())
    }

    /// Insists on one exact value.
    ///
    /// # Errors
    /// When it is missing or another one.
    pub fn exactly(&mut self, name: &str, value: &Json) -> Result<(), Refusal> {
        let met = self.take(name)?;
        if met == *value {
            return Ok(());
        }
        Err(self.codes.unknown(format!(
            "`{}` is {} instead of {}",
            self.member_path(name),
            show(&met),
            show(value)
        )))
    }

    /// Insists on one exact text.
    ///
    /// # Errors
    /// When it is missing or another one.
    pub fn exactly_text(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        self.exactly(name, &Json::text(value))
    }

    /// Refuses members that nobody took.
    ///
    /// # Errors
    /// With the name of the first of them.
    pub fn finish(self) -> Result<(), Refusal> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.codes.unknown(format!(
                "the member `{}` is not known",
                self.member_path(name)
            ))),
        }
    }

    fn ill_typed(&self, name: &str, met: &Json, wanted: &str) -> Refusal {
        self.codes.wrong(format!(
            "`{}` is {} instead of {wanted}",
            self.member_path(name),
            show(met)
        ))
    }
}

/// The value as it is shown in a sentence, cut to a readable length.
#[must_use]
pub fn show(json: &Json) -> String {
    let bytes = canonical(json);
    let whole = String::from_utf8_lossy(&bytes);
    let cut: String = whole.chars().take(80).collect();
    if cut.len() < whole.len() {
        format!("`{cut}…`")
    } else {
        format!("`{cut}`")
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Int(_) => "a number",
        Json::Text(_) => "a text",
        Json::List(_) => "a list",
        Json::Object(_) => "an object",
    }
}
