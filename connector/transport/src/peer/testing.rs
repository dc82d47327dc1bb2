//! Two cities for the tests of the peer protocol: real TLS on a loopback socket, with a handler that a test controls.

mod refusing_verifier;
mod silent_relay;
mod test_peer_handler;
pub(crate) mod tls_league;

pub(crate) use silent_relay::SilentRelay;
pub(crate) use test_peer_handler::{
    HANG, MOVING, TestPeerHandler, purpose_refusal, recorded_query,
};

use crate::peer::client::{PeerClient, PeerEndpoint};
use crate::peer::server::{self, TlsAcceptorConfig};
use crate::peer::settings::TransportSettings;
use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_flight::utils::batches_to_flight_data;
use arrow_schema::{DataType, Field, Schema};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tls_league::TlsLeague;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::peer_handler::AnswerStreamFrame;

/// Running provider, with the means to connect to it.
pub(crate) struct TestProvider {
    pub(crate) handler: Arc<TestPeerHandler>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    /// Token that ends the acceptance of connections.
    pub(crate) shut: CancellationToken,
    pub(crate) served: JoinHandle<Result<(), Refusal>>,
    league: TlsLeague,
    settings: TransportSettings,
}

impl TestProvider {
    pub(crate) async fn start(front: TestPeerHandler) -> Self {
        Self::start_with(front, TransportSettings::default()).await
    }

    pub(crate) async fn start_with(front: TestPeerHandler, settings: TransportSettings) -> Self {
        let league = TlsLeague::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let front = Arc::new(front);
        let shut = CancellationToken::new();
        let entrance = TlsAcceptorConfig {
            tls: league.server(),
            attest: league.certificate_reader(),
            hosts: Arc::default(),
            settings: settings.clone(),
            shut: shut.clone(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server::serve_peers(
            listener,
            entrance,
            Arc::clone(&front) as Arc<dyn crate::peer_handler::PeerHandler>,
            async move {
                let _ = stopped.await;
            },
        ));
        Self {
            handler: front,
            address,
            stop: Some(stop),
            shut,
            served,
            league,
            settings,
        }
    }

    /// Endpoint for the asking participant.
    pub(crate) fn endpoint(&self) -> PeerEndpoint {
        PeerEndpoint {
            participant: munster_id(),
            host: self.address.ip().to_string(),
            port: self.address.port(),
            tls: self.league.client(),
            check: Arc::new(|_| Ok(())),
            settings: self.settings.clone(),
        }
    }

    /// Endpoint with a certificate of another authority.
    pub(crate) fn way_of_a_stranger(&self) -> PeerEndpoint {
        PeerEndpoint {
            tls: self.league.stranger(),
            ..self.endpoint()
        }
    }

    /// Reloads: from now on only the stranger's authority is trusted.
    pub(crate) fn change_authority(&self) {
        self.league.change_authority();
    }

    /// Number of successful handshakes.
    pub(crate) fn handshakes(&self) -> usize {
        self.league.handshakes()
    }

    /// Endpoint with a certificate check that refuses with this reason.
    pub(crate) fn way_that_refuses(&self, reason: Refusal) -> PeerEndpoint {
        let current = self.league.client()();
        let mut config = rustls::ClientConfig::clone(&current);
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(refusing_verifier::RefusingVerifier(reason)));
        let config = Arc::new(config);
        PeerEndpoint {
            tls: Arc::new(move || Arc::clone(&config)),
            ..self.endpoint()
        }
    }

    pub(crate) async fn connect(&self) -> PeerClient {
        PeerClient::connect(self.endpoint()).await.unwrap()
    }
}

pub(crate) fn munster_id() -> ParticipantId {
    "hansa://munster.example".parse().unwrap()
}

pub(crate) fn tallinn_id() -> ParticipantId {
    "hansa://tallinn.example".parse().unwrap()
}

/// Forwards connections to `to`; a message on the channel breaks the open one.
pub(crate) async fn start_relay(to: SocketAddr) -> (SocketAddr, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (cut, mut cuts) = mpsc::channel::<()>(1);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect(to).await.unwrap();
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = cuts.recv() => {}
            }
        }
    });
    (address, cut)
}

/// Answer: the schema, then batches of this many rows each.
pub(crate) fn answer_frames(batches: &[usize]) -> Vec<AnswerStreamFrame> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ]));
    let batches = batches
        .iter()
        .map(|rows| row_batch(&schema, *rows))
        .collect();
    batches_to_flight_data(&schema, batches)
        .unwrap()
        .into_iter()
        .map(|data| AnswerStreamFrame::Data {
            header: data.data_header,
            body: data.data_body,
        })
        .collect()
}

fn row_batch(schema: &Arc<Schema>, rows: usize) -> RecordBatch {
    let numbers: Int64Array = (0..i64::try_from(rows).unwrap()).collect();
    let names: StringArray = (0..rows)
        .map(|row| (row % 3 > 0).then(|| format!("row {row}")))
        .collect();
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(numbers), Arc::new(names)]).unwrap()
}

/// Result of a future that must be ready soon.
#[track_caller]
pub(crate) fn expect_soon<F: Future>(what: F) -> impl Future<Output = F::Output> {
    let location = std::panic::Location::caller();
    async move {
        tokio::time::timeout(Duration::from_secs(30), what)
            .await
            .unwrap_or_else(|_| panic!("nothing happened at {location}"))
    }
}
