//! A refusal as a client is told of it: most programs show the message of a status and nothing else, so all of it stands there.

use crate::internal_error;
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::refusal;
use tonic::Status;

/// The status of a refusal.
pub(super) fn status(refused: Refusal) -> Status {
    refusal::for_client(&internal_error::with_trace_number(refused))
}
