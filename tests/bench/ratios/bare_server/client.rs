//! The client of the bare server.

use crate::bare_server::runtime;
use crate::governed_query::{clock, identity_of};
use crate::measure::RunVolume;
use arrow_array::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightDescriptor, Ticket};
use futures::{StreamExt as _, TryStreamExt as _};
use hansa_identity::mtls::{self, TrustStore};
use hansa_transport::peer::settings::TransportSettings;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tonic::transport::{Channel, Endpoint, Uri};

/// Connected with the consumer's certificate.
pub(crate) struct BareClient {
    runtime: tokio::runtime::Runtime,
    flight: FlightServiceClient<Channel>,
}

/// When the server makes the plan of a question over a registered table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanReuse {
    /// Each time that it is asked.
    Anew,
    /// The first time; the same plan with nodes of its own runs from then on.
    Once,
}

impl PlanReuse {
    /// What stands before the dataset in the ticket.
    pub(crate) const fn mark(self) -> char {
        match self {
            Self::Anew => '!',
            Self::Once => '#',
        }
    }
}

impl BareClient {
    /// Connects to a server with the certificate of `provider`, over the same mutual TLS as the governed wire.
    pub(crate) fn connect(league: &Path, provider: &str, address: &str) -> Self {
        let runtime = runtime();
        let clock = clock();
        let trust = TrustStore::new(&identity_of(league, "firm", clock().wall));
        let provider = identity_of(league, provider, clock().wall).id;
        let tls = mtls::client_config(&trust, &provider, &clock).unwrap();
        let settings = TransportSettings::default();
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .unwrap()
            .max_frame_size(settings.frame)
            .initial_stream_window_size(settings.stream_window)
            .initial_connection_window_size(settings.connection_window);
        let address = address.to_owned();
        let connector = tower::service_fn(move |_: Uri| {
            let (tls, address) = (Arc::clone(&tls), address.clone());
            async move {
                let tcp = tokio::net::TcpStream::connect(&address).await?;
                tcp.set_nodelay(true)?;
                let name = ServerName::try_from("127.0.0.1").unwrap();
                let secured = tokio_rustls::TlsConnector::from(tls)
                    .connect(name, tcp)
                    .await?;
                Ok::<_, std::io::Error>(TokioIo::new(secured))
            }
        });
        let channel = runtime
            .block_on(endpoint.connect_with_connector(connector))
            .unwrap();
        let flight = FlightServiceClient::new(channel).max_decoding_message_size(settings.message);
        Self { runtime, flight }
    }

    /// Reads one stream to its end: of the bare server what `sql` says, of Arrow Flight in C++ the columns that it lists.
    pub(crate) fn stream(&self, dataset: &str, sql: &str) -> RunVolume {
        self.each(dataset, sql, |_| {})
    }

    /// The same, with each batch handed on.
    pub(crate) fn each(
        &self,
        dataset: &str,
        sql: &str,
        mut take: impl FnMut(RecordBatch),
    ) -> RunVolume {
        let ticket = Ticket {
            ticket: format!("{dataset}\n{sql}").into(),
        };
        let mut flight = self.flight.clone();
        self.runtime.block_on(async move {
            let bytes = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&bytes);
            let frames = flight.do_get(ticket).await.unwrap().into_inner();
            let frames = frames.map_err(FlightError::from).inspect_ok(move |frame| {
                let length = frame.data_header.len() + frame.data_body.len();
                counted.fetch_add(length as u64, Ordering::Relaxed);
            });
            let mut batches = FlightRecordBatchStream::new_from_flight_data(frames);
            let mut rows = 0;
            while let Some(batch) = batches.next().await {
                let batch = batch.unwrap();
                rows += batch.num_rows() as u64;
                take(batch);
            }
            RunVolume {
                rows,
                bytes: bytes.load(Ordering::Relaxed),
            }
        })
    }

    /// The same of a table that the server has registered, with its texts as views.
    pub(crate) fn planned(&self, dataset: &str, sql: &str, planned: PlanReuse) -> RunVolume {
        let mark = planned.mark();
        self.stream(&format!("{mark}{dataset}"), sql)
    }

    /// Seconds to the first rows of such a stream, which is read to its end.
    pub(crate) fn first(&self, dataset: &str, sql: &str) -> f64 {
        let (started, mut first) = (Instant::now(), None);
        self.each(dataset, sql, |_| {
            first.get_or_insert_with(|| started.elapsed().as_secs_f64());
        });
        first.expect("there are rows")
    }

    /// One call that does nothing.
    pub(crate) fn unary(&self) -> RunVolume {
        let mut flight = self.flight.clone();
        self.runtime.block_on(async move {
            let asked = FlightDescriptor::new_cmd("nothing");
            flight.get_flight_info(asked).await.unwrap();
        });
        // As many rows as the small question brings.
        RunVolume { rows: 1, bytes: 0 }
    }
}
