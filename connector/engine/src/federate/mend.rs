//! From the engine's errors to refusals, and refusals through the engine.

use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;
use policy::id::{Name, ParticipantId};
use policy::refusal::{Code, Refusal};

/// A refusal on its way through the engine.
pub(super) fn carry(refusal: Refusal) -> DataFusionError {
    DataFusionError::External(Box::new(refusal))
}

/// What an error while planning means for the person who asked.
pub(super) fn planning(error: &DataFusionError) -> Refusal {
    if let Some(refusal) = carried(error) {
        return refusal;
    }
    let root = error.find_root();
    let sentence = first_line(&root.strip_backtrace());
    match root {
        DataFusionError::SQL(fault, _) => match &**fault {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
                Refusal::new(Code::SqlSyntax, first_line(text))
            }
            ParserError::RecursionLimitExceeded => {
                Refusal::new(Code::SqlTooDeep, "the statement is nested too deep")
            }
        },
        DataFusionError::SchemaError(schema, _) => match &**schema {
            SchemaError::FieldNotFound { field, .. } => {
                Refusal::new(Code::ColumnUnknown, format!("no column `{}`", field.name))
            }
            SchemaError::AmbiguousReference { .. }
            | SchemaError::DuplicateQualifiedField { .. }
            | SchemaError::DuplicateUnqualifiedField { .. } => {
                Refusal::new(Code::SqlInvalid, sentence)
            }
        },
        DataFusionError::NotImplemented(_) => Refusal::new(Code::ConstructNotAllowed, sentence),
        _ => Refusal::new(Code::SqlInvalid, sentence),
    }
}

/// What an error while running means: values are never repeated.
pub(super) fn running(error: &DataFusionError) -> Refusal {
    if let Some(refusal) = carried(error) {
        return refusal;
    }
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => Refusal::new(
            Code::ResourceLimit,
            "the question needs more memory here than its limit",
        ),
        DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => Refusal::new(
            Code::EvaluationFailed,
            "evaluating the query failed on a value",
        ),
        _ => Refusal::new(Code::Internal, "running the query failed here"),
    }
}

/// Names in a participant's refusal as the asker wrote them, and the participant itself.
pub(super) fn from_peer(
    mut refusal: Refusal,
    participant: &ParticipantId,
    alias: &Name,
    dataset: &Name,
) -> Refusal {
    for (bare, full) in [
        (
            format!("`{dataset}.cube`"),
            format!("`{alias}.{dataset}.cube`"),
        ),
        (format!("`{dataset}`"), format!("`{alias}.{dataset}`")),
    ] {
        refusal.sentence = refusal.sentence.replace(&bare, &full);
        for line in &mut refusal.help {
            *line = line.replace(&bare, &full);
        }
    }
    if refusal.participant.is_none() {
        refusal.participant = Some(participant.clone());
    }
    refusal
}

fn carried(error: &DataFusionError) -> Option<Refusal> {
    match error.find_root() {
        DataFusionError::External(inner) => inner.downcast_ref::<Refusal>().cloned(),
        _ => None,
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = ["Error during planning: ", "SQL error: ", "Schema error: "]
        .iter()
        .find_map(|lead| line.strip_prefix(lead))
        .unwrap_or(line);
    line.trim_end_matches('.').to_owned()
}
