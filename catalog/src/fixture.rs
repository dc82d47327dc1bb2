//! A dataset for the tests of this package.

use crate::dataset::{ColumnType, Dataset, DatasetColumn, GridDimension, RegisteredGrid};
use crate::offer::{AgreementParameters, Offer, OfferRecipients, SigningMode};
use hansa_audit_log::chain::ChainState;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Evidence, Ledger, RecordMetadata, Recorded};
use hansa_audit_log::record::RecordSalt;
use hansa_audit_log::storage::{LogStorage, StorageError};
use hansa_audit_log::time::{ClockReading, UtcTimestamp};
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::contract::{
    ActiveContracts, Agreement, Assignee, ContractParty, ContractRegistry, SignedContract,
};
use hansa_policy::id::{ClauseId, ContractId, ParticipantId, SqlIdentifier};
use hansa_policy::peer::{MembershipStatus, PeerCertificate, Roster};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::time::TimeBucketWidth;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const GRID: &str = "hansa://munster.example/grid/counts-1";

pub(crate) fn name(text: &str) -> SqlIdentifier {
    text.parse().unwrap()
}

pub(crate) fn names(list: &[&str]) -> Vec<SqlIdentifier> {
    list.iter().map(|text| name(text)).collect()
}

pub(crate) fn time(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}

pub(crate) fn column(of: &str, kind: ColumnType) -> DatasetColumn {
    DatasetColumn {
        name: name(of),
        kind,
        nullable: true,
        unit: None,
        crs: None,
        personal: false,
        meaning: None,
        conversion: None,
        own_keys: None,
        distinct: 0,
    }
}

pub(crate) fn clauses(terms: impl IntoIterator<Item = Term>) -> Vec<Clause> {
    terms
        .into_iter()
        .zip(1..)
        .map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        })
        .collect()
}

/// `site` text, `at` instant (not null), `day` date, `bikes` int, `share` float, `open` bool, `device` text, `lon`, `lat`.
pub(crate) fn counts() -> Dataset {
    let mut columns = vec![
        column("site", ColumnType::Text),
        column("at", ColumnType::Instant),
        column("day", ColumnType::Date),
        column("bikes", ColumnType::Int),
        column("share", ColumnType::Float),
        column("open", ColumnType::Bool),
        column("device", ColumnType::Text),
        column("lon", ColumnType::Float),
        column("lat", ColumnType::Float),
    ];
    columns[1].nullable = false;
    let dimension = |of: &str, bucket, zone: Option<&str>| GridDimension {
        column: name(of),
        bucket,
        zone: zone.map(str::to_owned),
    };
    Dataset {
        id: "hansa://munster.example/d/counts".parse().unwrap(),
        title: "Counts".to_owned(),
        licence: "proprietary".to_owned(),
        attribution: None,
        high_value: false,
        model: None,
        kind: None,
        unit_column: Some(name("device")),
        personal: false,
        columns,
        whole_schema: None,
        grid: Some(RegisteredGrid {
            id: GRID.to_owned(),
            dimensions: vec![
                dimension("site", None, None),
                dimension("at", Some(TimeBucketWidth::Hour), Some("Europe/Berlin")),
                dimension("day", None, None),
            ],
            release: None,
        }),
        version: "2026-06-01.1".to_owned(),
        published_at: time("2026-06-01T00:00:00Z"),
        rows: 1_000,
        bytes: 50_000,
        time_span: None,
        area: None,
        feed: None,
        zone: "Europe/Berlin".to_owned(),
    }
}

pub(crate) const OWNER: &str = "hansa://munster.example";
pub(crate) const FIRM: &str = "hansa://firm.example";

pub(crate) fn participant(text: &str) -> ParticipantId {
    text.parse().unwrap()
}

/// `dpv:Purpose` > `dpv:Research`.
pub(crate) fn taxonomy() -> Taxonomy {
    let purpose = |text: &str| text.parse().unwrap();
    let vocabulary = BTreeMap::from([
        (purpose("dpv:Purpose"), Vec::new()),
        (purpose("dpv:Research"), vec![purpose("dpv:Purpose")]),
    ]);
    Taxonomy::new("2.1:sha256:test".to_owned(), vocabulary)
}

pub(crate) fn offer(terms: impl IntoIterator<Item = Term>, to: OfferRecipients) -> Offer {
    Offer {
        dataset: counts().id,
        title: "Counts".to_owned(),
        clauses: clauses(terms),
        own_purposes: Vec::new(),
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time("2027-01-01T00:00:00Z"),
        legal: None,
        template: None,
        to,
        sign: SigningMode::Officer,
    }
}

fn party(id: &str) -> ContractParty {
    ContractParty {
        id: participant(id),
        name: id.to_owned(),
        legal_id: None,
        signing_key: format!("key of {id}"),
        tls_issuer: Digest::of(b"issuer"),
    }
}

pub(crate) fn agreement(offer: &Offer, dataset: &Dataset) -> Agreement {
    let assignee = match offer.to {
        OfferRecipients::Public => Assignee::Public,
        OfferRecipients::League | OfferRecipients::Participants(_) => {
            Assignee::Participant(party(FIRM))
        }
    };
    let filled = AgreementParameters {
        uid: "urn:uuid:1".to_owned(),
        version: 1,
        supersedes: None,
        provider: party(OWNER),
        assignee,
        purposes: taxonomy().label,
        signatory: None,
        rendering: None,
        proposed_at: time("2026-01-01T00:00:00Z"),
        nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    };
    offer.agreement(dataset, filled)
}

struct AcceptingSignatureCheck;

impl SignatureVerifier for AcceptingSignatureCheck {
    fn check(&self, _: &ParticipantId, _: &Signature, _: SignaturePurpose) -> Result<(), Refusal> {
        Ok(())
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        false
    }

    fn mandate_revoked(
        &self,
        _: &ParticipantId,
        _: &hansa_policy::contract::signature::SignedMandate,
        _: &Signature,
    ) -> bool {
        false
    }

    fn logged(&self) -> Option<hansa_audit_log::time::UtcTimestamp> {
        None
    }
}

/// A book with this contract, and its identity.
pub(crate) fn book(agreement: Agreement) -> (ContractRegistry, ContractId) {
    let id = ContractId(Digest::of(format!("{agreement:?}").as_bytes()));
    let signature = |role, party: &ContractParty| Signature {
        role,
        kid: party.signing_key.clone(),
        alg: "EdDSA".to_owned(),
        issued_at: 0,
        signing_input: Vec::new(),
        signature: Vec::new(),
        seal: None,
        mandate: None,
    };
    let mut signatures = vec![signature(SignatoryRole::Provider, &agreement.provider)];
    if let Assignee::Participant(consumer) = &agreement.assignee {
        signatures.push(signature(SignatoryRole::Consumer, consumer));
    }
    let signed = SignedContract {
        id,
        agreement,
        signatures,
    };
    let mut book = ContractRegistry::new(participant(OWNER));
    book.readmit(
        signed.verify(&AcceptingSignatureCheck).unwrap(),
        &BTreeSet::from([id]),
    )
    .unwrap();
    (book, id)
}

pub(crate) fn in_force(book: &ContractRegistry, id: ContractId) -> ActiveContracts {
    let issuer = Digest::of(b"issuer");
    let standing = MembershipStatus {
        issuers: vec![issuer],
        denied: Vec::new(),
    };
    let now = time("2026-06-01T00:00:00Z");
    let roster = Roster::new(BTreeMap::from([(participant(FIRM), standing)]));
    let presented = PeerCertificate::attest(
        participant(FIRM),
        Digest::of(b"leaf"),
        issuer,
        UtcTimestamp::LATEST,
    );
    let firm = roster.recognise(&presented, now).unwrap();
    book.in_force(&firm, &[id], now).unwrap()
}

/// Keeps nothing and never fails.
#[derive(Debug)]
pub(crate) struct DiscardingLogStorage;

impl LogStorage for DiscardingLogStorage {
    fn append(&mut self, _: &[u8]) -> Result<(), StorageError> {
        Ok(())
    }
}

pub(crate) fn ledger() -> Ledger<DiscardingLogStorage> {
    Ledger::open(
        DiscardingLogStorage,
        ChainState::new("munster.example/hansa/evidence"),
        "boot-1",
    )
}

pub(crate) fn recorded<T: Evidence>(
    ledger: &mut Ledger<DiscardingLogStorage>,
    value: T,
) -> Recorded<T> {
    let stamp = RecordMetadata {
        tick: ClockReading {
            wall: time("2026-06-01T00:00:00Z"),
            mono_ns: 0,
        },
        salt: RecordSalt([7; 16]),
    };
    ledger.record(value, stamp).unwrap()
}
