//! A dataset for the tests of this package.

use crate::dataset::{Column, ColumnType, Dataset, Grid, GridDimension};
use crate::offer::{Filled, Offer, Recipients, Sign};
use hansa_audit_log::chain::Chain;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Evidence, Ledger, Recorded, Stamp};
use hansa_audit_log::record::Salt;
use hansa_audit_log::shelf::{Shelf, ShelfBroken};
use hansa_audit_log::time::{Tick, Time};
use hansa_policy::contract::deed::Deed;
use hansa_policy::contract::{
    Agreement, Assignee, Book, InForce, Party, Role, Signature, SignatureCheck, SignedContract,
};
use hansa_policy::id::{ClauseId, ContractId, Name, ParticipantId};
use hansa_policy::peer::{Presented, Roster, Standing};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::{Bucket, Clause, Term};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const GRID: &str = "hansa://munster.example/grid/counts-1";

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn names(list: &[&str]) -> Vec<Name> {
    list.iter().map(|text| name(text)).collect()
}

pub(crate) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

pub(crate) fn column(of: &str, kind: ColumnType) -> Column {
    Column {
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
        grid: Some(Grid {
            id: GRID.to_owned(),
            dimensions: vec![
                dimension("site", None, None),
                dimension("at", Some(Bucket::Hour), Some("Europe/Berlin")),
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

pub(crate) fn offer(terms: impl IntoIterator<Item = Term>, to: Recipients) -> Offer {
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
        sign: Sign::Officer,
    }
}

fn party(id: &str) -> Party {
    Party {
        id: participant(id),
        name: id.to_owned(),
        legal_id: None,
        signing_key: format!("key of {id}"),
        tls_issuer: Digest::of(b"issuer"),
    }
}

pub(crate) fn agreement(offer: &Offer, dataset: &Dataset) -> Agreement {
    let assignee = match offer.to {
        Recipients::Public => Assignee::Public,
        Recipients::League | Recipients::Participants(_) => Assignee::Participant(party(FIRM)),
    };
    let filled = Filled {
        uid: "urn:uuid:1".to_owned(),
        version: 1,
        supersedes: None,
        provider: party(OWNER),
        assignee,
        purposes: taxonomy().label,
        signatory: None,
        shown: None,
        proposed_at: time("2026-01-01T00:00:00Z"),
        nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    };
    offer.agreement(dataset, filled)
}

struct AnyKey;

impl SignatureCheck for AnyKey {
    fn check(&self, _: &ParticipantId, _: &Signature, _: Deed) -> Result<(), Refusal> {
        Ok(())
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        false
    }

    fn mandate_revoked(
        &self,
        _: &ParticipantId,
        _: &hansa_policy::contract::mandate::SignedMandate,
        _: &Signature,
    ) -> bool {
        false
    }

    fn logged(&self) -> Option<hansa_audit_log::time::Time> {
        None
    }
}

/// A book with this contract, and its identity.
pub(crate) fn book(agreement: Agreement) -> (Book, ContractId) {
    let id = ContractId(Digest::of(format!("{agreement:?}").as_bytes()));
    let signature = |role, party: &Party| Signature {
        role,
        kid: party.signing_key.clone(),
        alg: "EdDSA".to_owned(),
        issued_at: 0,
        signing_input: Vec::new(),
        signature: Vec::new(),
        seal: None,
        mandate: None,
    };
    let mut signatures = vec![signature(Role::Provider, &agreement.provider)];
    if let Assignee::Participant(consumer) = &agreement.assignee {
        signatures.push(signature(Role::Consumer, consumer));
    }
    let signed = SignedContract {
        id,
        agreement,
        signatures,
    };
    let mut book = Book::new(participant(OWNER));
    book.readmit(signed.verify(&AnyKey).unwrap(), &BTreeSet::from([id]))
        .unwrap();
    (book, id)
}

pub(crate) fn in_force(book: &Book, id: ContractId) -> InForce {
    let issuer = Digest::of(b"issuer");
    let standing = Standing {
        issuers: vec![issuer],
        denied: Vec::new(),
    };
    let now = time("2026-06-01T00:00:00Z");
    let roster = Roster::new(BTreeMap::from([(participant(FIRM), standing)]));
    let presented = Presented::attest(participant(FIRM), Digest::of(b"leaf"), issuer, Time::LATEST);
    let firm = roster.recognise(&presented, now).unwrap();
    book.in_force(&firm, &[id], now).unwrap()
}

/// Keeps nothing and never fails.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Shelf for Nowhere {
    fn append(&mut self, _: &[u8]) -> Result<(), ShelfBroken> {
        Ok(())
    }
}

pub(crate) fn ledger() -> Ledger<Nowhere> {
    Ledger::open(
        Nowhere,
        Chain::new("munster.example/hansa/evidence"),
        "boot-1",
    )
}

pub(crate) fn recorded<T: Evidence>(ledger: &mut Ledger<Nowhere>, value: T) -> Recorded<T> {
    let stamp = Stamp {
        tick: Tick {
            wall: time("2026-06-01T00:00:00Z"),
            mono_ns: 0,
        },
        salt: Salt([7; 16]),
    };
    ledger.record(value, stamp).unwrap()
}
