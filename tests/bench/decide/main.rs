//! `cargo decide`: what a decision costs with a thousand contracts in force beside one hundred thousand, and how the look-up
//! of the contracts of an asker grows. Measured alternately in one run; contracts are signed and checked for real.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and stops at the first surprise"
)]

use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::keys::SignatureAlgorithm;
use hansa_identity::league::{LeagueAuthority, LeagueSettings};
use hansa_identity::participant_identity::admission_request::Applicant;
use hansa_identity::participant_identity::{self, IdentityFiles, ParticipantIdentity};
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, Assignee, ContractParty, ContractRegistry, DatasetRef};
use hansa_policy::decision::decide_question;
use hansa_policy::decision::decision_input::DecisionInput;
use hansa_policy::decision::query_shape::{JoinUse, QueryShape};
use hansa_policy::id::{
    ClauseId, ContractId, DatasetId, ParticipantId, PurposeId, RequestId, SqlIdentifier,
};
use hansa_policy::peer::{PeerCertificate, VerifiedPeer};
use hansa_policy::term::contract_context::ContractContext;
use hansa_policy::term::{Clause, Term};
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::envelope::{assemble_statement, parse_contract, protected_header, signing_input};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    // `cargo test` runs it too, with next to nothing, so that it does not fall behind the code unseen.
    let measured = std::env::args().any(|arg| arg == "--bench");
    let (mut most, mut rounds) = if measured { (100_000, 21) } else { (20, 1) };
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .and_then(|text| text.parse().ok())
                .expect("a number")
        };
        match arg.as_str() {
            "--bench" => {}
            "--contracts" => most = value(),
            "--rounds" => rounds = value(),
            _ if !measured => return,
            _ => {
                eprintln!("usage: cargo decide [--contracts N] [--rounds N]");
                std::process::exit(2);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let fixture = DecisionFixture::new(folder.path());
    let least = most.min(1_000);
    let (few, many) = (fixture.registry(least), fixture.registry(most));
    println!(
        "decision, 12 clauses, one dataset of one contract; {rounds} rounds of 200, alternating"
    );
    let (mut small, mut large) = (Vec::new(), Vec::new());
    let (mut found, mut found_large) = (Vec::new(), Vec::new());
    let (mut own, mut own_large) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        small.extend(fixture.decisions(&few));
        large.extend(fixture.decisions(&many));
        found.extend(fixture.lookups(&few));
        found_large.extend(fixture.lookups(&many));
        own.extend(fixture.lists(&few));
        own_large.extend(fixture.lists(&many));
    }
    let (small, large) = (median(small), median(large));
    let (found, found_large) = (median(found), median(found_large));
    println!("  {least:>9} contracts  p50 {small:>8.2} µs   target 20");
    println!(
        "  {most:>9} contracts  p50 {large:>8.2} µs   {:.2} times, target 1.2",
        large / small
    );
    println!("look-up of one contract by its name and asker");
    println!("  {least:>9} contracts  p50 {found:>8.2} µs");
    println!(
        "  {most:>9} contracts  p50 {found_large:>8.2} µs   {:.2} times",
        found_large / found
    );
    let (own, own_large) = (median(own), median(own_large));
    println!("look-up of the {OTHERS} contracts of one asker among those of others");
    println!("  {least:>9} contracts  p50 {own:>8.2} µs");
    println!(
        "  {most:>9} contracts  p50 {own_large:>8.2} µs   {:.2} times",
        own_large / own
    );
}

/// How many contracts a third participant has, beside all others.
const OTHERS: usize = 10;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A provider, a consumer, and what is needed to decide.
struct DecisionFixture {
    provider: ParticipantIdentity,
    consumer: ParticipantIdentity,
    other: ParticipantIdentity,
    bundle: TrustBundle,
    peer: VerifiedPeer,
    taxonomy: hansa_policy::term::purpose::Taxonomy,
    now: UtcTimestamp,
}

/// A registry, and the contracts in it.
struct RegisteredContracts {
    registry: ContractRegistry,
    contracts: Vec<(ContractId, DatasetId)>,
}

impl DecisionFixture {
    fn new(folder: &Path) -> Self {
        let now: UtcTimestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let founding = LeagueSettings {
            name: "Bench league".to_owned(),
            algorithm: SignatureAlgorithm::EdDsa,
            demo: true,
        };
        let mut league = LeagueAuthority::init(&folder.join("league"), &founding, now).unwrap();
        let domains = ["munster.example", "firm.example", "other.example"];
        let mut joined = domains.map(|domain| {
            let id: ParticipantId = domain.parse().unwrap();
            let files = IdentityFiles::in_folder(&folder.join(domain));
            let applicant = Applicant {
                id: id.clone(),
                name: domain.to_owned(),
                address: Some(format!("{domain}:7443")),
            };
            let request = participant_identity::create_identity(
                &files,
                &applicant,
                SignatureAlgorithm::EdDsa,
            )
            .unwrap();
            let admitted = league.admit(&request, 7, now).unwrap();
            participant_identity::install_join_file(&files, &id, &admitted.join.to_bytes(), now)
                .unwrap();
            Some(participant_identity::load_identity(&files, &id, 0, now).unwrap())
        });
        let bundle = TrustBundle::read(&league.export_bundle(now).unwrap()).unwrap();
        let consumer = joined[1].take().unwrap();
        let presented = PeerCertificate::attest(
            consumer.id.clone(),
            consumer.chain.leaf().digest,
            consumer.chain.anchor(),
            consumer.chain.not_after(),
        );
        Self {
            provider: joined[0].take().unwrap(),
            peer: bundle.roster().recognise(&presented, now).unwrap(),
            consumer,
            other: joined[2].take().unwrap(),
            bundle,
            taxonomy: hansa_proto::purpose_taxonomy::build_taxonomy(&[]).unwrap(),
            now,
        }
    }

    fn registry(&self, contracts: usize) -> RegisteredContracts {
        let keys = self.bundle.keys(self.now);
        let mut registry = ContractRegistry::new(self.provider.id.clone());
        let mut held = Vec::with_capacity(contracts);
        for number in 0..contracts + OTHERS {
            let is_other = number >= contracts;
            let consumer = if is_other {
                &self.other
            } else {
                &self.consumer
            };
            let agreement = self.agreement(number, consumer);
            let dataset = agreement.dataset.id.clone();
            let payload = hansa_proto::contract::to_bytes(&agreement);
            let signatures = [
                (SignatoryRole::Provider, &self.provider.signer),
                (SignatoryRole::Consumer, &consumer.signer),
            ]
            .map(|(role, signer)| {
                let seconds = self.now.micros() / 1_000_000;
                let alg = signer.algorithm().as_str();
                let header =
                    protected_header(StatementKind::Agreement, role, alg, signer.kid(), seconds);
                let signature = signer.sign(&signing_input(&header, &payload)).unwrap();
                (header, signature)
            });
            let agreed = parse_contract(&assemble_statement(&payload, &signatures))
                .unwrap()
                .verify(&keys)
                .unwrap();
            let id = agreed.id();
            registry.readmit(agreed, &BTreeSet::from([id])).unwrap();
            if !is_other {
                held.push((id, dataset));
            }
        }
        RegisteredContracts {
            registry,
            contracts: held,
        }
    }

    fn party(&self, id: &ParticipantId) -> ContractParty {
        let member = self.bundle.member(id).unwrap();
        ContractParty {
            id: id.clone(),
            name: member.name.clone(),
            legal_id: None,
            signing_key: member.keys[0].key.kid().to_owned(),
            tls_issuer: self.consumer.chain.anchor(),
        }
    }

    fn agreement(&self, number: usize, consumer: &ParticipantIdentity) -> Agreement {
        let provider = self.provider.id.clone();
        let name: SqlIdentifier = format!("d{number}").parse().unwrap();
        let quota = |max| hansa_policy::value::time::PeriodQuota {
            max,
            per: hansa_policy::value::time::QuotaPeriod::Days {
                count: hansa_policy::value::time::QuotaDays::One,
                zone: hansa_audit_log::day_zone::DayZone::utc(),
            },
        };
        let names = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        let terms = vec![
            Term::Purpose(vec!["dpv:ResearchAndDevelopment".parse().unwrap()]),
            Term::NotAfter("2027-06-01T00:00:00Z".parse().unwrap()),
            Term::Columns(names(&["site", "at", "bikes", "device"])),
            Term::Rows(
                hansa_policy::row_filter::parse_row_filter("district IN ('A', 'B')").unwrap(),
            ),
            Term::Pseudonym(hansa_policy::term::pseudonym::PseudonymTerm {
                column: "device".parse().unwrap(),
                epoch: 1,
            }),
            Term::TimeBucket {
                column: "at".parse().unwrap(),
                bucket: hansa_policy::value::time::TimeBucketWidth::Hour,
                zone: None,
            },
            Term::Queries(quota(1_000)),
            Term::RowQuota(quota(10_000)),
            Term::ByteQuota(quota(5_000_000)),
            Term::ResultRows(1_000),
            Term::Concurrent(4),
            Term::Prohibit(hansa_policy::term::duty::ForbiddenUse::Sell),
        ];
        Agreement {
            uid: format!("urn:uuid:0198f0c2-6d1e-7c11-9a53-{number:012x}"),
            version: 1,
            supersedes: None,
            provider: self.party(&provider),
            assignee: Assignee::Participant(self.party(&consumer.id)),
            dataset: DatasetRef {
                id: DatasetId {
                    owner: provider,
                    name,
                },
                schema: Digest::of(b"schema"),
                high_value: false,
            },
            clauses: terms
                .into_iter()
                .zip(2..)
                .map(|(term, number)| Clause {
                    id: ClauseId(number),
                    term,
                })
                .collect(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2027-06-01T00:00:00Z".parse().unwrap(),
            purposes: hansa_proto::purpose_taxonomy::vocabulary_label(),
            own_purposes: Vec::new(),
            legal: None,
            signatory: None,
            rendering: PageRendering::default(),
            template: None,
            proposed_at: self.now,
            nonce: hansa_proto::base64url::encode(&[7; 16]),
        }
    }

    /// Contracts spread over the whole registry.
    fn chosen<'h>(
        &self,
        held: &'h RegisteredContracts,
    ) -> impl Iterator<Item = &'h (ContractId, DatasetId)> {
        let step = (held.contracts.len() / 200).max(1);
        held.contracts.iter().step_by(step).take(200)
    }

    /// Each decision from the name of the contract to the ruling, in microseconds.
    fn decisions(&self, held: &RegisteredContracts) -> Vec<f64> {
        let purpose: PurposeId = "dpv:ResearchAndDevelopment".parse().unwrap();
        let spent = BTreeMap::new();
        let columns: BTreeSet<SqlIdentifier> =
            ["site", "bikes"].map(|text| text.parse().unwrap()).into();
        self.chosen(held)
            .map(|(id, dataset)| {
                let schemas = BTreeMap::from([(dataset.clone(), Digest::of(b"schema"))]);
                let snapshots = BTreeMap::from([(dataset.clone(), "2026-06-01.1".to_owned())]);
                let reads = ColumnReads(BTreeMap::from([(dataset.clone(), columns.clone())]));
                // No other answer runs; of what is unknown every count would be at its most.
                let alone = ContractContext {
                    running: 0,
                    ..ContractContext::UNKNOWN
                };
                let around = BTreeMap::from([(*id, alone)]);
                let facts = DecisionInput {
                    now: self.now,
                    request: RequestId([7; 16]),
                    sql_commit: Digest::of(b"sql"),
                    purpose: Some(&purpose),
                    taxonomy: &self.taxonomy,
                    extends: &BTreeMap::new(),
                    schemas: &schemas,
                    snapshots: &snapshots,
                    spent: &spent,
                    contexts: &around,
                    restrictions: &BTreeMap::new(),
                    tenant: None,
                    connector_version: "bench",
                };
                let start = Instant::now();
                let active = held
                    .registry
                    .in_force(&self.peer, &[*id], self.now)
                    .unwrap();
                let ruled = decide_question(active, &facts, reads).unwrap();
                let took = start.elapsed();
                assert_eq!(ruled.effects().len(), 1);
                took.as_secs_f64() * 1e6
            })
            .collect()
    }

    fn lists(&self, held: &RegisteredContracts) -> Vec<f64> {
        let lists = (0..200).map(|_| {
            let start = Instant::now();
            let found = held
                .registry
                .contracts_for(&self.other.id, self.now)
                .count();
            let took = start.elapsed();
            assert_eq!(found, OTHERS);
            took.as_secs_f64() * 1e6
        });
        lists.collect()
    }

    fn lookups(&self, held: &RegisteredContracts) -> Vec<f64> {
        self.chosen(held)
            .map(|(id, _)| {
                let start = Instant::now();
                let active = held
                    .registry
                    .in_force(&self.peer, &[*id], self.now)
                    .unwrap();
                let took = start.elapsed();
                assert_eq!(active.grants().len(), 1);
                took.as_secs_f64() * 1e6
            })
            .collect()
    }
}

struct ColumnReads(BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>);

impl QueryShape for ColumnReads {
    fn used_columns(&self) -> &BTreeMap<DatasetId, BTreeSet<SqlIdentifier>> {
        &self.0
    }

    fn digest(&self) -> Digest {
        Digest::of(b"plan")
    }

    fn dataset_joins(&self) -> BTreeMap<DatasetId, JoinUse> {
        self.0
            .keys()
            .map(|id| (id.clone(), JoinUse::default()))
            .collect()
    }
}
