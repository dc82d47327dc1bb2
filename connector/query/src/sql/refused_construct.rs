//! Refusals of constructs outside the list of what is understood.

use datafusion::sql::sqlparser::tokenizer::Location;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// The refusal for a construct outside the list.
pub(crate) fn not_allowed(what: &str) -> Refusal {
    Refusal::new(
        ErrorCode::ConstructNotAllowed,
        format!("{what} is not supported here"),
    )
}

/// Adds line and column, where known.
pub(crate) fn at(refusal: Refusal, location: Location) -> Refusal {
    if location.line == 0 {
        return refusal;
    }
    refusal.with_place(
        "SQL",
        Some(location.line),
        Some(format!("column {}", location.column)),
    )
}
