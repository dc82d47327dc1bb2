//! error: E0308
//! A refusal is told when it is in the log, not before.

use hansa_transport::peer_handler::QueryRejection;

pub fn hasten(declined: PendingRefusal) -> QueryRejection {
    QueryRejection::Declined(declined)
}
