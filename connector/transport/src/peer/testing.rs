//! Two cities for the tests of the peer wire: real TLS on a loopback socket, a front that does what a test tells it.

mod front;
mod refusing;
pub(crate) mod tls;

pub(crate) use front::{HANG, Told, recorded, refused};

use crate::peer::call::{PeerClient, Way};
use crate::peer::serve::{self, Entrance};
use crate::peer::settings::Settings;
use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_flight::utils::batches_to_flight_data;
use arrow_schema::{DataType, Field, Schema};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tls::League;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::front::RowsFrame;

/// A provider that runs, and how others get at it.
pub(crate) struct City {
    pub(crate) front: Arc<Told>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) served: JoinHandle<Result<(), Refusal>>,
    league: League,
    settings: Settings,
}

impl City {
    pub(crate) async fn start(front: Told) -> Self {
        Self::start_with(front, Settings::default()).await
    }

    pub(crate) async fn start_with(front: Told, settings: Settings) -> Self {
        let league = League::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let front = Arc::new(front);
        let entrance = Entrance {
            tls: league.server(),
            attest: league.attest(),
            hosts: Arc::default(),
            settings: settings.clone(),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve::serve(
            listener,
            entrance,
            Arc::clone(&front) as Arc<dyn crate::front::Front>,
            async move {
                let _ = stopped.await;
            },
        ));
        Self {
            front,
            address,
            stop: Some(stop),
            served,
            league,
            settings,
        }
    }

    /// How the asker gets here.
    pub(crate) fn way(&self) -> Way {
        Way {
            participant: munster(),
            host: self.address.ip().to_string(),
            port: self.address.port(),
            tls: self.league.client(),
            check: Arc::new(|_| Ok(())),
            settings: self.settings.clone(),
        }
    }

    /// The same with a certificate of somebody else's authority.
    pub(crate) fn way_of_a_stranger(&self) -> Way {
        Way {
            tls: self.league.stranger(),
            ..self.way()
        }
    }

    /// Reloads: from now on the stranger's authority is trusted, and nobody else's.
    pub(crate) fn change_authority(&self) {
        self.league.change_authority();
    }

    /// How many handshakes have held.
    pub(crate) fn handshakes(&self) -> usize {
        self.league.handshakes()
    }

    /// The same with a check of certificates that refuses with this reason.
    pub(crate) fn way_that_refuses(&self, reason: Refusal) -> Way {
        let current = self.league.client()();
        let mut config = rustls::ClientConfig::clone(&current);
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(refusing::Refusing(reason)));
        let config = Arc::new(config);
        Way {
            tls: Arc::new(move || Arc::clone(&config)),
            ..self.way()
        }
    }

    pub(crate) async fn connect(&self) -> PeerClient {
        PeerClient::connect(self.way()).await.unwrap()
    }
}

pub(crate) fn munster() -> ParticipantId {
    "hansa://munster.example".parse().unwrap()
}

pub(crate) fn tallinn() -> ParticipantId {
    "hansa://tallinn.example".parse().unwrap()
}

/// Passes connections on to `to`; a word on the channel breaks the one that is open.
pub(crate) async fn relay(to: SocketAddr) -> (SocketAddr, mpsc::Sender<()>) {
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

/// An answer: the schema, then batches of so many rows each.
pub(crate) fn frames(batches: &[usize]) -> Vec<RowsFrame> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ]));
    let batches = batches.iter().map(|rows| batch(&schema, *rows)).collect();
    batches_to_flight_data(&schema, batches)
        .unwrap()
        .into_iter()
        .map(|data| RowsFrame::Data {
            header: data.data_header,
            body: data.data_body,
        })
        .collect()
}

fn batch(schema: &Arc<Schema>, rows: usize) -> RecordBatch {
    let numbers: Int64Array = (0..i64::try_from(rows).unwrap()).collect();
    let names: StringArray = (0..rows)
        .map(|row| (row % 3 > 0).then(|| format!("row {row}")))
        .collect();
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(numbers), Arc::new(names)]).unwrap()
}

/// The outcome of what must happen soon.
#[track_caller]
pub(crate) fn soon<F: Future>(what: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        tokio::time::timeout(Duration::from_secs(30), what)
            .await
            .unwrap_or_else(|_| panic!("nothing happened at {place}"))
    }
}
