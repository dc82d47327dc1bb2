//! A participant with datasets and contracts for the tests of this package, put together the way that the product does it.

mod contract;
pub(crate) mod kept;
pub(crate) mod table;
pub(crate) mod team;

use crate::answer::Answer;
use crate::execute::watch::Watch;
use crate::execute::{Holdings, execute_among};
use crate::fixture::kept::Kept;
use crate::fixture::table::Layout;
use crate::limits::{Limits, Room, SqlLimits, runtime};
use crate::plan;
use crate::release;
use crate::snapshot::Snapshot;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use hansa_audit_log::chain::Chain;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Ledger, Recorded, Stamp};
use hansa_audit_log::record::Salt;
use hansa_audit_log::shelf::{Shelf, ShelfBroken};
use hansa_audit_log::time::{Tick, Time};
use hansa_catalog::dataset::Dataset;
use hansa_catalog::view::{View, ViewTable};
use hansa_enforcement::apply::{Permitted, apply};
use hansa_enforcement::bind::Bound;
use hansa_enforcement::cube::Tools;
use hansa_policy::contract::InForce;
use hansa_policy::id::{ClauseId, DatasetId, RequestId};
use hansa_policy::published::Published;
use hansa_policy::refusal::Refusal;
use hansa_policy::ruling::{Facts, Ruled, decide};
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::{Clause, Term};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::Semaphore;

/// The two sides of every contract.
const PROVIDER: &str = "hansa://munster.example";
const CONSUMER: &str = "hansa://firm.example";

/// A participant with datasets, each under one contract with the consumer.
pub(crate) struct City {
    folder: tempfile::TempDir,
    datasets: BTreeMap<DatasetId, (Dataset, Vec<Clause>)>,
    pub(crate) holdings: Holdings,
    room: Room,
    pub(crate) limits: Limits,
    pub(crate) sql_limits: SqlLimits,
    pub(crate) published: Arc<Published>,
    /// Workers that help, as many as it says; none at all where absent.
    pub(crate) workers: Option<u32>,
    /// Shares that they have begun to compute.
    pub(crate) shares: Arc<AtomicUsize>,
    /// How one of them fails.
    pub(crate) falls: Option<team::Falls>,
    /// Has a permit once rows of an answer are out.
    pub(crate) out: Arc<Semaphore>,
    /// Stored rows from which a question is shared.
    pub(crate) at_least: u64,
    /// The questions that were put, and the view over which they were planned.
    kept: Mutex<BTreeMap<String, (View, Bound)>>,
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
            published: Arc::default(),
            workers: None,
            shares: Arc::default(),
            falls: None,
            out: Arc::new(Semaphore::new(0)),
            at_least: 0,
            kept: Mutex::default(),
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
        let folder = self.folder.path().join(dataset.id.name.as_str());
        let copy = |files| Snapshot::of_files(dataset.clone(), files, Digest::of(b"rows"));
        let snapshot = match layout.kept {
            Kept::Copied => copy(layout.write(&folder, rows)),
            Kept::InPlace | Kept::Lying => {
                let files = layout.write(&folder, &kept::renamed(rows));
                if layout.kept == Kept::Lying {
                    files.iter().for_each(kept::lie);
                }
                copy(Vec::new()).with_stays(Some(kept::in_place(&dataset, &files)))
            }
            Kept::Database => copy(Vec::new()).with_stays(Some(kept::table(&dataset, rows))),
        };
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

    /// The files in which the rows of a dataset were written, in order.
    pub(crate) fn files(&self, bare: &str) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join(bare)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Where the rows of a dataset stay.
    pub(crate) fn stays(&self, bare: &str) -> Option<crate::inplace::Stays> {
        let mut holdings = self.holdings.iter();
        let (_, held) = holdings.find(|(id, _)| id.name.as_str() == bare)?;
        Some(held.in_place.as_ref()?.stays().clone())
    }

    /// Releases what is due of the cells that the contract on a dataset gives, as a connector does once it has published.
    pub(crate) fn release(&mut self, bare: &str) {
        let (id, (dataset, clauses)) = self
            .datasets
            .iter()
            .find(|(id, _)| id.name.as_str() == bare)
            .unwrap();
        let state = self.folder.path().join("state");
        let held = self.holdings.get_mut(id).unwrap();
        let cubes: Vec<_> = hansa_policy::term::cube_of(clauses)
            .unwrap()
            .into_iter()
            .collect();
        let staged = release::stage(
            held,
            &cubes,
            &state,
            &self.limits,
            now(),
            &[9; 32],
            held.dataset.published_at,
        )
        .unwrap();
        let released = match staged {
            Some(staged) => {
                assert!(staged.faults.is_empty(), "{:?}", staged.faults);
                staged.commit().unwrap()
            }
            None => release::open(&state, dataset).unwrap(),
        };
        *held = Arc::new(Snapshot::clone(held).with_released(released));
    }

    /// The consumer's contracts, in force.
    fn standing(&self) -> InForce {
        contract::in_force(self.datasets.values())
    }

    /// What the contracts show.
    pub(crate) fn view(&self) -> View {
        let standing = self.standing();
        let tables = standing
            .grants()
            .iter()
            .map(|(id, grant)| {
                let (dataset, _) = &self.datasets[id];
                let effects = grant
                    .effects(&hansa_policy::term::rule::Binding::of(
                        standing.asker().id(),
                    ))
                    .unwrap();
                let stored = dataset.schema();
                let table = ViewTable {
                    dataset: id.clone(),
                    contract: grant.contract(),
                    shape: hansa_catalog::view::shape(dataset, &effects).unwrap(),
                    stored,
                };
                (id.name.clone(), table)
            })
            .collect();
        View::new(tables)
    }

    /// Planned once, as a connector plans what is put again.
    pub(crate) fn bound(&self, sql: &str) -> Result<Bound, Refusal> {
        let view = self.view();
        let mut kept = self.kept.lock().unwrap();
        if let Some((_, bound)) = kept.get(sql).filter(|(seen, _)| *seen == view) {
            return Ok(bound.clone());
        }
        let bound = plan::plan(sql, &view, &self.sql_limits, now())?.kept();
        kept.insert(sql.to_owned(), (view, bound.clone()));
        Ok(bound)
    }

    /// What the contracts say of a question.
    fn ruled(&self, sql: &str) -> Result<Ruled<Bound>, Refusal> {
        let bound = self.bound(sql)?;
        let datasets = || self.datasets.iter().map(|(id, (dataset, _))| (id, dataset));
        let schemas = datasets()
            .map(|(id, dataset)| (id.clone(), dataset.schema_digest()))
            .collect();
        let snapshots = datasets()
            .map(|(id, dataset)| (id.clone(), dataset.version.clone()))
            .collect();
        let taxonomy = Taxonomy::new("test".to_owned(), BTreeMap::new());
        let facts = Facts {
            around: &std::collections::BTreeMap::new(),
            now: now(),
            request: RequestId([7; 16]),
            sql_commit: Digest::of(sql.as_bytes()),
            purpose: None,
            taxonomy: &taxonomy,
            extends: &BTreeMap::new(),
            schemas: &schemas,
            snapshots: &snapshots,
            spent: &BTreeMap::new(),
            guards: &BTreeMap::new(),
            tenant: None,
            node_version: "test",
        };
        decide(self.standing(), &facts, bound)
    }

    pub(crate) fn permitted(&self, sql: &str) -> Result<Permitted, Refusal> {
        let ruled = recorded(self.ruled(sql)?);
        apply(ruled, &self.tools()).map_err(|declined| declined.refusal().clone())
    }

    fn tools(&self) -> Tools {
        Tools {
            secret: hansa_enforcement::replace::Secret::new([7; 32]),
            published: Arc::clone(&self.published),
            count: datafusion::functions_aggregate::count::count_udaf(),
            sum: crate::plan::functions::sum::whole(),
        }
    }

    pub(crate) async fn answer(&self, sql: &str, watch: Watch) -> Result<Answer, Refusal> {
        let permitted = self.permitted(sql)?;
        let (holdings, room, limits) = (&self.holdings, &self.room, &self.limits);
        let sharing = self
            .workers
            .map(|count| self.team(sql, count))
            .transpose()?;
        execute_among(permitted, holdings, room, limits, watch, sharing)
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
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string()).collect();
            rows.push(cells.join("|"));
        }
    }
    rows
}

fn now() -> Time {
    time("2026-11-20T08:00:00Z")
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn handle() -> tokio::runtime::Handle {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| runtime(2).unwrap()).handle().clone()
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
