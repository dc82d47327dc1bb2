//! The governed way over mutual TLS: the consumer's end of the peer wire, against a provider that serves as a process.

use crate::governed_query::{clock, identity_of, log};
use crate::measure::RunVolume;
use crate::world::BenchFederation;
use arrow_array::RecordBatch;
use futures::StreamExt as _;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::answers::RemoteQueryRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_store::AuditLog;
use hansa_identity::mtls::{self, TrustStore};
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::query_request::{QueryRequest, RowScope};
use hansa_policy::refusal::ErrorCode;
use hansa_proto::peer::catalog_page::{CatalogEntryPage, CatalogPageRequest};
use hansa_proto::peer::query_request::{BufferCompression, QueryRequestEnvelope};
use hansa_transport::peer::client::answer_stream::AnswerBatchStream;
use hansa_transport::peer::client::{PeerClient, PeerEndpoint, QueryRecord};
use hansa_transport::peer::settings::TransportSettings;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The consumer, connected.
pub(crate) struct WireConsumer {
    runtime: tokio::runtime::Runtime,
    client: PeerClient,
    log: AuditLog,
    _folder: tempfile::TempDir,
}

/// A remote query in the log.
struct RecordedQuery(QueryRequestEnvelope);

impl QueryRecord for RecordedQuery {
    fn request_envelope(&self) -> &QueryRequestEnvelope {
        &self.0
    }
}

impl Evidence for RecordedQuery {
    fn to_record_body(&self) -> RecordBody {
        RemoteQueryRecord {
            request_id: self.0.ask.request.to_string(),
            peer: String::new(),
            datasets: Vec::new(),
            contracts: Vec::new(),
            purpose: None,
            actor: None,
            sql_commit: Digest::of(b""),
            keys: Vec::new(),
            access_token: None,
            repeats: None,
        }
        .into()
    }
}

impl WireConsumer {
    /// Connects to the provider.
    pub(crate) fn connect(federation: &BenchFederation) -> Self {
        Self::connect_to(federation, federation.provider.address())
    }

    /// Connects to the provider by another way.
    pub(crate) fn connect_to(federation: &BenchFederation, address: &str) -> Self {
        Self::connect_at(federation.folder(), address)
    }

    /// Connects as the firm of this league to its north.
    pub(crate) fn connect_at(league: &Path, address: &str) -> Self {
        let runtime = crate::bare_server::runtime();
        let folder = tempfile::tempdir_in(league).unwrap();
        let clock = clock();
        let trust = TrustStore::new(&identity_of(league, "firm", clock().wall));
        let provider = identity_of(league, "north", clock().wall).id;
        let tls = mtls::client_config(&trust, &provider, &clock).unwrap();
        let (host, port) = address.rsplit_once(':').unwrap();
        let (expected, watch) = (provider.clone(), Arc::clone(&clock));
        let endpoint = PeerEndpoint {
            participant: provider,
            host: host.to_owned(),
            port: port.parse().unwrap(),
            tls: Arc::new(move || Arc::clone(&tls)),
            check: Arc::new(move |connection| {
                mtls::check_listener(&trust, &expected, connection, watch().wall)
            }),
            settings: TransportSettings::default(),
        };
        let client = runtime.block_on(PeerClient::connect(endpoint)).unwrap();
        let log = log(&folder.path().join("log"), &clock);
        Self {
            runtime,
            client,
            log,
            _folder: folder,
        }
    }

    /// A page of the catalogue.
    pub(crate) fn page(&self, request: &CatalogPageRequest) -> CatalogEntryPage {
        let page = self.client.fetch_catalog_page(request);
        self.runtime.block_on(page).unwrap()
    }

    /// Asks one question, to the receipt.
    pub(crate) fn ask(&self, contract: ContractId, sql: &str) -> RunVolume {
        self.ask_for(contract, sql, None)
    }

    /// The same, with rows compressed where `accept` says so.
    pub(crate) fn ask_for(
        &self,
        contract: ContractId,
        sql: &str,
        accept: Option<BufferCompression>,
    ) -> RunVolume {
        self.read(contract, sql, accept, |_| {})
    }

    /// Asks one question, to the receipt, with each batch handed on.
    pub(crate) fn each(
        &self,
        contract: ContractId,
        sql: &str,
        take: impl FnMut(RecordBatch),
    ) -> RunVolume {
        self.read(contract, sql, None, take)
    }

    fn read(
        &self,
        contract: ContractId,
        sql: &str,
        accept: Option<BufferCompression>,
        mut take: impl FnMut(RecordBatch),
    ) -> RunVolume {
        self.runtime.block_on(async {
            let mut stream = self.begun(contract, sql, accept).await;
            let mut rows = 0;
            while let Some(batch) = stream.next().await {
                let batch = batch.unwrap();
                rows += batch.num_rows() as u64;
                take(batch);
            }
            let received = stream.transfer_summary();
            assert!(received.receipt.is_some(), "the answer has its receipt");
            RunVolume {
                rows,
                bytes: received.bytes,
            }
        })
    }

    /// Seconds to the first rows; the others are read, too, so that this stream does not run into the next one.
    pub(crate) fn first(&self, contract: ContractId, sql: &str) -> f64 {
        self.runtime.block_on(async {
            let started = Instant::now();
            let mut stream = self.begun(contract, sql, None).await;
            stream.next().await.unwrap().unwrap();
            let first = started.elapsed().as_secs_f64();
            while let Some(batch) = stream.next().await {
                batch.unwrap();
            }
            first
        })
    }

    /// So many streams of which one message was taken and no more, and about how many bytes one has.
    pub(crate) fn stopped(
        &self,
        contract: ContractId,
        sql: &str,
        count: u32,
    ) -> (Vec<AnswerBatchStream>, u64) {
        self.runtime.block_on(async {
            let mut streams = Vec::new();
            let mut message = 0;
            for _ in 0..count {
                let mut stream = self.begun(contract, sql, None).await;
                stream.next().await.unwrap().unwrap();
                message = message.max(stream.transfer_summary().bytes);
                streams.push(stream);
            }
            (streams, message)
        })
    }

    async fn begun(
        &self,
        contract: ContractId,
        sql: &str,
        accept: Option<BufferCompression>,
    ) -> AnswerBatchStream {
        let asking = asking(contract, sql, RowScope::All, accept);
        let recorded = self.log.record(RecordedQuery(asking)).await.unwrap();
        self.client.ask_query(&recorded).await.unwrap()
    }

    /// Asks one question; gives its request.
    pub(crate) fn asked(&self, contract: ContractId, sql: &str) -> RequestId {
        self.runtime.block_on(async {
            let asking = asking(contract, sql, RowScope::All, None);
            let request = asking.ask.request;
            let recorded = self.log.record(RecordedQuery(asking)).await.unwrap();
            let mut stream = self.client.ask_query(&recorded).await.unwrap();
            while let Some(batch) = stream.next().await {
                batch.unwrap();
            }
            request
        })
    }

    /// Asks, and lets go after a while, whatever came by then.
    pub(crate) fn let_go(&self, contract: ContractId, sql: &str, after: Duration) {
        self.runtime.block_on(async {
            let reading = async {
                let mut stream = self.begun(contract, sql, None).await;
                while stream.next().await.is_some() {}
            };
            let ended = tokio::time::timeout(after, reading).await;
            assert!(ended.is_err(), "there is nothing left to let go of");
        });
    }

    /// Reads until the answer is cut: when each message came, in microseconds since 1970, and its bytes. `begun` is called with the first.
    pub(crate) fn until_cut(
        &self,
        contract: ContractId,
        sql: &str,
        begun: impl FnOnce(),
    ) -> Vec<(i64, u64)> {
        self.runtime.block_on(async {
            let mut stream = self.begun(contract, sql, None).await;
            let (mut came, mut begun, mut before) = (Vec::new(), Some(begun), 0);
            while let Some(batch) = stream.next().await {
                if batch.is_err() {
                    return came;
                }
                let bytes = stream.transfer_summary().bytes;
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                came.push((now.unwrap().as_micros() as i64, bytes - before));
                before = bytes;
                if let Some(begun) = begun.take() {
                    begun();
                }
            }
            panic!("it came to its end before it was cut: ask for more with --rows")
        })
    }

    /// Asks what came since, so often, and nothing did.
    pub(crate) fn poll(&self, contract: ContractId, sql: &str, since: RequestId, times: u32) {
        self.runtime.block_on(async {
            for _ in 0..times {
                let asking = asking(contract, sql, RowScope::Since(since), None);
                let recorded = self.log.record(RecordedQuery(asking)).await.unwrap();
                let refusal = self.client.ask_query(&recorded).await.unwrap_err();
                assert_eq!(refusal.code, ErrorCode::NothingNew);
            }
        });
    }
}

fn asking(
    contract: ContractId,
    sql: &str,
    rows: RowScope,
    accept: Option<BufferCompression>,
) -> QueryRequestEnvelope {
    QueryRequestEnvelope {
        ask: QueryRequest {
            request: RequestId(rand::random()),
            contracts: vec![contract],
            sql: sql.to_owned(),
            purpose: Some(hansa_test_support::workflow::PURPOSE.parse().unwrap()),
            rows,
        },
        deadline: None,
        accept: accept.into_iter().collect(),
        compact_answers: true,
        credentials: Vec::new(),
    }
}
