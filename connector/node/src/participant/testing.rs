//! Participants for the tests of this package: real keys, logs and files below one folder, and a clock that a test sets. Without a
//! network; the test delivers messages.

mod issuer;
pub(crate) mod pause_point;

use crate::answer::answer_query;
use crate::answer::incoming_query::QueryCaller;
use crate::config::ConnectorConfig;
use crate::dataset::publication;
use crate::negotiation;
use crate::negotiation::outgoing_message;
use crate::participant::Connector;
use crate::participant::startup::StartupFindings;
use crate::participant::testing::pause_point::PausePoints;
use crate::process::randomness::{random_bytes, random_hex};
use crate::receipt::acknowledgement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::record::Record;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_identity::keys::SignatureAlgorithm;
use hansa_identity::league::credential_issuers::IssuerRegistration;
use hansa_identity::league::signer_registration::KeyEndKind;
use hansa_identity::league::{LeagueAuthority, LeagueSettings};
use hansa_identity::participant_identity::admission_request::Applicant;
use hansa_identity::participant_identity::{self, IdentityFiles};
use hansa_identity::signature::FileSigner;
use hansa_policy::attribute::{AttributeKind, ParticipantAttribute};
use hansa_policy::contract::Assignee;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::peer::PeerCertificate;
use hansa_policy::query_request::{QueryRequest, RowScope};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::credential::CredentialStatement;
use hansa_proto::peer::message::{MessageContent, PeerMessage};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_store::state_index::row::OutboxMessageRow;
use hansa_transport::peer_handler::{AnswerStreamFrame, QueryRejection};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const DAY: i64 = 24 * 60 * MINUTE;

/// Terms that begin and end around the day of the tests.
pub(crate) const TERMS: &str =
    "title = \"all\"\nvalid = { from = 2026-01-01, until = 2026-06-10 }\n";

/// League in a folder, with its clock.
pub(crate) struct TestFederation {
    folder: tempfile::TempDir,
    league: LeagueAuthority,
    wall: Arc<AtomicI64>,
    steps: Arc<AtomicI64>,
    /// Time that has passed beside the steps, in microseconds.
    passed: Arc<AtomicI64>,
}

impl TestFederation {
    /// Makes a league founded on the first of June 2026.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let begin: UtcTimestamp = "2026-06-01T10:00:00Z".parse().unwrap();
        let founding = LeagueSettings {
            name: "a league".to_owned(),
            algorithm: SignatureAlgorithm::Es256,
            demo: true,
        };
        let league =
            LeagueAuthority::init(&folder.path().join("league"), &founding, begin).unwrap();
        Self {
            folder,
            league,
            wall: Arc::new(AtomicI64::new(begin.micros())),
            steps: Arc::default(),
            passed: Arc::default(),
        }
    }

    /// Makes a league with `lindau` and `acme`, which offer under [`TERMS`].
    pub(crate) fn of_two() -> Self {
        let mut federation = Self::new();
        federation.settle_two(TERMS, TERMS);
        federation
    }

    /// Moves time forward, or sets every wall clock back.
    pub(crate) fn advance_time(&self, micros: i64) {
        self.passed.fetch_add(micros.max(0), Ordering::SeqCst);
        self.wall.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets every wall clock forward while no time passes.
    pub(crate) fn jump_ahead(&self, micros: i64) {
        self.wall.fetch_add(micros, Ordering::SeqCst);
    }

    /// Clock that advances a millisecond per reading, in addition to the changes of a test.
    fn clock(&self) -> Clock {
        let (wall, steps) = (Arc::clone(&self.wall), Arc::clone(&self.steps));
        let passed = Arc::clone(&self.passed);
        Arc::new(move || {
            let step = steps.fetch_add(1, Ordering::SeqCst);
            let wall = wall.load(Ordering::SeqCst) + step * 1000;
            ClockReading {
                wall: UtcTimestamp::from_micros(wall).unwrap(),
                mono_ns: u64::try_from(passed.load(Ordering::SeqCst) + step * 1000).unwrap() * 1000,
            }
        })
    }

    fn now(&self) -> UtcTimestamp {
        self.clock()().wall
    }

    /// Folder of a participant.
    pub(crate) fn home(&self, alias: &str) -> PathBuf {
        self.folder.path().join(alias)
    }

    fn identity_files(&self, alias: &str) -> IdentityFiles {
        IdentityFiles {
            bundle: self.home(alias).join("bundle.json"),
            ..IdentityFiles::in_folder(&self.home(alias))
        }
    }

    fn applicant(alias: &str) -> Applicant {
        Applicant {
            id: participant_id(alias),
            name: alias.to_owned(),
            address: None,
        }
    }

    /// Makes a participant with a dataset `bikes` and a self-signed offer of it to the whole league.
    pub(crate) fn set_up_participant(&mut self, alias: &str, terms: &str) {
        let home = self.home(alias);
        let request = participant_identity::create_identity(
            &self.identity_files(alias),
            &Self::applicant(alias),
            SignatureAlgorithm::EdDsa,
        )
        .unwrap();
        self.admit(alias, &request);
        write_file(&home, "policies/house.toml", "title = \"House contract\"\n");
        write_file(&home, "policies/all.toml", &offer_policy(terms));
        write_file(&home, "data/bikes.csv", "site,bikes\nHafen,310\nInsel,77\n");
        write_file(&home, "hansa.toml", &CONFIG.replace("ALIAS", alias));
    }

    /// Makes `lindau` and `acme`, each with such an offer. `lindau` has the bundle that names both.
    pub(crate) fn settle_two(&mut self, lindau: &str, acme: &str) {
        self.set_up_participant("lindau", lindau);
        self.set_up_participant("acme", acme);
        let bundle = self.bundle();
        std::fs::write(self.home("lindau").join("bundle.json"), bundle).unwrap();
    }

    fn admit(&mut self, alias: &str, request: &[u8]) {
        let now = self.now();
        let join = self.league.admit(request, 30, now).unwrap().join;
        participant_identity::install_join_file(
            &self.identity_files(alias),
            &participant_id(alias),
            &join.to_bytes(),
            now,
        )
        .unwrap();
    }

    /// Gives a participant another signing key that the league registers.
    pub(crate) fn another_key(&mut self, alias: &str) {
        let files = self.identity_files(alias);
        std::fs::remove_file(&files.signing_key).unwrap();
        FileSigner::create(&files.signing_key, SignatureAlgorithm::EdDsa).unwrap();
        let request = participant_identity::write_request(&files, &Self::applicant(alias)).unwrap();
        self.admit(alias, &request);
    }

    /// Revokes the first signing key of a participant.
    pub(crate) fn revokes_key(&mut self, alias: &str) {
        self.ends_key(alias, KeyEndKind::Revoked);
    }

    /// Ends the first signing key of a participant with the given kind of end.
    pub(crate) fn ends_key(&mut self, alias: &str, end: KeyEndKind) {
        let now = self.now();
        let key = self
            .league
            .bundle()
            .member(&participant_id(alias))
            .unwrap()
            .keys[0]
            .clone();
        self.league
            .end_key(&participant_id(alias), key.key.kid(), end, now)
            .unwrap();
    }

    /// Current bundle of the league.
    pub(crate) fn bundle(&mut self) -> Vec<u8> {
        let now = self.now();
        self.league.export_bundle(now).unwrap()
    }

    /// Expels a participant from the league.
    pub(crate) fn expel(&mut self, alias: &str) {
        let now = self.now();
        self.league.expel(&participant_id(alias), now).unwrap();
    }

    /// Opens a participant. Returns its findings, too.
    pub(crate) fn try_open(
        &self,
        alias: &str,
        overrides: &[(&str, &str)],
    ) -> Result<(Arc<Connector>, StartupFindings), Refusal> {
        let overrides: BTreeMap<String, String> = overrides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let config =
            ConnectorConfig::load(&self.home(alias).join("hansa.toml"), &overrides).unwrap();
        let observer = Arc::new(PausePoints::default());
        crate::participant::opening::open_with_observer(config, self.clock(), observer)
    }

    /// Opens a participant without findings and publishes its datasets.
    pub(crate) fn open(&self, alias: &str) -> Arc<Connector> {
        let (connector, found) = self.try_open(alias, &[]).unwrap();
        assert!(
            found.all_findings().is_empty(),
            "{:?}",
            found.all_findings()
        );
        publish_configured_datasets(&connector).unwrap();
        connector
    }
}

/// Closes a participant as a command does: background tasks end, and the folder becomes free.
pub(crate) async fn close_participant(connector: Arc<Connector>) {
    connector.queries.background_tasks.close();
    connector.queries.background_tasks.wait().await;
    drop(connector);
}

const CONFIG: &str = r#"
[participant]
id = "ALIAS.example"
name = "ALIAS"
zone = "UTC"
[trust]
bundle = "bundle.json"
tls_cert = "keys/tls-cert.pem"
tls_key = "keys/tls.pem"
signing_key = "keys/signing.pem"
note_key = "keys/note.pem"
[[dataset]]
name = "bikes"
title = "Bikes"
licence = "proprietary"
[dataset.source]
kind = "text"
path = "data/bikes.csv"
[[dataset.column]]
name = "site"
[[dataset.column]]
name = "bikes"
type = "int"
[[offer]]
dataset = "bikes"
policy = "all"
to = "league"
sign = "auto"
"#;

fn write_file(home: &Path, name: &str, text: &str) {
    let file = home.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// Policy with the given terms, for every column if they name none.
pub(crate) fn offer_policy(terms: &str) -> String {
    let mut lines = terms.lines();
    let is_named = lines.any(|line| line.starts_with("columns") || line.starts_with("aggregate"));
    let each = if is_named { "" } else { "columns = \"all\"\n" };
    format!("{each}{terms}")
}

/// Participant ID for an alias.
pub(crate) fn participant_id(alias: &str) -> ParticipantId {
    format!("{alias}.example").parse().unwrap()
}

/// Publishes the configured datasets.
pub(crate) fn publish_configured_datasets(connector: &Arc<Connector>) -> Result<(), Refusal> {
    for dataset in publication::read_configured_datasets(connector).unwrap() {
        publication::publish_dataset(
            connector,
            &dataset,
            publication::PublishOptions::default(),
            |_, _, _| (),
        )?;
    }
    crate::offer::offer_renewal::renew_offers(connector)?;
    Ok(())
}

/// Sends the consumer's request for the provider's only offer, signed beforehand. Returns the resulting contract ID.
pub(crate) async fn request_contract(
    provider: &Connector,
    consumer: &Arc<Connector>,
) -> ContractId {
    request_instead_of(None, provider, consumer).await
}

/// Sends a request that replaces a contract.
pub(crate) async fn request_instead_of(
    old: Option<ContractId>,
    provider: &Connector,
    consumer: &Arc<Connector>,
) -> ContractId {
    let (offer, dataset) = provider.datasets.catalog(|catalog| {
        let dataset = catalog.datasets().next().unwrap();
        (catalog.offers().next().unwrap().clone(), dataset.clone())
    });
    let bundle = consumer.identity.trust.bundle();
    let party = consumer.party_of(&provider.id(), &bundle).unwrap();
    let us = Assignee::Participant(consumer.party().unwrap());
    let agreement = offer.agreement(&dataset, consumer.new_agreement_parameters(party, us, old));
    let payload = hansa_proto::contract::to_bytes(&agreement);
    let contract = ContractId(Digest::of(&payload));
    let content = MessageContent::Request {
        negotiation: format!("n-{}", random_hex(8)),
        dataset: dataset.id.clone(),
        offer: Some(offer.id().to_string()),
        payload: payload.into(),
    };
    outgoing_message::send_message(consumer, &provider.id(), content, true)
        .await
        .unwrap();
    contract
}

/// Messages in the outbox of `from` for `to`.
pub(crate) fn outbox_messages(from: &Connector, to: &Connector) -> Vec<(u64, PeerMessage)> {
    let waiting = from
        .records
        .index(|state| state.outbox(&to.id(), 0))
        .unwrap();
    let message = |row: OutboxMessageRow| {
        let message = acknowledgement::load_waiting_message(from, &to.id(), &row).unwrap();
        message.map(|message| (row.number, message))
    };
    waiting.into_iter().filter_map(message).collect()
}

/// Delivers every message until no further one is answered.
pub(crate) async fn exchange_messages(one: &Arc<Connector>, other: &Arc<Connector>) {
    for _ in 0..3 {
        for (from, to) in [(one, other), (other, one)] {
            for (_, message) in outbox_messages(from, to) {
                negotiation::take_in(to, &from.id(), &message, None)
                    .await
                    .unwrap();
            }
        }
    }
}

/// Makes a contract with both signatures.
pub(crate) async fn make_contract(
    provider: &Arc<Connector>,
    consumer: &Arc<Connector>,
) -> ContractId {
    let contract = request_contract(provider, consumer).await;
    exchange_messages(provider, consumer).await;
    assert!(
        consumer
            .contracts
            .with_registry(|book| book.agreement(contract).is_some())
    );
    contract
}

/// Records of a kind.
pub(crate) fn records_of_kind(connector: &Connector, kind: &str) -> Vec<Record> {
    let all = connector.records.log.read(0).map(Result::unwrap);
    all.filter(|record| record.kind == kind).collect()
}

/// Text member of a record's body.
pub(crate) fn record_text(record: &Record, name: &str) -> String {
    match record.body.get(name) {
        Some(Json::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// Caller with a verified connection.
pub(crate) fn verified_caller(connector: &Connector, alias: &str) -> QueryCaller {
    let bundle = connector.identity.trust.bundle();
    let who = participant_id(alias);
    let (_, anchor) = bundle.anchors_for(&who, connector.now()).next().unwrap();
    let presented = PeerCertificate::attest(
        who.clone(),
        Digest::of(b"certificate"),
        anchor.spki,
        UtcTimestamp::LATEST,
    );
    QueryCaller::Peer(
        connector
            .identity
            .trust
            .recognise_caller(&presented, connector.now())
            .unwrap(),
    )
}

/// Asks for all bikes. Returns the number of messages, or the error.
pub(crate) async fn ask_for_bikes(
    connector: &Arc<Connector>,
    caller: QueryCaller,
    contracts: &[ContractId],
) -> Result<usize, ErrorCode> {
    ask_showing(connector, caller, contracts, Vec::new()).await
}

/// Asks for all bikes with credentials.
pub(crate) async fn ask_showing(
    connector: &Arc<Connector>,
    caller: QueryCaller,
    contracts: &[ContractId],
    credentials: Vec<bytes::Bytes>,
) -> Result<usize, ErrorCode> {
    let asking = QueryRequestEnvelope {
        ask: QueryRequest {
            request: RequestId(random_bytes()),
            contracts: contracts.to_vec(),
            sql: "SELECT site, bikes FROM bikes".to_owned(),
            purpose: None,
            rows: RowScope::All,
        },
        deadline: None,
        accept: BTreeSet::new(),
        compact_answers: false,
        credentials,
    };
    let mut delivery = match answer_query(connector, caller, asking).await {
        Ok(delivery) => delivery,
        Err(QueryRejection::Declined(recorded)) => return Err(recorded.refusal().code),
        Err(QueryRejection::Quiet(recorded)) => return Err(recorded.refusal().code),
        Err(QueryRejection::Summed(summed)) => return Err(summed.refusal().code),
        Err(QueryRejection::Closed) => return Err(ErrorCode::EvidenceUnavailable),
        Err(QueryRejection::Moved) => return Err(ErrorCode::Moved),
    };
    let mut messages = 0;
    while let Some(frame) = delivery.frames.recv().await {
        match frame {
            Ok(AnswerStreamFrame::Data { .. }) => messages += 1,
            Ok(AnswerStreamFrame::Receipt(_)) => {}
            Err(refusal) => return Err(refusal.code),
        }
    }
    Ok(messages)
}
