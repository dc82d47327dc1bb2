//! Status of a refusal for a client. Most programs show only its message, so the message contains the whole refusal.

use crate::internal_error;
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::refusal;
use tonic::Status;

/// Status of a refusal.
pub(super) fn refusal_status(refused: Refusal) -> Status {
    refusal::for_client(&internal_error::with_trace_number(refused))
}
