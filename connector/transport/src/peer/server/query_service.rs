//! Query service for peers: answers with rows, and the receipt at the end.

use crate::flight::{DoGetHandler, FlightMessageStream};
use crate::internal_error;
use crate::peer::message_packer::MessagePacker;
use crate::peer::server::admission::{PeerAdmission, rejection_status};
use crate::peer_handler::{AnswerStream, AnswerStreamFrame};
use crate::trace_link;
use arrow_flight::{FlightData, Ticket};
use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::query_request;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::{Request, Status};
use tracing::{Instrument as _, Span, field};

/// Query service for peers.
pub(super) struct QueryService {
    admission: PeerAdmission,
}

impl QueryService {
    pub(super) const fn new(admission: PeerAdmission) -> Self {
        Self { admission }
    }
}

#[async_trait]
impl DoGetHandler for QueryService {
    async fn rows(&self, request: Request<Ticket>) -> Result<FlightMessageStream, Status> {
        // At error level the span is part of every log line.
        let span = tracing::error_span!(
            "answer",
            otel.kind = "server",
            rpc.system = "grpc",
            rpc.service = "arrow.flight.protocol.FlightService",
            rpc.method = "DoGet",
            request = field::Empty,
            peer = field::Empty,
            contract = field::Empty,
            dataset = field::Empty,
        );
        trace_link::link_span(request.metadata(), &span);
        let messages = self.answer_ticket(request).instrument(span.clone()).await?;
        Ok(TracedMessages { messages, span }.boxed())
    }
}

/// Messages of an answer within its span, which ends with the last byte.
struct TracedMessages {
    messages: FlightMessageStream,
    span: Span,
}

impl Stream for TracedMessages {
    type Item = Result<FlightData, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let span = self.span.clone();
        span.in_scope(|| self.messages.poll_next_unpin(context))
    }
}

impl QueryService {
    async fn answer_ticket(&self, request: Request<Ticket>) -> Result<FlightMessageStream, Status> {
        let (caller, Ticket { ticket }) = self.admission.admit(request).await?;
        Span::current().record("peer", caller.peer.id().domain());
        let asking = match query_request::from_ticket(&ticket) {
            Ok(asking) => asking,
            Err(refusal) => {
                return Err(self
                    .admission
                    .refuse_request(&caller.presented, refusal)
                    .await);
            }
        };
        Span::current().record("request", field::display(asking.ask.request));
        let small = asking.compact_answers;
        let rows = self
            .admission
            .handler()
            .answer_query(&caller.peer, asking)
            .await
            .map_err(|no| rejection_status(&no))?;
        let messages = answer_messages(rows);
        if !small {
            return Ok(messages);
        }
        let mut packer = MessagePacker::default();
        let packed =
            messages.map(move |message| message.map(|message| packer.pack_message(message)));
        Ok(packed.boxed())
    }
}

/// Messages of an answer.
fn answer_messages(rows: AnswerStream) -> FlightMessageStream {
    let AnswerStream { frames } = rows;
    stream::unfold(StreamState::Rows(frames), |stage| async move {
        match stage {
            StreamState::Rows(mut frames) => match frames.next().await {
                Some(Ok(AnswerStreamFrame::Data { header, body })) => Some((
                    Ok(FlightData {
                        flight_descriptor: None,
                        data_header: header,
                        app_metadata: bytes::Bytes::new(),
                        data_body: body,
                    }),
                    StreamState::Rows(frames),
                )),
                Some(Ok(AnswerStreamFrame::Receipt(receipt))) => Some((
                    Ok(FlightData {
                        flight_descriptor: None,
                        data_header: bytes::Bytes::new(),
                        app_metadata: receipt,
                        data_body: bytes::Bytes::new(),
                    }),
                    StreamState::Receipt(frames),
                )),
                Some(Err(cut)) => Some((
                    Err(internal_error::cut_answer_status(cut)),
                    StreamState::Over,
                )),
                None => Some((
                    Err(internal_error::cut_answer_status(no_receipt())),
                    StreamState::Over,
                )),
            },
            // INVARIANT: receipt-last. After the receipt only the reason of a cut answer may follow.
            StreamState::Receipt(mut frames) => match frames.next().await {
                Some(Err(cut)) => Some((
                    Err(internal_error::cut_answer_status(cut)),
                    StreamState::Over,
                )),
                Some(Ok(_)) => Some((
                    Err(internal_error::cut_answer_status(no_receipt())),
                    StreamState::Over,
                )),
                None => None,
            },
            StreamState::Over => None,
        }
    })
    .boxed()
}

enum StreamState {
    Rows(BoxStream<'static, Result<AnswerStreamFrame, Refusal>>),
    Receipt(BoxStream<'static, Result<AnswerStreamFrame, Refusal>>),
    Over,
}

fn no_receipt() -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "the answer did not end with its receipt",
    )
}
