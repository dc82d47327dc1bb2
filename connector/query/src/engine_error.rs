//! Conversion of engine errors to refusals. Execution errors are reported by class only, since their texts contain values, file
//! names and operators.

mod planning_words;

use crate::sql::functions::exact_arithmetic;
use crate::sql::refused_construct::not_allowed;
use datafusion_common::DataFusionError;
use datafusion_common::SchemaError;
use datafusion_common::arrow::error::ArrowError;
use hansa_policy::refusal::{ErrorCode, Refusal};
use tokio::task::JoinHandle;

/// Refusal for an error during execution.
#[must_use]
pub fn execution_refusal(error: &DataFusionError) -> Refusal {
    if let Some(refusal) = find_carried_refusal(error) {
        return refusal;
    }
    if let Some(refusal) = pattern_refusal(error) {
        return refusal;
    }
    match error.find_root() {
        DataFusionError::ArrowError(error, _) => arrow_refusal(error),
        DataFusionError::ResourcesExhausted(_) => over_limit(),
        DataFusionError::Execution(text) if text.contains("more than one row") => several_rows(),
        DataFusionError::Execution(_) => {
            evaluation_refusal("a function can't take one of its values")
                .caused_by(error.to_string())
        }
        DataFusionError::Plan(text) | DataFusionError::NotImplemented(text) => {
            planning_words::refusal_of(text)
        }
        // The names in the error may belong to columns that are not shown.
        DataFusionError::SchemaError(_, _) => Refusal::new(
            ErrorCode::SqlInvalid,
            "the statement can be read but not planned",
        ),
        _ => not_evaluated(error),
    }
}

/// Refusal for an error during planning. These error texts derive from the statement and the view alone.
#[must_use]
pub fn planning_refusal(error: &DataFusionError) -> Refusal {
    if let Some(refusal) = find_carried_refusal(error) {
        return refusal;
    }
    if let Some(refusal) = pattern_refusal(error) {
        return refusal;
    }
    match error.find_root() {
        DataFusionError::SchemaError(error, _) => schema_refusal(error),
        DataFusionError::ArrowError(error, _) => arrow_refusal(error),
        DataFusionError::Execution(text) if text.contains("more than one row") => several_rows(),
        DataFusionError::Plan(text)
        | DataFusionError::NotImplemented(text)
        | DataFusionError::Execution(text)
        | DataFusionError::Internal(text) => planning_words::refusal_of(text),
        other => planning_words::refusal_of(&other.to_string()),
    }
}

/// Wraps a refusal in an engine error, so that it passes through the engine.
#[must_use]
pub fn wrap_refusal(refusal: Refusal) -> DataFusionError {
    DataFusionError::External(Box::new(refusal))
}

/// Waits for a task that produces no more rows. Returns `None` if it ended normally and a refusal if it panicked. Without this
/// check a panic would look like the end of the rows.
pub(crate) async fn join_error(task: &mut JoinHandle<()>) -> Option<Refusal> {
    match task.await {
        Ok(()) => None,
        Err(cause) => Some(
            Refusal::new(
                ErrorCode::Internal,
                "the question could not be evaluated to its end",
            )
            .caused_by(cause),
        ),
    }
}

fn find_carried_refusal(error: &DataFusionError) -> Option<Refusal> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(refusal.clone());
        }
        if let Some(DataFusionError::External(inner)) = error.downcast_ref::<DataFusionError>()
            && let Some(refusal) = inner.downcast_ref::<Refusal>()
        {
            return Some(refusal.clone());
        }
        if let Some(ArrowError::ExternalError(inner)) = error.downcast_ref::<ArrowError>()
            && let Some(refusal) = inner.downcast_ref::<Refusal>()
        {
            return Some(refusal.clone());
        }
        next = error.source();
    }
    None
}

/// Refusal for an invalid pattern, which is written in the statement or computed from a value.
fn pattern_refusal(error: &DataFusionError) -> Option<Refusal> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let inside = match (
            error.downcast_ref::<DataFusionError>(),
            error.downcast_ref::<ArrowError>(),
        ) {
            // Error of the optimizer for a pattern that it can't parse.
            (Some(DataFusionError::Context(what, _)), _) if what == "Invalid regex" => {
                return Some(evaluation_refusal("a pattern can't be read"));
            }
            // Error of the optimizer for a pattern that becomes too large.
            (Some(DataFusionError::Internal(what)), _) if what.contains("CompiledTooBig") => {
                return Some(too_large_a_pattern());
            }
            (Some(DataFusionError::External(inner)), _) => Some(inner.as_ref()),
            (_, Some(ArrowError::ExternalError(inner))) => Some(inner.as_ref()),
            _ => None,
        };
        let found = inside.and_then(|inner| inner.downcast_ref::<regex::Error>());
        match found.or_else(|| error.downcast_ref::<regex::Error>()) {
            Some(regex::Error::CompiledTooBig(_)) => {
                return Some(too_large_a_pattern());
            }
            Some(_) => return Some(evaluation_refusal("a pattern can't be read")),
            None => next = error.source(),
        }
    }
    None
}

fn too_large_a_pattern() -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        "a pattern needs more memory than its limit",
    )
}

fn arrow_refusal(error: &ArrowError) -> Refusal {
    match error {
        ArrowError::DivideByZero => evaluation_refusal("division by zero"),
        ArrowError::ArithmeticOverflow(_) => exact_arithmetic::overflow_refusal(),
        ArrowError::CastError(_) | ArrowError::ParseError(_) => {
            evaluation_refusal("a value can't be converted to the type asked for")
        }
        ArrowError::MemoryError(_) | ArrowError::OffsetOverflowError(_) => over_limit(),
        // The library reports its limit on spilled bytes as an I/O error whose text names this setting.
        ArrowError::IoError(text, _) if text.contains("max_temp_directory_size") => over_limit(),
        ArrowError::InvalidArgumentError(_) | ArrowError::ComputeError(_) => {
            evaluation_refusal("a function can't take one of its values")
                .caused_by(error.to_string())
        }
        _ => not_evaluated(error),
    }
}

/// Refusal for an unexpected error. The engine's text becomes the cause, which only the trace of this machine shows: it may contain
/// values and file names. The cause is a plain text, so no part of it is mistaken for the error itself.
fn not_evaluated(error: &impl std::error::Error) -> Refusal {
    Refusal::new(ErrorCode::Internal, "the question could not be evaluated")
        .caused_by(error.to_string())
}

fn over_limit() -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        "the question needs more memory or disk than its limit",
    )
}

/// Refusal for a scalar subquery with several rows.
pub(crate) fn several_rows() -> Refusal {
    evaluation_refusal("a subquery that stands for one value has several rows")
        .with_help("let it have one, for example with max(…) or ORDER BY … LIMIT 1")
}

fn evaluation_refusal(what: &str) -> Refusal {
    Refusal::new(ErrorCode::EvaluationFailed, what)
}

fn schema_refusal(error: &SchemaError) -> Refusal {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            let mut names: Vec<&str> = valid_fields.iter().map(|field| field.name()).collect();
            names.sort_unstable();
            names.dedup();
            let refusal = Refusal::new(
                ErrorCode::ColumnUnknown,
                format!("no column `{}` in the tables of the question", field.name()),
            );
            if names.is_empty() {
                refusal
            } else if names.contains(&field.name()) {
                refusal.with_help(format!(
                    "there is a `{}` in another table; a column of USING or NATURAL is written without its table",
                    field.name()
                ))
            } else {
                refusal.with_help(format!("there are {}", names.join(", ")))
            }
        }
        SchemaError::AmbiguousReference { field } => Refusal::new(
            ErrorCode::SqlInvalid,
            format!("the column `{}` is in several tables", field.name()),
        )
        .with_help("write the table before it"),
        // The engine names a call or a constant without its casts (DataFusion 55.2).
        SchemaError::DuplicateUnqualifiedField { name } if name.contains('(') || name == "NULL" => {
            not_allowed("a call or a constant beside another that differs from it in a CAST alone")
                .with_help("compute the cast in a subquery, and name it there with AS")
        }
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => Refusal::new(
            ErrorCode::SqlInvalid,
            format!("two columns are called `{name}`"),
        )
        .with_help("name one of them with AS"),
    }
}
