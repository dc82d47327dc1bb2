//! Client of a worker: a connection over the TLS of the cluster, a ticket, and the returned rows.

use crate::peer::client::batch_decoder::{self, BatchDecoder};
use crate::peer::settings::TransportSettings;
use crate::secure_connection::{self, SILENT, SecureConnectError};
use arrow_array::RecordBatch;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightData, Ticket};
use arrow_schema::SchemaRef;
use futures::{FutureExt as _, Stream};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{WorkerTicket, to_ticket};
use hansa_proto::peer::refusal;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Status, Streaming};

/// Connection to one worker. Cheap to clone. A broken connection is reopened with the next ticket.
#[derive(Debug, Clone)]
pub struct WorkerClient {
    channel: Channel,
    worker: SqlIdentifier,
    settings: TransportSettings,
}

impl WorkerClient {
    /// Connects to `address`, a host and a port. The certificate of the worker must be for `name`.
    ///
    /// # Errors
    /// `WORKER_FAILED`.
    pub async fn open(
        worker: SqlIdentifier,
        address: &str,
        tls: Arc<ClientConfig>,
        name: ServerName<'static>,
        settings: TransportSettings,
    ) -> Result<Self, Refusal> {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|cause| {
            failed_worker_refusal(&worker, "its address can't be read").caused_by(cause)
        })?;
        let time = settings.handshake;
        let peer_endpoint = Arc::new(WorkerEndpoint {
            worker: worker.clone(),
            address: address.to_owned(),
            tls,
            name,
            time,
        });
        let connector = tower::service_fn(move |_: Uri| {
            let peer_endpoint = Arc::clone(&peer_endpoint);
            async move {
                // A timeout for each connection, since a broken one is reopened much later.
                match tokio::time::timeout(time, peer_endpoint.open_secure_connection()).await {
                    Ok(secured) => secured.map(TokioIo::new),
                    Err(late) => Err(
                        failed_worker_refusal(&peer_endpoint.worker, LATE_CONNECTION)
                            .caused_by(late),
                    ),
                }
            }
        });
        let endpoint = settings.endpoint(endpoint);
        let opening = endpoint.connect_with_connector(connector);
        let channel = tokio::time::timeout(time, opening)
            .await
            .map_err(|late| failed_worker_refusal(&worker, LATE_CONNECTION).caused_by(late))?
            .map_err(|error| {
                secure_connection::refusal_within(&error).unwrap_or_else(|| {
                    failed_worker_refusal(&worker, "the connection broke at once").caused_by(error)
                })
            })?;
        Ok(Self {
            channel,
            worker,
            settings,
        })
    }

    /// Sends a ticket, and returns when the answer has begun. It waits a little longer than `time`, so that the worker itself can
    /// report a timeout.
    ///
    /// # Errors
    /// The refusal of the worker; `WORKER_FAILED` when it can't be reached or its answer is invalid; `MESSAGE_TOO_LARGE` for a
    /// ticket above the limit.
    pub async fn send_ticket(
        &self,
        ticket: &WorkerTicket,
        time: Duration,
    ) -> Result<TaskRowStream, Refusal> {
        let ticket = Ticket {
            ticket: to_ticket(ticket),
        };
        let (length, most) = (ticket.encoded_len(), self.settings.request);
        if length > most {
            return Err(Refusal::new(
                ErrorCode::MessageTooLarge,
                format!("the ticket of a worker holds {length} bytes; at most {most} are sent"),
            ));
        }
        let time = time.saturating_add(self.settings.handshake);
        let mut deadline = Box::pin(tokio::time::sleep(time));
        let begin = async {
            let begun = secure_connection::repeat_unsent_call(|| async {
                let mut client = self.flight_client();
                client.do_get(ticket.clone()).await
            });
            let mut frames = begun
                .await
                .map_err(|status| failed_call_refusal(&self.worker, &status))?
                .into_inner();
            let first = frames
                .message()
                .await
                .map_err(|status| failed_call_refusal(&self.worker, &status))?
                .ok_or_else(|| failed_worker_refusal(&self.worker, "its answer is empty"))?;
            let decoder = BatchDecoder::from_first(&first)
                .map_err(|fault| no_answer(&self.worker, &fault))?;
            Ok((frames, decoder))
        };
        let (frames, decoder) = tokio::select! {
            biased;
            begun = begin => begun?,
            () = deadline.as_mut() => return Err(failed_worker_refusal(&self.worker, LATE)),
        };
        Ok(TaskRowStream {
            frames,
            worker: self.worker.clone(),
            decoder,
            received: 0,
            closed: false,
            over: false,
            deadline,
        })
    }

    #[cfg(test)]
    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn flight_client(&self) -> FlightServiceClient<Channel> {
        FlightServiceClient::new(self.channel.clone())
            .max_decoding_message_size(self.settings.message)
            .max_encoding_message_size(self.settings.request)
    }
}

/// Parameters of connections to one worker.
struct WorkerEndpoint {
    worker: SqlIdentifier,
    address: String,
    tls: Arc<ClientConfig>,
    name: ServerName<'static>,
    /// Deadline for opening a connection.
    time: Duration,
}

impl WorkerEndpoint {
    async fn open_secure_connection(&self) -> Result<TlsStream<TcpStream>, Refusal> {
        let tcp = secure_connection::connect_tcp(&self.address, self.time)
            .await
            .map_err(|error| {
                failed_worker_refusal(&self.worker, &secure_connection::error_sentence(&error))
                    .caused_by(error)
            })?;
        secure_connection::connect_tls(tcp, self.name.clone(), Arc::clone(&self.tls), &|_| Ok(()))
            .await
            .map_err(|unsecured| match unsecured {
                SecureConnectError::Tls(error) => {
                    failed_worker_refusal(&self.worker, &describe_distrust(&error)).caused_by(error)
                }
                SecureConnectError::Check(refusal) => refusal,
                SecureConnectError::Silent => failed_worker_refusal(&self.worker, SILENT),
            })
    }
}

/// Batches of one answer. The answer is complete only if the stream ends without an error. Dropping the stream ends the answer at
/// the worker.
pub struct TaskRowStream {
    frames: Streaming<FlightData>,
    worker: SqlIdentifier,
    decoder: BatchDecoder,
    received: u64,
    closed: bool,
    over: bool,
    deadline: Pin<Box<Sleep>>,
}

impl TaskRowStream {
    /// Schema of the answer.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        self.decoder.schema()
    }

    /// Takes one message: a batch, or the one that closes the answer.
    fn take_message(&mut self, frame: &FlightData) -> Result<Option<RecordBatch>, Refusal> {
        if self.closed {
            return Err(batch_decoder::invalid_answer_refusal(
                "a message came after the closing one",
            ));
        }
        if !frame.data_header.is_empty() || !frame.data_body.is_empty() {
            let batch = self.decoder.decode_batch(frame)?;
            self.received = self.received.saturating_add(1);
            return Ok(Some(batch));
        }
        // INVARIANT: task-closed. A lost message is never taken for the end.
        let fits = frame.app_metadata.as_ref() == self.received.to_be_bytes();
        if frame.flight_descriptor.is_some() || !fits {
            return Err(batch_decoder::invalid_answer_refusal(
                "the closing message does not fit the messages that came",
            ));
        }
        self.closed = true;
        Ok(None)
    }
}

impl Stream for TaskRowStream {
    type Item = Result<RecordBatch, Refusal>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while !this.over {
            let outcome = match Pin::new(&mut this.frames).poll_next(context) {
                Poll::Ready(Some(Ok(frame))) => this
                    .take_message(&frame)
                    .map_err(|fault| no_answer(&this.worker, &fault)),
                Poll::Ready(Some(Err(status))) => Err(failed_call_refusal(&this.worker, &status)),
                Poll::Ready(None) if this.closed => {
                    this.over = true;
                    return Poll::Ready(None);
                }
                Poll::Ready(None) => Err(failed_worker_refusal(
                    &this.worker,
                    "its answer ended without the closing message",
                )),
                Poll::Pending => match this.deadline.poll_unpin(context) {
                    Poll::Ready(()) => Err(failed_worker_refusal(&this.worker, LATE)),
                    Poll::Pending => return Poll::Pending,
                },
            };
            match outcome {
                Ok(Some(batch)) => return Poll::Ready(Some(Ok(batch))),
                Ok(None) => {}
                Err(refusal) => {
                    this.over = true;
                    return Poll::Ready(Some(Err(refusal)));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl fmt::Debug for TaskRowStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRowStream")
            .field("worker", &self.worker)
            .field("received", &self.received)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

const LATE_CONNECTION: &str = "no connection within its time";
const LATE: &str = "it did not end its answer in time";

/// Refusal for a worker that did not return its rows.
fn failed_worker_refusal(worker: &SqlIdentifier, why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::WorkerFailed,
        format!("the worker `{worker}` failed: {why}"),
    )
}

/// Refusal for an invalid answer of a worker.
fn no_answer(worker: &SqlIdentifier, fault: &Refusal) -> Refusal {
    failed_worker_refusal(worker, &fault.sentence).caused_by(fault.clone())
}

/// Refusal of a failed call: the one of the worker, or one that the worker can't be reached.
fn failed_call_refusal(worker: &SqlIdentifier, status: &Status) -> Refusal {
    if let Some(refusal) = secure_connection::refusal_within(status) {
        return refusal;
    }
    if let Some(refusal) = refusal::carried_refusal(status, &format!("the worker `{worker}`")) {
        return refusal;
    }
    tracing::debug!(%worker, %status, "cluster.failed");
    let why = match status.code() {
        _ if secure_connection::never_sent(status) => {
            "it closed the connection before it was asked"
        }
        tonic::Code::OutOfRange | tonic::Code::ResourceExhausted => {
            "it sent or was sent a message that is too large"
        }
        tonic::Code::Unimplemented => "it does not know what it was asked for",
        tonic::Code::Ok
        | tonic::Code::Cancelled
        | tonic::Code::Unknown
        | tonic::Code::InvalidArgument
        | tonic::Code::DeadlineExceeded
        | tonic::Code::NotFound
        | tonic::Code::AlreadyExists
        | tonic::Code::PermissionDenied
        | tonic::Code::FailedPrecondition
        | tonic::Code::Aborted
        | tonic::Code::Internal
        | tonic::Code::Unavailable
        | tonic::Code::DataLoss
        | tonic::Code::Unauthenticated => "the connection or the call ended without a reason",
    };
    failed_worker_refusal(worker, why).caused_by(status.clone())
}

/// Reason why the two ends do not trust each other, in words.
fn describe_distrust(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            match other.0.downcast_ref::<Refusal>() {
                Some(refusal) => {
                    format!("its certificate is not accepted: {}", refusal.sentence)
                }
                None => "its certificate is not accepted".to_owned(),
            }
        }
        Some(rustls::Error::InvalidCertificate(_)) => "its certificate is not accepted".to_owned(),
        Some(rustls::Error::AlertReceived(_)) => {
            "it does not accept the certificate of this connector".to_owned()
        }
        Some(_) | None => secure_connection::error_sentence(error),
    }
}
