//! How much of an error is told of sources that stay where they are.

use hansa_policy::refusal::{ErrorCode, Refusal};

/// How much is told of what stands in the way of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorDetail {
    /// All of it: to the own house, which configures it.
    All,
    /// That it is so: to whoever asks. The reason, which names files and machines, goes into the own log.
    Little,
}

impl ErrorDetail {
    pub(super) fn of(self, refusal: Refusal) -> Refusal {
        let plain = matches!(
            refusal.code,
            ErrorCode::SourceChanged | ErrorCode::SchemaChanged | ErrorCode::ResourceLimit
        );
        if plain || self == Self::All {
            return refusal;
        }
        let cause = refusal.cause_chain().unwrap_or_default();
        tracing::error!(name: "in_place.unavailable", detail = %refusal, cause, "rows in place can't be read");
        Refusal::new(
            ErrorCode::SourceUnavailable,
            "the rows of a dataset in place can't be read at this time",
        )
        .caused_by(refusal)
    }
}
