//! Peer service for all requests except rows: greetings, catalogue, messages, proofs, heads to be witnessed.

use crate::internal_error;
use crate::peer::server::admission::{AdmittedCaller, PeerAdmission, rejection_status};
use crate::peer::settings::TransportSettings;
use crate::peer_handler::{MessageReceipt, PeerMessageStream};
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::pb::peer_server::Peer;
use hansa_proto::peer::{catalog_page, greeting, message, pb, proof, witness};
use std::pin::Pin;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Peer service.
pub(super) struct PeerService {
    admission: PeerAdmission,
    settings: TransportSettings,
    closing: CancellationToken,
}

impl PeerService {
    pub(super) const fn new(
        admission: PeerAdmission,
        settings: TransportSettings,
        closing: CancellationToken,
    ) -> Self {
        Self {
            admission,
            settings,
            closing,
        }
    }

    /// Parses a message. An invalid one is refused, and the refusal is recorded.
    async fn parse_or_refuse<T>(
        &self,
        caller: &AdmittedCaller,
        read: Result<T, Refusal>,
    ) -> Result<T, Status> {
        match read {
            Ok(value) => Ok(value),
            Err(refusal) => Err(self
                .admission
                .refuse_request(&caller.presented, refusal)
                .await),
        }
    }
}

#[async_trait]
impl Peer for PeerService {
    type InboxStream = BoxStream<'static, Result<pb::InboxMessage, Status>>;

    async fn hello(
        &self,
        request: Request<pb::HelloRequest>,
    ) -> Result<Response<pb::HelloReply>, Status> {
        let (caller, message) = self.admission.admit(request).await?;
        let pb::HelloRequest { greeting } = message;
        let theirs = self
            .parse_or_refuse(&caller, greeting::from_wire(greeting))
            .await?;
        let ours = self
            .admission
            .handler()
            .hello(&caller.peer, theirs)
            .await
            .map_err(|no| rejection_status(&no))?;
        Ok(Response::new(pb::HelloReply {
            greeting: Some(greeting::to_wire(&ours)),
        }))
    }

    async fn catalog(
        &self,
        request: Request<pb::CatalogRequest>,
    ) -> Result<Response<pb::CatalogReply>, Status> {
        let (caller, message) = self.admission.admit(request).await?;
        let wanted = self
            .parse_or_refuse(&caller, catalog_page::request_from_wire(message))
            .await?;
        let page = self
            .admission
            .handler()
            .catalog_page(&caller.peer, wanted.clone())
            .await
            .map_err(|no| rejection_status(&no))?;
        Ok(Response::new(catalog_page::reply_to_wire(&page, &wanted)))
    }

    async fn send(
        &self,
        request: Request<pb::SendRequest>,
    ) -> Result<Response<pb::SendReply>, Status> {
        let (caller, message) = self.admission.admit(request).await?;
        let pb::SendRequest {
            message: peer_message,
        } = message;
        let peer_message = self
            .parse_or_refuse(
                &caller,
                message::compact_ack::handed_from_wire(peer_message),
            )
            .await?;
        let taken = self
            .admission
            .handler()
            .accept_message(&caller.peer, peer_message)
            .await
            .map_err(|no| rejection_status(&no))?;
        Ok(Response::new(pb::SendReply {
            whole: taken == MessageReceipt::NotWhole,
        }))
    }

    async fn inbox(
        &self,
        request: Request<pb::InboxRequest>,
    ) -> Result<Response<Self::InboxStream>, Status> {
        let (caller, message) = self.admission.admit(request).await?;
        let pb::InboxRequest { after, once } = message;
        let messages = self
            .admission
            .handler()
            .inbox(&caller.peer, after, once)
            .await
            .map_err(|no| rejection_status(&no))?;
        let subscription = InboxSubscription {
            admission: self.admission.clone(),
            caller,
            messages,
            closing: self.closing.clone(),
            age: Box::pin(tokio::time::sleep(self.settings.connection_age)),
        };
        Ok(Response::new(subscription.into_messages()))
    }

    async fn proof(
        &self,
        request: Request<pb::ProofRequest>,
    ) -> Result<Response<pb::ProofReply>, Status> {
        let (caller, message) = self.admission.admit(request).await?;
        let proof_request = self
            .parse_or_refuse(&caller, proof::request_from_wire(message))
            .await?;
        let proof = self
            .admission
            .handler()
            .log_proof(&caller.peer, proof_request)
            .await
            .map_err(|no| rejection_status(&no))?;
        Ok(Response::new(proof::to_wire(&proof)))
    }

    async fn witness(
        &self,
        request: Request<pb::WitnessRequest>,
    ) -> Result<Response<pb::WitnessReply>, Status> {
        let (caller, message) = self.admission.admit(request).await?;
        let submission = self
            .parse_or_refuse(&caller, witness::request_from_wire(message))
            .await?;
        let outcome = self
            .admission
            .handler()
            .cosign_head(&caller.peer, submission)
            .await
            .map_err(|no| rejection_status(&no))?;
        Ok(Response::new(witness::to_wire(&outcome)))
    }
}

/// Subscription of one inbox.
struct InboxSubscription {
    admission: PeerAdmission,
    caller: AdmittedCaller,
    messages: PeerMessageStream,
    closing: CancellationToken,
    age: Pin<Box<Sleep>>,
}

impl InboxSubscription {
    /// Messages as they arrive. Before each, the caller is identified again. The stream ends at the age limit of connections or
    /// when the connector stops; the caller then requests it again from its last number.
    fn into_messages(self) -> BoxStream<'static, Result<pb::InboxMessage, Status>> {
        stream::unfold(Some(self), |subscription| async move {
            let mut subscription = subscription?;
            let next = tokio::select! {
                biased;
                () = subscription.closing.cancelled() => None,
                () = subscription.age.as_mut() => None,
                next = subscription.messages.next() => next,
            }?;
            let presented = &subscription.caller.presented;
            if let Err(refusal) = subscription.admission.handler().recognise(presented) {
                let status = subscription
                    .admission
                    .refuse_request(presented, refusal)
                    .await;
                return Some((Err(status), None));
            }
            match next {
                Ok(numbered) => {
                    Some((Ok(message::numbered_to_wire(&numbered)), Some(subscription)))
                }
                Err(cut) => Some((Err(internal_error::cut_answer_status(cut)), None)),
            }
        })
        .boxed()
    }
}
