//! Clauses in words, and the language of these words.

use hansa_policy::id::ClauseId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;
use hansa_policy::term::language::Language;
use serde::Serialize;

/// Clause in words.
#[derive(Debug, Serialize)]
pub(crate) struct ClauseReport {
    clause: ClauseId,
    text: String,
    /// `true` if the connector enforces the clause; otherwise it is agreed alone.
    enforced: bool,
}

impl ClauseReport {
    /// The clauses of a policy in a language.
    pub(crate) fn from_clauses(clauses: &[Clause], language: Language) -> Vec<Self> {
        let clauses = clauses.iter().map(|clause| Self {
            clause: clause.id,
            text: clause.term.render(language),
            enforced: !clause.term.is_recorded_only(),
        });
        clauses.collect()
    }
}

/// The language of the words of clauses: the one that was named, else English.
///
/// # Errors
/// `USAGE`
pub(crate) fn parse_term_language(text: Option<&str>) -> Result<Language, Refusal> {
    let Some(text) = text else {
        return Ok(Language::En);
    };
    text.parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}")))
}
