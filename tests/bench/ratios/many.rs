//! A hundred thousand datasets and contracts beside a thousand of each: a page of the catalogue, a question; and a start with as
//! many contracts.
//!
//! What is there in such numbers is made by the product's own parts and not by its commands, which would take hours: each
//! snapshot is staged and each contract signed by both, and both are recorded in the provider's log. Every other dataset is
//! offered to somebody else, who has every other contract.

use crate::governed_query::{clock, files, identity_of, opened};
use crate::measure::median;
use crate::readers::resident;
use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world;
use hansa_audit_store::AuditLog;
use hansa_audit_store::key::LogSigningKey;
use hansa_catalog::publication::DatasetDraft;
use hansa_identity::participant_identity::ParticipantIdentity;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, Assignee, ContractParty};
use hansa_policy::id::{ContractId, SqlIdentifier};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::peer::catalog_page::CatalogPageRequest;
use hansa_query::ingest::config::{DatasetConfig, parser};
use hansa_query::publication::context::PublicationContext;
use hansa_query::publication::{StagingOutcome, stage_snapshot};
use hansa_store::document_folder::DocumentFolder;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;
use std::path::Path;
use std::time::Instant;

/// How it is called.
pub(crate) const NAME: &str = "datasets and contracts in great numbers";

const FEW: usize = 1_000;

/// Datasets where there are contracts alone in great numbers.
pub(crate) const SOME: usize = 100;

/// Pages and questions of a round.
const CALLS: usize = 50;

/// What is done at once where much is written.
const AT_ONCE: usize = 8;

/// A provider with so much.
pub(crate) struct ManyDatasetsFixture {
    league: TestLeague,
    pub(crate) provider: TestParticipant,
    first: ContractId,
}

/// Measures all three, with so many datasets and contracts.
pub(crate) fn beside(table: &mut ResultTable, rounds: usize, count: usize) {
    eprintln!("{count} datasets and contracts, and {FEW} of each");
    let (mut few, mut many) = (
        ManyDatasetsFixture::of(FEW, FEW),
        ManyDatasetsFixture::of(count, count),
    );
    few.provider.serve();
    many.provider.serve();
    let ends = [
        WireConsumer::connect_at(few.league.folder(), few.provider.address()),
        WireConsumer::connect_at(many.league.folder(), many.provider.address()),
    ];
    for (place, at) in [("first", 0.0), ("middle", 0.5)] {
        let after = [FEW, count].map(|count| (at > 0.0).then(|| name(count / 2).to_string()));
        let [few, many] = in_turn(rounds, |side| {
            let request = CatalogPageRequest {
                after: after[side].clone(),
                limit: Some(100),
                known: None,
            };
            assert_eq!(ends[side].page(&request).entries.len(), 100, "a page");
        });
        table.note(
            &format!("the {place} page of 100 of {count} datasets, p50 in ms, at most 2"),
            many,
        );
        table.note(
            &format!("the {place} page of 100 of {count} datasets beside that of {FEW}, at most 2"),
            many / few,
        );
    }
    let sql = format!("SELECT n FROM {} WHERE id = 7", name(0));
    let contracts = [few.first, many.first];
    let [small, large] = in_turn(rounds, |side| {
        ends[side].ask(contracts[side], &sql);
    });
    table.note(
        &format!("a question beside {count} datasets and contracts, p50 beside that with {FEW}, at most 1.2"),
        large / small,
    );
    let memory = resident(many.provider.pid().unwrap()) / f64::from(1 << 20);
    table.note(
        &format!("a provider of {count} datasets and contracts: MiB in memory"),
        memory,
    );
    few.provider.stop();
    many.provider.stop();
    drop((few, many));
    started(table, rounds, count);
}

/// Seconds from the start to the first answer over a new connection.
fn started(table: &mut ResultTable, rounds: usize, count: usize) {
    eprintln!("a start with {count} contracts");
    let mut many = ManyDatasetsFixture::of(SOME, count);
    let sql = format!("SELECT n FROM {} WHERE id = 7", name(0));
    let mut times = Vec::new();
    // At the first start the index takes all records in.
    for round in 0..=rounds {
        let start = Instant::now();
        many.provider.serve();
        let consumer = WireConsumer::connect_at(many.league.folder(), many.provider.address());
        consumer.ask(many.first, &sql);
        let took = start.elapsed().as_secs_f64();
        if round > 0 {
            times.push(took);
        } else {
            table.note(
                &format!("the first start with {count} contracts, whose records the index takes in: seconds to the first answer"),
                took,
            );
        }
        many.provider.stop();
    }
    table.note(
        &format!("a start with {count} contracts: seconds to the first answer, at most 2"),
        median(&mut times),
    );
}

/// Milliseconds of a call at either side, by turns; the medians.
fn in_turn(rounds: usize, call: impl Fn(usize)) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        let sides = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in sides {
            let times: &mut Vec<f64> = &mut times[side];
            for _ in 0..CALLS {
                let started = Instant::now();
                call(side);
                if round > 0 {
                    times.push(started.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
    }
    times.map(|mut times| median(&mut times))
}

fn name(number: usize) -> SqlIdentifier {
    format!("d{number:06}").parse().unwrap()
}

impl ManyDatasetsFixture {
    pub(crate) fn of(datasets: usize, contracts: usize) -> Self {
        let league = TestLeague::new(Path::new(env!("CARGO_BIN_EXE_hansa")));
        let mut provider = league.city("north");
        let consumer = league.firm("firm");
        let _ = league.firm("other");
        for alias in ["north", "firm", "other"] {
            league.hand_bundle_to(alias);
        }
        let file = provider.folder().join("small.parquet");
        world::write(&file, 100);
        let first = name(0).to_string();
        let add = ["dataset", "add", "small.parquet", "--name", &first];
        let licence = ["--licence", "proprietary"];
        provider.hansa(&[&add[..], &licence].concat()).must();
        provider.publishes();
        provider.offers(&first, "open", ALL, "\"league\"", "auto");
        provider.serve();
        consumer.knows(&provider);
        let contract = consumer.contract(&format!("north.{first}"));
        let contract: ContractId = contract.parse().unwrap();
        provider.stop();
        let mut made = Self {
            league,
            provider,
            first: contract,
        };
        made.more(datasets, contracts);
        made
    }

    /// So many of each.
    fn more(&mut self, datasets: usize, contracts: usize) {
        let started = Instant::now();
        let folder = self.provider.folder().to_owned();
        let clock = clock();
        let now = clock().wall;
        let league = self.league.folder();
        let north = identity_of(league, "north", now);
        let takers = ["firm", "other"].map(|alias| identity_of(league, alias, now));
        let key = LogSigningKey::open(&files(&folder).note_key, "north.example").unwrap();
        let log = opened(folder.join("state/log"), "north.example", (key, &clock));
        let text = std::fs::read_to_string(folder.join("hansa.toml")).unwrap();
        let config = parser::parse_datasets(&text, "hansa.toml", &folder)
            .unwrap()
            .remove(0);
        each(1..datasets, |number| {
            publish(&folder, &config, name(number), (&north, &log));
        });
        let offers: Vec<String> = (1..datasets)
            .map(|number| {
                let name = name(number);
                let to = ["\"league\"", "[\"hansa://other.example\"]"][number % 2];
                format!("\n[[offer]]\ndataset = \"{name}\"\npolicy = \"open\"\nto = {to}\nsign = \"auto\"\n")
            })
            .collect();
        self.provider.configure(&offers.concat());
        let documents = DocumentFolder::open(&folder.join("state")).unwrap();
        let signed = documents.read_contract(self.first).unwrap();
        let signed = envelope::parse_contract(&signed).unwrap().agreement;
        let parties = takers.each_ref().map(|assignee| ContractParty {
            id: assignee.id.clone(),
            signing_key: assignee.signer.kid().to_owned(),
            ..own(&signed).clone()
        });
        each(1..contracts, |number| {
            let mut agreement = signed.clone();
            agreement.dataset.id.name = name(number % datasets);
            agreement.uid = format!("urn:uuid:00000000-0000-4000-8000-{number:012}");
            let assignee = &takers[number % 2];
            agreement.assignee = Assignee::Participant(parties[number % 2].clone());
            conclude(&agreement, &documents, (&north, assignee, &log));
        });
        log.close();
        eprintln!(
            "{datasets} datasets and {contracts} contracts made in {:.0} s",
            started.elapsed().as_secs_f64()
        );
    }
}

/// Does it for each number, some at once.
fn each(numbers: std::ops::Range<usize>, one: impl Fn(usize) + Sync) {
    let share = numbers.len().div_ceil(AT_ONCE).max(1);
    std::thread::scope(|scope| {
        for first in numbers.clone().step_by(share) {
            let (one, last) = (&one, (first + share).min(numbers.end));
            scope.spawn(move || (first..last).for_each(one));
        }
    });
}

/// Publishes the same rows under another name.
fn publish(
    folder: &Path,
    config: &DatasetConfig,
    name: SqlIdentifier,
    (own, log): (&ParticipantIdentity, &AuditLog),
) {
    let state = folder.join("state");
    let secret = std::fs::read(state.join("schema.secret")).unwrap();
    let context = PublicationContext {
        owner: own.id.clone(),
        zone: "UTC".to_owned(),
        state,
        schema_secret: secret.try_into().unwrap(),
        now: clock()().wall,
        limits: hansa_query::limits::QueryResourceLimits::default(),
        anew: false,
        logged: None,
        damaged: false,
    };
    let mut config = config.clone();
    config.name = name;
    let StagingOutcome::Staged(staged) = stage_snapshot(&config, &context, &|_| {}).unwrap() else {
        panic!("it was published before")
    };
    let dataset = staged.entry.clone();
    let schema = dataset.schema();
    let listed = DatasetDraft { dataset }.check_snapshot(&schema).unwrap();
    let _durable = log.record_blocking(listed).unwrap();
    staged.commit().unwrap();
}

/// Who takes.
fn own(agreement: &Agreement) -> &ContractParty {
    match &agreement.assignee {
        Assignee::Participant(party) => party,
        Assignee::Public | Assignee::Partner(_) => panic!("it is a contract"),
    }
}

/// Signs a contract for both, keeps it and puts it in the provider's log.
fn conclude(
    agreement: &Agreement,
    documents: &DocumentFolder,
    (provider, consumer, log): (&ParticipantIdentity, &ParticipantIdentity, &AuditLog),
) {
    let payload = hansa_proto::contract::to_bytes(agreement);
    let at = agreement.proposed_at.micros() / 1_000_000;
    let sign = |identity: &ParticipantIdentity, role: SignatoryRole| {
        let signer = &identity.signer;
        let alg = signer.algorithm().as_str();
        let header =
            envelope::protected_header(StatementKind::Agreement, role, alg, signer.kid(), at);
        let signature = signer.sign(&envelope::signing_input(&header, &payload));
        (header, signature.unwrap())
    };
    let both = [
        sign(provider, SignatoryRole::Provider),
        sign(consumer, SignatoryRole::Consumer),
    ];
    let bytes = envelope::assemble_statement(&payload, &both);
    let signed = envelope::parse_contract(&bytes).unwrap();
    documents.keep_contract(signed.id, &bytes).unwrap();
    let now = clock()().wall;
    let agreed = signed.verify(&provider.bundle.keys(now)).unwrap();
    let _durable = log.record_blocking(agreed).unwrap();
}
