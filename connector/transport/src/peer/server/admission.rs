//! Admission of requests: the caller is identified at each request, by its certificate alone.

use crate::internal_error;
use crate::peer_handler::{PeerHandler, QueryRejection};
use hansa_policy::peer::{PeerCertificate, VerifiedPeer};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::refusal;
use std::sync::Arc;
use tonic::{Extensions, Request, Status};

/// Admission of requests.
#[derive(Clone)]
pub(super) struct PeerAdmission {
    handler: Arc<dyn PeerHandler>,
}

/// Identified caller of a request.
pub(super) struct AdmittedCaller {
    pub(super) presented: PeerCertificate,
    pub(super) peer: VerifiedPeer,
}

impl PeerAdmission {
    pub(super) const fn new(front: Arc<dyn PeerHandler>) -> Self {
        Self { handler: front }
    }

    pub(super) fn handler(&self) -> &Arc<dyn PeerHandler> {
        &self.handler
    }

    /// Identifies the caller, and takes the message out of the request.
    pub(super) async fn admit<T>(
        &self,
        request: Request<T>,
    ) -> Result<(AdmittedCaller, T), Status> {
        let (metadata, extensions, message) = request.into_parts();
        let presented = presented_certificate(&extensions)?;
        if let Some(header) = IDENTITY_HEADERS
            .into_iter()
            .find(|header| metadata.contains_key(*header))
        {
            let refusal = Refusal::new(
                ErrorCode::IdentityHeaderPresent,
                format!("the request carries the header `{header}`"),
            );
            return Err(self.refuse_stranger(&presented, refusal).await);
        }
        // INVARIANT: recognised-each-time. A connection may outlive an expulsion, so no request relies on the handshake.
        match self.handler.recognise(&presented) {
            Ok(peer) => Ok((AdmittedCaller { presented, peer }, message)),
            Err(refusal) => Err(self.refuse_stranger(&presented, refusal).await),
        }
    }

    /// Records a refusal of a peer's request that the server found, and returns its status.
    pub(super) async fn refuse_request(
        &self,
        presented: &PeerCertificate,
        refusal: Refusal,
    ) -> Status {
        rejection_status(&self.handler.decline(presented, refusal).await)
    }

    /// Records a refusal for an unidentified caller, and returns its status. Such a caller does not learn that recording failed.
    async fn refuse_stranger(&self, presented: &PeerCertificate, refusal: Refusal) -> Status {
        match self.handler.decline(presented, refusal).await {
            QueryRejection::Closed => refusal::closed_status(),
            declined => rejection_status(&declined),
        }
    }
}

/// Status of a rejection.
pub(super) fn rejection_status(no: &QueryRejection) -> Status {
    match no {
        QueryRejection::Declined(declined) => {
            let request = declined.refused_query().map(|asked| asked.request);
            match internal_error::trace_refusal(declined.refusal(), request) {
                Some(number) => refusal::numbered_to_wire(declined, &number),
                None => refusal::to_wire(declined),
            }
        }
        QueryRejection::Quiet(quiet) => refusal::quiet_to_wire(quiet),
        QueryRejection::Summed(summed) => {
            match internal_error::trace_refusal(summed.refusal(), None) {
                Some(number) => refusal::numbered_sum_to_wire(summed, &number),
                None => refusal::summed_to_wire(summed),
            }
        }
        QueryRejection::Closed => refusal::refuse_unrecorded(),
        QueryRejection::Moved => refusal::refuse_moved(),
    }
}

/// Headers by which proxies state another caller's identity. They are refused.
const IDENTITY_HEADERS: [&str; 5] = [
    "authorization",
    "x-client-cert",
    "x-forwarded-client-cert",
    "x-hansa-peer",
    "x-ssl-client-cert",
];

fn presented_certificate(extensions: &Extensions) -> Result<PeerCertificate, Status> {
    extensions
        .get::<PeerCertificate>()
        .cloned()
        .ok_or_else(refusal::closed_status)
}
