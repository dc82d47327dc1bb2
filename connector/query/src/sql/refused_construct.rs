//! Refusals of constructs outside the allowlist.

use datafusion::sql::sqlparser::tokenizer::Location;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Refusal of a construct outside the allowlist.
pub(crate) fn not_allowed(what: &str) -> Refusal {
    Refusal::new(
        ErrorCode::ConstructNotAllowed,
        format!("{what} is not supported here"),
    )
}

/// Adds line and column, if known.
pub(crate) fn add_location(refusal: Refusal, location: Location) -> Refusal {
    if location.line == 0 {
        return refusal;
    }
    refusal.with_place(
        "SQL",
        Some(location.line),
        Some(format!("column {}", location.column)),
    )
}
