//! Refusals of the strict JSON object reader: unknown, missing and left-over members.

use crate::id::ClauseId;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::strict_object::{ObjectErrors, StrictObject, StrictObjectError};
use hansa_audit_log::json::{Json, canonical};

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
    /// One code for both cases.
    #[must_use]
    pub const fn of(code: ErrorCode) -> Self {
        Self {
            unknown: code,
            wrong: code,
            clause: None,
        }
    }

    /// Codes of a policy.
    pub const POLICY: Self = Self {
        unknown: ErrorCode::TermUnknown,
        wrong: ErrorCode::TermIllTyped,
        clause: None,
    };

    /// Codes with the clause that is being read.
    #[must_use]
    pub const fn within(mut self, clause: ClauseId) -> Self {
        self.clause = Some(clause);
        self
    }

    /// Refusal of something unknown.
    #[must_use]
    pub fn unknown(&self, sentence: impl Into<String>) -> Refusal {
        self.refuse(self.unknown, sentence)
    }

    /// Refusal of something missing or of a wrong type.
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

/// Members of an object that were not read yet; errors are refusals.
pub type StrictObjectReader = StrictObject<ReaderErrorCodes>;

impl ObjectErrors for ReaderErrorCodes {
    type Error = Refusal;

    fn error(&self, fault: StrictObjectError) -> Refusal {
        match fault {
            StrictObjectError::NotAnObject { at, actual } => {
                self.wrong(format!("`{at}` is {} instead of an object", kind(&actual)))
            }
            StrictObjectError::Absent(name) => {
                self.wrong(format!("the member `{name}` is missing"))
            }
            StrictObjectError::Wrong {
                name,
                actual,
                wanted,
            } => self.wrong(format!("`{name}` is {} instead of {wanted}", show(&actual))),
            StrictObjectError::Malformed { name, text, fault } => {
                self.wrong(format!("`{name}` is `{text}`: {fault}"))
            }
            StrictObjectError::Other {
                name,
                actual,
                wanted,
            } => self.unknown(format!(
                "`{name}` is {} instead of {}",
                show(&actual),
                show(&wanted)
            )),
            StrictObjectError::Empty(name) => self.wrong(format!("the list `{name}` is empty")),
            StrictObjectError::Unknown(name) => {
                self.unknown(format!("the member `{name}` is not known"))
            }
        }
    }
}

/// Value as text for a sentence, cut to a readable length.
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
