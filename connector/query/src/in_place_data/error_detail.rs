//! Level of detail in errors of sources in place.

use hansa_policy::refusal::{ErrorCode, Refusal};

/// Level of detail of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorDetail {
    /// All details, for the owner who configures the source.
    All,
    /// Only the fact of the error, for a consumer. The cause, which names files and machines, goes into the participant's own log.
    Little,
}

impl ErrorDetail {
    pub(super) fn redact_refusal(self, refusal: Refusal) -> Refusal {
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
