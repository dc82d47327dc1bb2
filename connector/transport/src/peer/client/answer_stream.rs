//! Answer of a peer as it arrives: batches, a summary of the received bytes, and the receipt at the end.

use crate::peer::client::PeerClient;
use crate::peer::client::batch_decoder::{self, BatchDecoder};
use crate::peer::client::open_calls::OpenCall;
use crate::peer::message_packer::unpack_message;
use arrow_array::RecordBatch;
use arrow_flight::FlightData;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use futures::{FutureExt as _, Stream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;
use tonic::Streaming;

/// Batches of one answer. The answer is complete only if the stream ends without an error; then the receipt is available. Dropping
/// the stream ends the answer at the provider.
pub struct AnswerBatchStream {
    frames: Streaming<FlightData>,
    client: PeerClient,
    /// Entry among the open calls, until the answer ends.
    call: Option<OpenCall>,
    decoder: BatchDecoder,
    digest: blake3::Hasher,
    rows: u64,
    bytes: u64,
    receipt: Option<Bytes>,
    over: bool,
    deadline: Option<Pin<Box<Sleep>>>,
    stall: Pin<Box<Sleep>>,
}

/// Summary of the received answer, for the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSummary {
    /// Number of rows.
    pub rows: u64,
    /// Number of bytes in headers and bodies of all messages before the receipt.
    pub bytes: u64,
    /// BLAKE3 over these bytes in order: for each message the header, then the body; the schema is the first message.
    pub digest: [u8; 32],
    /// Signed receipt of the provider, once it has arrived. A cut answer has one too.
    pub receipt: Option<Bytes>,
}

impl AnswerBatchStream {
    /// Waits for the schema.
    pub(super) async fn begin_stream(
        mut frames: Streaming<FlightData>,
        client: PeerClient,
        mut call: OpenCall,
        wait: Option<Duration>,
    ) -> Result<Self, Refusal> {
        let deadline = wait.map(|wait| Box::pin(tokio::time::sleep(wait)));
        let first = frames
            .message()
            .await
            .map_err(|status| client.failed_call_refusal(&status))?
            .ok_or_else(|| {
                client.invalid_data_refusal(batch_decoder::invalid_answer_refusal(
                    "the answer is empty",
                ))
            })?;
        let first = unpack_message(first).map_err(|fault| client.invalid_data_refusal(fault))?;
        if first.data_header.is_empty() && first.data_body.is_empty() {
            // Cut before its first message: the receipt states that nothing was sent, and the status states the reason.
            batch_decoder::read_receipt(first)
                .map_err(|fault| client.invalid_data_refusal(fault))?;
            return Err(match frames.message().await {
                Err(status) => client.failed_call_refusal(&status),
                Ok(_) => client.invalid_data_refusal(batch_decoder::invalid_answer_refusal(
                    "the answer ended before its columns",
                )),
            });
        }
        call.begin_answer();
        let decoder =
            BatchDecoder::from_first(&first).map_err(|fault| client.invalid_data_refusal(fault))?;
        let stall = Box::pin(tokio::time::sleep(client.settings().stall));
        let mut stream = Self {
            frames,
            client,
            call: Some(call),
            decoder,
            digest: blake3::Hasher::new(),
            rows: 0,
            bytes: 0,
            receipt: None,
            over: false,
            deadline,
            stall,
        };
        stream.count_frame(&first);
        Ok(stream)
    }

    /// Schema of the answer.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        self.decoder.schema()
    }

    /// Number of bytes received so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Summary of the answer received so far.
    #[must_use]
    pub fn transfer_summary(&self) -> TransferSummary {
        TransferSummary {
            rows: self.rows,
            bytes: self.bytes,
            digest: self.digest.finalize().into(),
            receipt: self.receipt.clone(),
        }
    }

    fn count_frame(&mut self, frame: &FlightData) {
        for part in [&frame.data_header, &frame.data_body] {
            self.digest.update(part);
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            self.bytes = self.bytes.saturating_add(length);
        }
    }

    /// Takes one message: a batch, or the receipt.
    fn take_message(&mut self, frame: FlightData) -> Result<Option<RecordBatch>, Refusal> {
        if self.receipt.is_some() {
            return Err(batch_decoder::invalid_answer_refusal(
                "a message came after the receipt",
            ));
        }
        let frame = unpack_message(frame)?;
        if frame.data_header.is_empty() && frame.data_body.is_empty() {
            let receipt = batch_decoder::read_receipt(frame)?;
            self.receipt = Some(receipt);
            return Ok(None);
        }
        let batch = self.decoder.decode_batch(&frame)?;
        self.count_frame(&frame);
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        self.rows = self.rows.saturating_add(rows);
        Ok(Some(batch))
    }

    fn end_call(&mut self) {
        self.over = true;
        self.call = None;
    }

    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<Refusal> {
        let deadline = self
            .deadline
            .as_mut()
            .is_some_and(|deadline| deadline.poll_unpin(context).is_ready());
        if deadline || self.stall.poll_unpin(context).is_ready() {
            Poll::Ready(self.client.late_answer_refusal())
        } else {
            Poll::Pending
        }
    }
}

impl Stream for AnswerBatchStream {
    type Item = Result<RecordBatch, Refusal>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while !this.over {
            let outcome =
                match Pin::new(&mut this.frames).poll_next(context) {
                    Poll::Ready(Some(Ok(frame))) => {
                        let stall = this.client.settings().stall;
                        this.stall = Box::pin(tokio::time::sleep(stall));
                        this.take_message(frame)
                            .map_err(|fault| this.client.invalid_data_refusal(fault))
                    }
                    Poll::Ready(Some(Err(status))) => Err(this.client.failed_call_refusal(&status)),
                    Poll::Ready(None) if this.receipt.is_some() => {
                        this.end_call();
                        return Poll::Ready(None);
                    }
                    Poll::Ready(None) => Err(this.client.invalid_data_refusal(
                        batch_decoder::invalid_answer_refusal(
                            "the answer ended without its receipt",
                        ),
                    )),
                    Poll::Pending => match this.poll_late(context) {
                        Poll::Ready(late) => Err(late),
                        Poll::Pending => return Poll::Pending,
                    },
                };
            match outcome {
                Ok(Some(batch)) => return Poll::Ready(Some(Ok(batch))),
                Ok(None) => {}
                Err(refusal) => {
                    this.end_call();
                    return Poll::Ready(Some(Err(cut_answer_refusal(refusal))));
                }
            }
        }
        Poll::Ready(None)
    }
}

/// Refusal for an answer that was cut by a broken connection.
fn cut_answer_refusal(mut refusal: Refusal) -> Refusal {
    if refusal.code == ErrorCode::PeerUnreachable {
        refusal.code = ErrorCode::StreamCut;
    }
    refusal
}

impl fmt::Debug for AnswerBatchStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBatchStream")
            .field("participant", self.client.participant())
            .field("rows", &self.rows)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
