//! The refusals of foreign JSON that is read member by member: known ones only, none missing, none left over.

use crate::id::ClauseId;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::strict_object::{ObjectErrors, StrictObject, StrictObjectError};
use hansa_audit_log::json::{Json, canonical};

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

/// The members of an object that were not taken yet; faults are refusals.
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
