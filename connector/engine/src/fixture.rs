//! A participant with datasets and contracts for the tests of this package, put together the way that the product does it.

use crate::answer::Answer;
use crate::execute::watch::Watch;
use crate::execute::{Holdings, execute};
use crate::limits::{Limits, Room, SqlLimits, runtime};
use crate::plan;
use crate::snapshot::Snapshot;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use catalog::dataset::{Column, ColumnType, Dataset};
use catalog::view::{View, ViewTable};
use enforce::apply::{Permitted, apply};
use enforce::bind::Bound;
use enforce::cube::Tools;
use evidence::chain::Chain;
use evidence::digest::Digest;
use evidence::ledger::{Ledger, Recorded, Stamp};
use evidence::record::Salt;
use evidence::shelf::{Shelf, ShelfBroken};
use evidence::time::{Tick, Time};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use policy::contract::{
    Agreement, Assignee, Book, DatasetRef, InForce, Party, Role, Signature, SignatureCheck,
    SignedContract,
};
use policy::id::{ClauseId, ContractId, DatasetId, Name, ParticipantId, RequestId};
use policy::peer::{Presented, Roster, Standing};
use policy::refusal::Refusal;
use policy::ruling::{Facts, Ruled, decide};
use policy::term::purpose::Taxonomy;
use policy::term::{Clause, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// The participant's own words for its two parties.
const PROVIDER: &str = "hansa://munster.example";
const CONSUMER: &str = "hansa://firm.example";

pub(crate) fn time(text: &str) -> Time {
    text.parse().unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// `x:int`, `y:text?`: a column, nullable where a question mark stands.
pub(crate) fn column(text: &str) -> Column {
    let (bare, nullable) = match text.strip_suffix('?') {
        Some(bare) => (bare, true),
        None => (text, false),
    };
    let (column, kind) = bare.split_once(':').unwrap();
    let kind = match kind {
        "text" => ColumnType::Text,
        "int" => ColumnType::Int,
        "float" => ColumnType::Float,
        "bool" => ColumnType::Bool,
        "date" => ColumnType::Date,
        "instant" => ColumnType::Instant,
        other => panic!("no such type: {other}"),
    };
    Column {
        name: name(column),
        kind,
        nullable,
        unit: None,
        crs: None,
        personal: false,
        meaning: None,
        conversion: None,
    }
}

pub(crate) fn dataset(bare: &str, columns: &[&str]) -> Dataset {
    Dataset {
        id: format!("{PROVIDER}/d/{bare}").parse().unwrap(),
        title: bare.to_owned(),
        licence: "proprietary".to_owned(),
        attribution: None,
        high_value: false,
        model: None,
        unit_column: None,
        personal: false,
        columns: columns.iter().map(|text| column(text)).collect(),
        whole_schema: None,
        grid: None,
        version: "2026-11-20.1".to_owned(),
        published_at: time("2026-11-20T00:00:00Z"),
        rows: 0,
        bytes: 0,
        time_span: None,
        area: None,
        zone: "UTC".to_owned(),
    }
}

/// How the files of a dataset are laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) files: usize,
    pub(crate) row_group: usize,
    pub(crate) statistics: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            files: 1,
            row_group: 1000,
            statistics: true,
        }
    }
}

/// A participant with datasets, each under one contract with the consumer.
pub(crate) struct City {
    folder: tempfile::TempDir,
    datasets: BTreeMap<DatasetId, (Dataset, Vec<Clause>)>,
    holdings: Holdings,
    room: Room,
    pub(crate) limits: Limits,
    pub(crate) sql_limits: SqlLimits,
}

fn handle() -> tokio::runtime::Handle {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| runtime(2).unwrap()).handle().clone()
}

impl City {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::new(handle(), 1 << 30, folder.path().join("spill")).unwrap();
        Self {
            folder,
            datasets: BTreeMap::new(),
            holdings: Holdings::new(),
            room,
            limits: Limits::default(),
            sql_limits: SqlLimits::default(),
        }
    }

    pub(crate) fn room_mut(&mut self) -> &mut Room {
        &mut self.room
    }

    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// Publishes `rows` under a contract of `terms`.
    pub(crate) fn publish(
        &mut self,
        dataset: Dataset,
        rows: &RecordBatch,
        layout: Layout,
        terms: impl IntoIterator<Item = Term>,
    ) {
        let dataset = Dataset {
            rows: u64::try_from(rows.num_rows()).unwrap(),
            ..dataset
        };
        let files = write(
            self.folder.path().join(dataset.id.name.as_str()),
            rows,
            layout,
        );
        let snapshot = Snapshot::of_files(dataset.clone(), files, Digest::of(b"rows"));
        self.holdings.insert(dataset.id.clone(), Arc::new(snapshot));
        let clauses = terms
            .into_iter()
            .zip(1..)
            .map(|(term, number)| Clause {
                id: ClauseId(number),
                term,
            })
            .collect();
        self.datasets.insert(dataset.id.clone(), (dataset, clauses));
    }

    /// The consumer's contracts, in force.
    pub(crate) fn standing(&self) -> InForce {
        let mut book = Book::new(PROVIDER.parse().unwrap());
        let mut ids = Vec::new();
        for (dataset, clauses) in self.datasets.values() {
            let id = ContractId(Digest::of(dataset.id.to_string().as_bytes()));
            let agreement = agreement(dataset, clauses.clone());
            let signatures = vec![
                signature(Role::Provider, &agreement.provider),
                signature(Role::Consumer, &party(CONSUMER)),
            ];
            let signed = SignedContract {
                id,
                agreement,
                signatures,
            };
            let agreed = signed.verify(&AnyKey).unwrap();
            book.readmit(agreed, &BTreeSet::from([id])).unwrap();
            ids.push(id);
        }
        let issuer = Digest::of(b"issuer");
        let listed = Standing {
            issuers: vec![issuer],
            denied: Vec::new(),
        };
        let consumer: ParticipantId = CONSUMER.parse().unwrap();
        let roster = Roster::new(BTreeMap::from([(consumer.clone(), listed)]));
        let presented = Presented::attest(consumer, Digest::of(b"leaf"), issuer, Time::LATEST);
        let peer = roster.recognise(&presented, now()).unwrap();
        book.in_force(&peer, &ids, now()).unwrap()
    }

    /// What the contracts show.
    pub(crate) fn view(&self) -> View {
        let standing = self.standing();
        let tables = standing
            .grants()
            .iter()
            .map(|(id, grant)| {
                let (dataset, _) = &self.datasets[id];
                let effects = policy::term::effects(grant, standing.asker().id(), None).unwrap();
                let stored = dataset.schema();
                let table = ViewTable {
                    dataset: id.clone(),
                    contract: grant.contract(),
                    shape: catalog::view::shape(dataset, &effects).unwrap(),
                    stored,
                };
                (id.name.clone(), table)
            })
            .collect();
        View::new(tables)
    }

    pub(crate) fn bound(&self, sql: &str) -> Result<Bound, Refusal> {
        plan::plan(sql, &self.view(), &self.sql_limits, now())
    }

    pub(crate) fn permitted(&self, sql: &str) -> Result<Permitted, Refusal> {
        let bound = self.bound(sql)?;
        let schemas = self
            .datasets
            .iter()
            .map(|(id, (dataset, _))| (id.clone(), dataset.schema_digest()))
            .collect();
        let snapshots = self
            .datasets
            .iter()
            .map(|(id, (dataset, _))| (id.clone(), dataset.version.clone()))
            .collect();
        let taxonomy = Taxonomy {
            label: "test".to_owned(),
            parents: BTreeMap::new(),
        };
        let facts = Facts {
            now: now(),
            request: RequestId([7; 16]),
            sql_commit: Digest::of(sql.as_bytes()),
            purpose: None,
            taxonomy: &taxonomy,
            schemas: &schemas,
            snapshots: &snapshots,
            spent: &BTreeMap::new(),
            tenant: None,
            node_version: "test",
        };
        let ruled = decide(self.standing(), &facts, bound)?;
        apply(recorded(ruled), &tools()).map_err(|declined| declined.refusal().clone())
    }

    pub(crate) async fn answer(&self, sql: &str, watch: Watch) -> Result<Answer, Refusal> {
        let permitted = self.permitted(sql)?;
        execute(permitted, &self.holdings, &self.room, &self.limits, watch)
            .await
            .map_err(|unanswered| unanswered.refusal)
    }

    /// The whole answer.
    pub(crate) fn ask(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), Refusal> {
        futures::executor::block_on(async {
            let _inside = self.room.handle().enter();
            let mut answer = self.answer(sql, Watch::idle()).await?;
            let schema = Arc::clone(answer.schema());
            let mut batches = Vec::new();
            while let Some(batch) = answer.next().await {
                batches.push(batch?);
            }
            Ok((schema, batches))
        })
    }

    /// The rows as text, in the order in which they came.
    pub(crate) fn rows(&self, sql: &str) -> Result<Vec<String>, Refusal> {
        self.ask(sql).map(|(_, batches)| lines(&batches))
    }
}

/// Each row as `a|b|c`.
pub(crate) fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let options = datafusion::arrow::util::display::FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| {
                datafusion::arrow::util::display::ArrayFormatter::try_new(column, &options).unwrap()
            })
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
            rows.push(cells.join("|"));
        }
    }
    rows
}

pub(crate) fn now() -> Time {
    time("2026-11-20T08:00:00Z")
}

pub(crate) fn tools() -> Tools {
    Tools {
        count: datafusion::functions_aggregate::count::count_udaf(),
        sum: datafusion::functions_aggregate::sum::sum_udaf(),
    }
}

struct AnyKey;

impl SignatureCheck for AnyKey {
    fn check(&self, _: &ParticipantId, _: &Signature) -> Result<(), Refusal> {
        Ok(())
    }
}

struct Memory;

impl Shelf for Memory {
    fn append(&mut self, _: &[u8]) -> Result<(), ShelfBroken> {
        Ok(())
    }
}

fn recorded(ruled: Ruled<Bound>) -> Recorded<Ruled<Bound>> {
    let mut ledger = Ledger::open(Memory, Chain::new("munster.example/hansa/evidence"), "boot");
    let stamp = Stamp {
        tick: Tick {
            wall: now(),
            mono_ns: 1,
        },
        salt: Salt([3; 16]),
    };
    ledger.record(ruled, stamp).unwrap()
}

fn party(id: &str) -> Party {
    Party {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        legal_id: None,
        signing_key: format!("key of {id}"),
        tls_issuer: Digest::of(b"issuer"),
    }
}

fn agreement(dataset: &Dataset, clauses: Vec<Clause>) -> Agreement {
    Agreement {
        uid: "urn:uuid:test".to_owned(),
        version: 1,
        supersedes: None,
        provider: party(PROVIDER),
        assignee: Assignee::Participant(party(CONSUMER)),
        dataset: DatasetRef {
            id: dataset.id.clone(),
            schema: dataset.schema_digest(),
            high_value: false,
        },
        clauses,
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time("2027-01-01T00:00:00Z"),
        purposes: "test".to_owned(),
        own_purposes: Vec::new(),
        legal: None,
        signatory: None,
        proposed_at: time("2025-12-01T00:00:00Z"),
        nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    }
}

fn signature(role: Role, party: &Party) -> Signature {
    Signature {
        role,
        kid: party.signing_key.clone(),
        alg: "EdDSA".to_owned(),
        issued_at: 0,
        signing_input: Vec::new(),
        signature: Vec::new(),
    }
}

fn write(folder: PathBuf, rows: &RecordBatch, layout: Layout) -> Vec<PathBuf> {
    use parquet::file::properties::EnabledStatistics;
    std::fs::create_dir_all(&folder).unwrap();
    let each = rows.num_rows().div_ceil(layout.files).max(1);
    (0..layout.files)
        .map(|index| {
            let path = folder.join(format!("{index}.parquet"));
            let start = (index * each).min(rows.num_rows());
            let length = each.min(rows.num_rows() - start);
            let statistics = if layout.statistics {
                EnabledStatistics::Page
            } else {
                EnabledStatistics::None
            };
            let properties = WriterProperties::builder()
                .set_max_row_group_row_count(Some(layout.row_group))
                .set_statistics_enabled(statistics)
                .build();
            let file = std::fs::File::create(&path).unwrap();
            let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
            writer.write(&rows.slice(start, length)).unwrap();
            writer.close().unwrap();
            path
        })
        .collect()
}
