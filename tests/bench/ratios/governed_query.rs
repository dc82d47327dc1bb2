//! The governed way in process: the provider's own folder, read as the service reads it, and its walk from the contract to
//! the rows, with a ruling that is durable before the first of them.

use crate::measure::RunVolume;
use crate::world::BenchFederation;
use arrow_array::RecordBatch;
use hansa_audit_log::digest::Digest;

use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_audit_store::key::LogSigningKey;
use hansa_audit_store::{AuditLog, LogConfig};
use hansa_catalog::Catalog;
use hansa_enforcement::cube_plan::PrivatePlanContext;
use hansa_enforcement::permitted_plan::apply;
use hansa_identity::participant_identity::{self, IdentityFiles, ParticipantIdentity};
use hansa_policy::contract::ContractRegistry;
use hansa_policy::decision::decide_question;
use hansa_policy::decision::decision_input::DecisionInput;
use hansa_policy::id::{DatasetId, ParticipantId, RequestId};
use hansa_policy::peer::{PeerCertificate, VerifiedPeer};
use hansa_policy::term::contract_context::ContractContext;
use hansa_policy::term::purpose::Taxonomy;
use hansa_query::execute::cancellation::CancellationSignal;
use hansa_query::execute::execute_plan;
use hansa_query::execute::query_resources::QueryResources;
use hansa_query::limits::{QueryResourceLimits, SqlStatementLimits};
use hansa_query::runtime::{QueryRuntime, create_runtime};
use hansa_query::snapshot::registry::{SnapshotRegistry, SnapshotSet};
use hansa_query::sql::functions;
use hansa_store::document_folder::DocumentFolder;
use hansa_store::state_index::StateIndex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The provider, without its wire.
pub(crate) struct InProcessProvider {
    runtime: tokio::runtime::Runtime,
    query_runtime: QueryRuntime,
    registry: ContractRegistry,
    catalog: Catalog,
    holdings: Arc<SnapshotSet>,
    log: AuditLog,
    taxonomy: Taxonomy,
    consumer: VerifiedPeer,
    contracts: BTreeMap<&'static str, hansa_policy::id::ContractId>,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl InProcessProvider {
    /// Opens what is in the provider's folder; its service does not run.
    pub(crate) fn open(federation: &BenchFederation) -> Self {
        let clock = clock();
        let now = clock().wall;
        let north = identity_of(federation.folder(), "north", now);
        let firm = identity_of(federation.folder(), "firm", now);
        let state = federation.provider.folder().join("state");
        let documents = DocumentFolder::open(&state).unwrap();
        let mut registry = ContractRegistry::new(north.id.clone());
        for id in federation.contracts() {
            let signed =
                hansa_proto::envelope::parse_contract(&documents.read_contract(id).unwrap())
                    .unwrap();
            let agreed = signed.verify(&north.bundle.keys(now)).unwrap();
            registry.readmit(agreed, &BTreeSet::from([id])).unwrap();
        }
        let (snapshots, damaged) = SnapshotRegistry::open(&state, &north.id);
        assert!(damaged.is_empty(), "{damaged:?}");
        let holdings = snapshots.holdings();
        let mut catalog = Catalog::new(north.id.clone());
        let index = StateIndex::open(&state.join("state.db"), u64::MAX).unwrap();
        for (dataset, body) in index.publications().unwrap() {
            let id: DatasetId = dataset.parse().unwrap();
            let logged = serde_json::from_str(&body).unwrap();
            catalog
                .restore(holdings[&id].dataset.clone(), &logged)
                .unwrap();
        }
        let presented = PeerCertificate::attest(
            firm.id.clone(),
            firm.chain.leaf().digest,
            firm.chain.anchor(),
            firm.chain.not_after(),
        );
        let consumer = north.bundle.roster().recognise(&presented, now).unwrap();
        let runtime = create_runtime(2).unwrap();
        let folder = tempfile::tempdir_in(federation.folder()).unwrap();
        let query_runtime = QueryRuntime::new(
            runtime.handle().clone(),
            1 << 30,
            folder.path().join("spill"),
        )
        .unwrap();
        let log = log(&folder.path().join("log"), &clock);
        let contracts = federation.by_name().collect();
        Self {
            runtime,
            query_runtime,
            registry,
            catalog,
            holdings,
            log,
            taxonomy: hansa_proto::purpose_taxonomy::build_taxonomy(&[]).unwrap(),
            consumer,
            contracts,
            clock,
            _folder: folder,
        }
    }

    /// The files of a dataset.
    pub(crate) fn files(&self, dataset: &str) -> Vec<PathBuf> {
        self.holdings
            .values()
            .find(|snapshot| snapshot.dataset.id.name.as_str() == format!("counts_{dataset}"))
            .map(|snapshot| snapshot.files.clone())
            .unwrap()
    }

    /// Answers one question of the consumer, to the last row.
    pub(crate) fn ask(&self, dataset: &str, sql: &str) -> RunVolume {
        self.each(dataset, sql, |_| {})
    }

    /// The same, with each batch handed on.
    pub(crate) fn each(
        &self,
        dataset: &str,
        sql: &str,
        mut take: impl FnMut(RecordBatch),
    ) -> RunVolume {
        let now = (self.clock)().wall;
        let active = self
            .registry
            .in_force(&self.consumer, &[self.contracts[dataset]], now)
            .unwrap();
        let view = self.catalog.build_view(&active, None).unwrap();
        let bound =
            hansa_query::sql::plan_query(sql, &view, &SqlStatementLimits::default(), now).unwrap();
        let schemas = self
            .catalog
            .datasets()
            .map(|dataset| (dataset.id.clone(), dataset.schema_digest()))
            .collect();
        let snapshots = self
            .holdings
            .iter()
            .map(|(id, snapshot)| (id.clone(), snapshot.dataset.version.clone()))
            .collect();
        let purpose = hansa_test_support::workflow::PURPOSE.parse().unwrap();
        // No other answer runs; of what is unknown every count would be at its most.
        let alone = ContractContext {
            running: 0,
            ..ContractContext::UNKNOWN
        };
        let around = BTreeMap::from([(self.contracts[dataset], alone)]);
        let facts = DecisionInput {
            contexts: &around,
            restrictions: &BTreeMap::new(),
            now,
            request: RequestId(rand::random()),
            sql_commit: Digest::of(sql.as_bytes()),
            purpose: Some(&purpose),
            taxonomy: &self.taxonomy,
            extends: &BTreeMap::new(),
            schemas: &schemas,
            snapshots: &snapshots,
            spent: &BTreeMap::new(),
            tenant: None,
            connector_version: env!("CARGO_PKG_VERSION"),
        };
        let ruled = decide_question(active, &facts, bound).unwrap();
        let recorded = self.log.record_blocking(ruled).unwrap();
        let permitted = apply(recorded, &tools()).unwrap();
        self.runtime.block_on(async {
            let mut answer = execute_plan(
                permitted,
                QueryResources {
                    holdings: &self.holdings,
                    runtime: &self.query_runtime,
                    limits: &QueryResourceLimits::default(),
                },
                CancellationSignal::new_idle(),
            )
            .await
            .map_err(|unanswered| unanswered.refusal)
            .unwrap();
            let mut rows = 0;
            while let Some(batch) = answer.next().await {
                let batch = batch.unwrap();
                rows += batch.num_rows() as u64;
                take(batch);
            }
            RunVolume { rows, bytes: 0 }
        })
    }
}

fn tools() -> PrivatePlanContext {
    PrivatePlanContext {
        secret: hansa_enforcement::masking::MaskingSecret::new([7; 32]),
        published: Arc::default(),
        count: functions::aggregate_function("count").unwrap(),
        sum: functions::sum::decimal_sum_function(),
    }
}

/// A participant of the world, with its keys.
pub(crate) fn identity_of(
    league: &std::path::Path,
    alias: &str,
    now: UtcTimestamp,
) -> ParticipantIdentity {
    let folder = league.join(alias);
    let id: ParticipantId = format!("hansa://{alias}.example").parse().unwrap();
    participant_identity::load_identity(&files(&folder), &id, 0, now).unwrap()
}

/// Where `hansa init` and `hansa join` put a participant's keys.
pub(crate) fn files(folder: &std::path::Path) -> IdentityFiles {
    IdentityFiles {
        signing_key: folder.join("keys/signing.key"),
        note_key: folder.join("keys/note.key"),
        tls_key: folder.join("keys/tls.key"),
        tls_cert: folder.join("keys/tls.crt"),
        bundle: folder.join("trust/bundle.json"),
    }
}

/// A log of its own, so that the participants' logs stay as they are.
pub(crate) fn log(folder: &std::path::Path, clock: &Clock) -> AuditLog {
    std::fs::create_dir_all(folder).unwrap();
    let key = LogSigningKey::create(&folder.join("note.pem"), "bench.example").unwrap();
    opened(folder.join("log"), "bench.example", (key, clock))
}

/// The log of a participant in that folder.
pub(crate) fn opened(
    folder: PathBuf,
    domain: &str,
    (key, clock): (LogSigningKey, &Clock),
) -> AuditLog {
    let config = LogConfig::new(folder, domain, Arc::new(key), Arc::clone(clock), "bench");
    AuditLog::open(config).unwrap().0
}

/// The clock of this machine.
pub(crate) fn clock() -> Clock {
    let start = Instant::now();
    Arc::new(move || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        ClockReading {
            wall: UtcTimestamp::from_micros(since.as_micros() as i64).unwrap(),
            mono_ns: start.elapsed().as_nanos() as u64,
        }
    })
}
