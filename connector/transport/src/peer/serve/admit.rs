//! Who is calling, at this request: from the certificate alone.

use crate::front::{Front, NoAnswer};
use hansa_policy::peer::{Presented, VerifiedPeer};
use hansa_policy::refusal::{Code, Refusal};
use hansa_proto::peer::refusal;
use std::sync::Arc;
use tonic::{Extensions, Request, Status};

/// Lets requests in.
#[derive(Clone)]
pub(super) struct Admission {
    front: Arc<dyn Front>,
}

/// Who asks, on which connection.
pub(super) struct Caller {
    pub(super) presented: Presented,
    pub(super) peer: VerifiedPeer,
}

impl Admission {
    pub(super) const fn new(front: Arc<dyn Front>) -> Self {
        Self { front }
    }

    pub(super) fn front(&self) -> &Arc<dyn Front> {
        &self.front
    }

    /// Recognises the caller, and takes the message out of the request.
    pub(super) async fn admit<T>(&self, request: Request<T>) -> Result<(Caller, T), Status> {
        let (metadata, extensions, message) = request.into_parts();
        let presented = presented(&extensions)?;
        if let Some(header) = IDENTITY_HEADERS
            .into_iter()
            .find(|header| metadata.contains_key(*header))
        {
            let refusal = Refusal::new(
                Code::IdentityHeaderPresent,
                format!("the request carries the header `{header}`"),
            );
            return Err(self.refused(&presented, refusal).await);
        }
        // INVARIANT: recognised-each-time. A handshake outlives an expulsion, so no request rests on it.
        match self.front.recognise(&presented) {
            Ok(peer) => Ok((Caller { presented, peer }, message)),
            Err(refusal) => Err(self.refused(&presented, refusal).await),
        }
    }

    /// The status of a refusal that the face found, after it was recorded.
    pub(super) async fn refused(&self, presented: &Presented, refusal: Refusal) -> Status {
        status(&self.front.decline(presented, refusal).await)
    }
}

/// The status of a connector that does not answer.
pub(super) fn status(no: &NoAnswer) -> Status {
    match no {
        NoAnswer::Declined(declined) => refusal::to_wire(declined),
        NoAnswer::Quiet(quiet) => refusal::quiet_to_wire(quiet),
        NoAnswer::Summed(summed) => refusal::summed_to_wire(summed),
        NoAnswer::Closed => refusal::closed(),
    }
}

/// Headers by which proxies speak for others. Here nobody does.
const IDENTITY_HEADERS: [&str; 5] = [
    "authorization",
    "x-client-cert",
    "x-forwarded-client-cert",
    "x-hansa-peer",
    "x-ssl-client-cert",
];

fn presented(extensions: &Extensions) -> Result<Presented, Status> {
    extensions
        .get::<Presented>()
        .cloned()
        .ok_or_else(refusal::closed)
}
