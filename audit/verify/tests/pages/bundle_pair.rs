//! Bundles of a provider and a consumer: one contract, three answers in two months, and their receipts.

use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::answers::{
    CloseRecord, DatasetEntry, GrantEntry, PermitRecord, ReceiptAcknowledgementRecord,
    ReceivedRecord,
};
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::{ClockReading, UtcTimestamp};
use hansa_audit_store::documents::{DocumentKind, DocumentStore};
use hansa_audit_store::filter::RecordFilter;
use hansa_audit_store::key::LogSigningKey;
use hansa_audit_store::{AuditLog, LogConfig, export};
use hansa_identity::{
    Applicant, IdentityFiles, LeagueAuthority, LeagueSettings, ParticipantIdentity,
    SignatureAlgorithm, participant_identity,
};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::normal_form;
use hansa_policy::{
    Agreement, Assignee, Clause, ClauseId, ContractId, ContractParty, DatasetRef, RequestId,
    SignatoryRole, Term,
};
use hansa_proto::receipt::{DatasetRead, LogLeaf};
use hansa_proto::{
    AnswerOutcome, Receipt, ResultDigest, StatementKind, contract, envelope, statement,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const DATASET: &str = "hansa://lindau.example/d/bikes";

/// Instants of the answers.
const ANSWERS: [&str; 3] = [
    "2026-10-30T09:00:00Z",
    "2026-11-02T10:00:00Z",
    "2026-11-27T10:42:00Z",
];

/// Record with a body.
#[derive(Debug)]
struct SampleRecord(RecordBody);

impl Evidence for SampleRecord {
    fn to_record_body(&self) -> RecordBody {
        self.0.clone()
    }
}

/// Documents of both participants.
struct SampleDocuments {
    trust: Vec<u8>,
    documents: BTreeMap<(DocumentKind, String), Vec<u8>>,
}

impl DocumentStore for SampleDocuments {
    fn trust_bundle(&self) -> (String, Vec<u8>) {
        (Digest::of(&self.trust).to_string(), self.trust.clone())
    }

    fn document(&self, kind: DocumentKind, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(self.documents.get(&(kind, name.to_owned())).cloned())
    }
}

/// Log of a participant, with a clock that the test moves.
struct SampleLog {
    log: AuditLog,
    now: Arc<AtomicI64>,
}

impl SampleLog {
    fn open(place: &Path, owner: &ParticipantIdentity) -> Self {
        let domain = owner.id.domain();
        let key = IdentityFiles::in_folder(&place.join(domain)).note_key;
        let key = LogSigningKey::open(&key, domain).unwrap();
        let now = Arc::new(AtomicI64::new(instant("2026-01-01T08:00:00Z").micros()));
        let read = Arc::clone(&now);
        let start = now.load(Ordering::SeqCst);
        let clock = Arc::new(move || {
            let micros = read.load(Ordering::SeqCst);
            ClockReading {
                wall: UtcTimestamp::from_micros(micros).unwrap(),
                mono_ns: u64::try_from((micros - start) * 1_000).unwrap(),
            }
        });
        let folder = place.join(format!("{domain}-log"));
        let config = LogConfig::new(folder, domain, Arc::new(key), clock, "boot");
        Self {
            log: AuditLog::open(config).unwrap().0,
            now,
        }
    }

    fn record(&self, at: &str, body: impl Into<RecordBody>) -> LogLeaf {
        self.now.store(instant(at).micros(), Ordering::SeqCst);
        let recorded = self.log.record_blocking(SampleRecord(body.into())).unwrap();
        let (_, receipt) = recorded.into_parts();
        LogLeaf {
            index: receipt.index(),
            hash: receipt.leaf(),
        }
    }

    fn export(self, documents: &SampleDocuments, to: &Path) {
        self.log.close();
        let mut file = std::fs::File::create(to).unwrap();
        let head = self.log.head();
        export::write_bundle(
            &self.log,
            &head,
            &RecordFilter::default(),
            documents,
            &mut file,
        )
        .unwrap();
    }
}

fn instant(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}

/// Bundles of two participants.
pub(crate) struct BundlePair {
    /// Identity of the contract.
    pub(crate) contract: String,
    place: PathBuf,
}

impl BundlePair {
    /// Writes `lindau.bundle` and `firm.bundle`, which fit each other.
    pub(crate) fn make(place: &Path) -> Self {
        write_pair(place, true)
    }

    /// Writes bundles without the receipts that their records name.
    pub(crate) fn make_without_receipts(place: &Path) -> Self {
        write_pair(place, false)
    }

    /// SHA-256 of a bundle.
    pub(crate) fn digest(&self, file: &str) -> String {
        Digest::of(&std::fs::read(self.place.join(file)).unwrap()).to_string()
    }

    /// Replaces a text in a bundle.
    pub(crate) fn edit(&self, file: &str, text: &str, other: &str) {
        let path = self.place.join(file);
        let bundle = std::fs::read_to_string(&path).unwrap();
        assert!(bundle.contains(text));
        std::fs::write(&path, bundle.replacen(text, other, 1)).unwrap();
    }
}

fn admit(
    league: &mut LeagueAuthority,
    place: &Path,
    domain: &str,
    now: UtcTimestamp,
) -> ParticipantIdentity {
    let files = IdentityFiles::in_folder(&place.join(domain));
    let applicant = Applicant {
        id: domain.parse().unwrap(),
        name: domain.to_owned(),
        address: Some(format!("{domain}:7443")),
    };
    let request =
        participant_identity::create_identity(&files, &applicant, SignatureAlgorithm::EdDsa)
            .unwrap();
    let admitted = league.admit(&request, 7, now).unwrap();
    participant_identity::install_join_file(&files, &applicant.id, &admitted.join.to_bytes(), now)
        .unwrap();
    participant_identity::load_identity(&files, &applicant.id, 0, now).unwrap()
}

fn party(of: &ParticipantIdentity) -> ContractParty {
    ContractParty {
        id: of.id.clone(),
        name: of.id.domain().to_owned(),
        legal_id: None,
        signing_key: of.signer.kid().to_owned(),
        tls_issuer: of.chain.anchor(),
    }
}

/// Signature of a statement by one party.
fn sign(
    kind: StatementKind,
    role: SignatoryRole,
    of: &ParticipantIdentity,
    payload: &[u8],
    at: UtcTimestamp,
) -> (String, Vec<u8>) {
    let (alg, kid) = (of.signer.algorithm().as_str(), of.signer.kid());
    let header = envelope::protected_header(kind, role, alg, kid, at.micros() / 1_000_000);
    let signature = of
        .signer
        .sign(&envelope::signing_input(&header, payload))
        .unwrap();
    (header, signature)
}

fn write_pair(place: &Path, with_receipts: bool) -> BundlePair {
    let start = instant("2026-01-01T08:00:00Z");
    let settings = LeagueSettings {
        name: "Lake league".to_owned(),
        algorithm: SignatureAlgorithm::EdDsa,
        demo: true,
    };
    let mut league = LeagueAuthority::init(&place.join("league"), &settings, start).unwrap();
    let lindau = admit(&mut league, place, "lindau.example", start);
    let firm = admit(&mut league, place, "firm.example", start);
    let clauses = vec![Clause {
        id: ClauseId(2),
        term: Term::Columns(vec!["site".parse().unwrap()]),
    }];
    let agreement = Agreement {
        uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
        version: 1,
        supersedes: None,
        provider: party(&lindau),
        assignee: Assignee::Participant(party(&firm)),
        dataset: DatasetRef {
            id: DATASET.parse().unwrap(),
            schema: Digest::of(b"schema"),
            high_value: false,
        },
        clauses: clauses.clone(),
        not_before: instant("2026-01-01T00:00:00Z"),
        not_after: instant("2027-01-01T00:00:00Z"),
        purposes: hansa_proto::purpose_taxonomy::vocabulary_label(),
        own_purposes: Vec::new(),
        legal: None,
        template: None,
        signatory: None,
        rendering: hansa_policy::contract::rendering::PageRendering::default(),
        proposed_at: start,
        nonce: hansa_proto::base64url::encode(&[7; 16]),
    };
    let payload = contract::to_bytes(&agreement);
    let signatures = [
        (SignatoryRole::Provider, &lindau),
        (SignatoryRole::Consumer, &firm),
    ]
    .map(|(role, of)| sign(StatementKind::Agreement, role, of, &payload, start));
    let signed = envelope::assemble_statement(&payload, &signatures);
    let verified = envelope::parse_contract(&signed)
        .unwrap()
        .verify(&league.bundle().keys(start))
        .unwrap();
    let id = verified.id();
    let mut documents = SampleDocuments {
        trust: league.export_bundle(start).unwrap(),
        documents: BTreeMap::from([((DocumentKind::Contract, id.to_string()), signed)]),
    };
    let sender = SampleLog::open(place, &lindau);
    let recipient = SampleLog::open(place, &firm);
    let activation = verified.to_record_body();
    sender.record("2026-01-01T09:00:00Z", activation.clone());
    recipient.record("2026-01-01T09:00:01Z", activation);
    let grant = format!(
        "{}:{}",
        normal_form::FORM,
        normal_form::grant_hash(&clauses)
    );
    for (number, at) in ANSWERS.into_iter().enumerate() {
        let number = u8::try_from(number).unwrap();
        let request = RequestId([number; 16]);
        let permit = permit_of(request, id, &grant, &firm);
        let leaf = sender.record(at, permit);
        let rows = 12 + u64::from(number);
        let result = ResultDigest([number; 32]);
        sender.record(at, close_of(request, leaf.index, rows, result));
        let receipt = Receipt {
            provider: lindau.id.clone(),
            consumer: firm.id.clone(),
            rows,
            bytes: rows * 50,
            outcome: AnswerOutcome::Done,
            request,
            reads: vec![DatasetRead {
                dataset: DATASET.parse().unwrap(),
                contract: id,
                snapshot: "2026-10-01.1".to_owned(),
            }],
            request_digest: Digest::of(b"request"),
            sql_commit: Digest::of(b"sql"),
            plan_out_digest: Digest::of(b"plan"),
            result,
            admitted_at: instant(at),
            last_at: instant(at),
            leaf,
            checkpoint: sender.log.head().digest(),
            one_sided: false,
        };
        let payload = statement::to_bytes(&receipt);
        let signatures = [
            (SignatoryRole::Provider, &lindau),
            (SignatoryRole::Consumer, &firm),
        ]
        .map(|(role, of)| sign(StatementKind::Receipt, role, of, &payload, instant(at)));
        let text = envelope::assemble_statement(&payload, &signatures);
        let name = Digest::of(&text);
        if with_receipts {
            documents
                .documents
                .insert((DocumentKind::Receipt, name.to_string()), text);
        }
        recipient.record(at, received_of(&receipt, name));
        let word = ReceiptAcknowledgementRecord {
            request_id: request.to_string(),
            peer: firm.id.to_string(),
            receipt: name,
            matches: true,
        };
        sender.record(at, word);
    }
    sender.export(&documents, &place.join("lindau.bundle"));
    recipient.export(&documents, &place.join("firm.bundle"));
    BundlePair {
        contract: id.to_string(),
        place: place.to_owned(),
    }
}

fn permit_of(
    request: RequestId,
    contract: ContractId,
    grant: &str,
    firm: &ParticipantIdentity,
) -> PermitRecord {
    PermitRecord {
        request_id: request.to_string(),
        peer: firm.id.to_string(),
        peer_cert_sha256: None,
        contracts: vec![contract.to_string()],
        grants: vec![GrantEntry {
            dataset: DATASET.to_owned(),
            contract: Some(contract.to_string()),
            grant_hash: grant.to_owned(),
            clauses_applied: vec![2],
            relied_on: Vec::new(),
            attest: None,
            restriction: None,
        }],
        purpose: Some("dpv:ResearchAndDevelopment".to_owned()),
        sql_commit: Digest::of(b"sql"),
        plan_digest: Digest::of(b"plan").to_string(),
        datasets: vec![DatasetEntry {
            id: DATASET.to_owned(),
            snapshot: Some("2026-10-01.1".to_owned()),
            after: None,
        }],
        reservations: Vec::new(),
        charges: Vec::new(),
        at_most: AnswerBound::FIRST,
        node_version: "1".to_owned(),
        follows: None,
        as_of: None,
        mark: None,
        program: None,
        web: None,
    }
}

fn close_of(request: RequestId, opened: u64, rows: u64, result: ResultDigest) -> CloseRecord {
    CloseRecord {
        request_id: Some(request.to_string()),
        opened,
        outcome: "done".to_owned(),
        code: None,
        rows: Some(rows),
        bytes: Some(rows * 50),
        result_digest: Some(result.to_string()),
        at_most: None,
        stage: None,
        contract: None,
        clause: None,
        restriction: None,
    }
}

fn received_of(receipt: &Receipt, name: Digest) -> ReceivedRecord {
    ReceivedRecord {
        request_id: receipt.request.to_string(),
        peer: receipt.provider.to_string(),
        contracts: receipt
            .reads
            .iter()
            .map(|read| read.contract.to_string())
            .collect(),
        rows: receipt.rows,
        bytes: receipt.bytes,
        result_digest: receipt.result.to_string(),
        outcome: receipt.outcome.to_string(),
        state: "acknowledged".to_owned(),
        receipt: Some(name),
        dispute: None,
    }
}
