//! Participant with datasets and contracts for the tests of this package, assembled as in the product.

mod contract;
pub(crate) mod dataset_files;
pub(crate) mod storage;
mod unlisted_function;
pub(crate) mod worker_team;

use crate::answer::QueryAnswer;
use crate::execute::cancellation::CancellationSignal;
use crate::execute::execute_among;
use crate::execute::gated_leaf::mutant_gate::{GateMutant, MutantGate};
use crate::execute::query_resources::QueryResources;
use crate::fixture::dataset_files::DatasetFileLayout;
use crate::fixture::storage::FixtureStorage;
use crate::limits::{QueryResourceLimits, SqlStatementLimits};
use crate::release;
use crate::runtime::{QueryRuntime, create_runtime};
use crate::snapshot::Snapshot;
use crate::snapshot::registry::SnapshotSet;
use crate::sql;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::query_view::{QueryView, ViewTable};
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_enforcement::cube_plan::PrivatePlanContext;
use hansa_enforcement::permitted_plan::{PermittedPlan, apply};
use hansa_policy::contract::ActiveContracts;
use hansa_policy::decision::decision_input::DecisionInput;
use hansa_policy::decision::{PermitDecision, decide_question};
use hansa_policy::id::{DatasetId, RequestId};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::{Clause, Term};
use hansa_test_support::contract::{clauses, ledger, recorded};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The time for planning: tests run on machines that have other work, too, and no test looks at the clock.
pub(crate) const PLANNING: Duration = Duration::from_secs(3600);

/// Participant with datasets, each under one contract with the consumer.
pub(crate) struct FixtureParticipant {
    folder: tempfile::TempDir,
    datasets: BTreeMap<DatasetId, (Dataset, Vec<Clause>)>,
    pub(crate) holdings: SnapshotSet,
    runtime: QueryRuntime,
    pub(crate) limits: QueryResourceLimits,
    pub(crate) sql_limits: SqlStatementLimits,
    /// True if a statement can call a function that the list leaves out.
    pub(crate) allows_random: bool,
    /// True if one protection is taken away. Physical plans are not kept then.
    lacks_protection: bool,
    pub(crate) published: Arc<PublishedLists>,
    /// Number of workers; no workers if absent.
    pub(crate) workers: Option<u32>,
    /// Number of messages from a worker to another one or to the connector.
    pub(crate) exchanged: Arc<AtomicUsize>,
    /// Columns of these messages.
    pub(crate) exchanged_columns: Arc<Mutex<BTreeSet<String>>>,
    /// Failure of a worker's tasks.
    pub(crate) task_failure: Option<worker_team::TaskFailure>,
    /// Minimum stored rows of a table for the use of workers.
    pub(crate) at_least: u64,
    /// Planned questions, with the view over which they were planned.
    kept: Mutex<BTreeMap<String, (QueryView, BoundPlan)>>,
}

impl FixtureParticipant {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime =
            QueryRuntime::new(runtime_handle(), 1 << 30, folder.path().join("spill")).unwrap();
        let runtime = runtime.with_cores(1024);
        Self {
            folder,
            datasets: BTreeMap::new(),
            holdings: SnapshotSet::new(),
            runtime,
            limits: QueryResourceLimits {
                planning: PLANNING,
                ..QueryResourceLimits::default()
            },
            sql_limits: SqlStatementLimits {
                planning: PLANNING,
                ..SqlStatementLimits::default()
            },
            allows_random: false,
            lacks_protection: false,
            published: Arc::default(),
            workers: None,
            exchanged: Arc::default(),
            exchanged_columns: Arc::default(),
            task_failure: None,
            at_least: 0,
            kept: Mutex::default(),
        }
    }

    /// Takes a protection away from the tables of its datasets.
    pub(crate) fn remove_protection(&mut self, mutant: GateMutant) {
        let holdings = self.holdings.clone();
        self.runtime.gate = Arc::new(MutantGate { mutant, holdings });
        self.lacks_protection = true;
    }

    pub(crate) fn runtime(&self) -> &QueryRuntime {
        &self.runtime
    }

    /// Publishes `rows` under a contract of `terms`.
    pub(crate) fn publish(
        &mut self,
        dataset: Dataset,
        rows: &RecordBatch,
        layout: DatasetFileLayout,
        terms: impl IntoIterator<Item = Term>,
    ) {
        let dataset = Dataset {
            rows: u64::try_from(rows.num_rows()).unwrap(),
            ..dataset
        };
        let folder = self.folder.path().join(dataset.id.name.as_str());
        let copy = |files| Snapshot::of_files(dataset.clone(), files, Digest::of(b"rows"));
        let snapshot = match layout.storage {
            FixtureStorage::Copied => copy(layout.write(&folder, rows)),
            FixtureStorage::InPlace | FixtureStorage::Lying => {
                let files = layout.write(&folder, &storage::rename_columns(rows));
                if layout.storage == FixtureStorage::Lying {
                    files.iter().for_each(storage::falsify_statistics);
                }
                copy(Vec::new()).with_stays(Some(storage::in_place(&dataset, &files)))
            }
            FixtureStorage::Database => {
                copy(Vec::new()).with_stays(Some(storage::create_table(&dataset, rows, layout.key)))
            }
        };
        self.holdings.insert(dataset.id.clone(), Arc::new(snapshot));
        self.datasets
            .insert(dataset.id.clone(), (dataset, clauses(terms)));
    }

    /// Data files of a dataset, in order.
    pub(crate) fn files(&self, bare: &str) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join(bare)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Location of a dataset in place.
    pub(crate) fn in_place_location(
        &self,
        bare: &str,
    ) -> Option<crate::in_place_data::InPlaceLocation> {
        let mut holdings = self.holdings.iter();
        let (_, held) = holdings.find(|(id, _)| id.name.as_str() == bare)?;
        Some(held.in_place.as_ref()?.location().clone())
    }

    /// Releases the due cells of a dataset under its contract, as a connector does after a publication.
    pub(crate) fn release(&mut self, bare: &str) {
        let (id, (dataset, clauses)) = self
            .datasets
            .iter()
            .find(|(id, _)| id.name.as_str() == bare)
            .unwrap();
        let state = self.folder.path().join("state");
        let held = self.holdings.get_mut(id).unwrap();
        let cubes: Vec<_> = hansa_policy::term::clause_effects::cube_of(clauses)
            .unwrap()
            .into_iter()
            .collect();
        let staged = release::stage_release(
            held,
            &cubes,
            &state,
            &self.limits,
            fixture_now(),
            &[9; 32],
            held.dataset.published_at,
        )
        .unwrap();
        let released = match staged {
            Some(staged) => {
                assert!(staged.faults.is_empty(), "{:?}", staged.faults);
                staged.commit().unwrap()
            }
            None => release::open_released_cells(&state, dataset).unwrap(),
        };
        *held = Arc::new(Snapshot::clone(held).with_released(released));
    }

    /// Contracts of the consumer that are in force.
    fn active_contracts(&self) -> ActiveContracts {
        contract::in_force(self.datasets.values())
    }

    /// View that the contracts show.
    pub(crate) fn view(&self) -> QueryView {
        let active = self.active_contracts();
        let tables = active
            .grants()
            .iter()
            .map(|(id, grant)| {
                let (dataset, _) = &self.datasets[id];
                let effects = grant
                    .derive_effects(&hansa_policy::term::rule::EffectBinding::of(
                        active.asker().id(),
                    ))
                    .unwrap();
                let stored = dataset.schema();
                let table = ViewTable {
                    dataset: id.clone(),
                    contract: grant.contract(),
                    shape: hansa_catalog::query_view::view_shape(dataset, &effects).unwrap(),
                    stored,
                };
                (id.name.clone(), table)
            })
            .collect();
        QueryView::new(tables)
    }

    /// Plans a question once and reuses the plan, as a connector does.
    pub(crate) fn bound_plan(&self, sql: &str) -> Result<BoundPlan, Refusal> {
        let view = self.view();
        let mut kept = self.kept.lock();
        if let Some((_, bound)) = kept.get(sql).filter(|(seen, _)| *seen == view) {
            return Ok(bound.clone());
        }
        let bound = match self.allows_random {
            true => {
                let text = unlisted_function::write_listed_function(sql);
                let bound = sql::plan_query(&text, &view, &self.sql_limits, fixture_now())?;
                unlisted_function::call_random(sql, &bound)?
            }
            false => sql::plan_query(sql, &view, &self.sql_limits, fixture_now())?,
        };
        let bound = match self.lacks_protection {
            true => bound,
            false => bound.with_origin(),
        };
        kept.insert(sql.to_owned(), (view, bound.clone()));
        Ok(bound)
    }

    /// Decision on a question.
    pub(crate) fn judge_question(&self, sql: &str) -> Result<PermitDecision<BoundPlan>, Refusal> {
        let bound = self.bound_plan(sql)?;
        let datasets = || self.datasets.iter().map(|(id, (dataset, _))| (id, dataset));
        let schemas = datasets()
            .map(|(id, dataset)| (id.clone(), dataset.schema_digest()))
            .collect();
        let snapshots = datasets()
            .map(|(id, dataset)| (id.clone(), dataset.version.clone()))
            .collect();
        let taxonomy = Taxonomy::new("test".to_owned(), BTreeMap::new());
        let facts = DecisionInput {
            contexts: &std::collections::BTreeMap::new(),
            now: fixture_now(),
            request: RequestId([7; 16]),
            sql_commit: Digest::of(sql.as_bytes()),
            purpose: None,
            taxonomy: &taxonomy,
            extends: &BTreeMap::new(),
            schemas: &schemas,
            snapshots: &snapshots,
            spent: &BTreeMap::new(),
            restrictions: &BTreeMap::new(),
            tenant: None,
            connector_version: "test",
        };
        decide_question(self.active_contracts(), &facts, bound)
    }

    pub(crate) fn permitted_plan(&self, sql: &str) -> Result<PermittedPlan, Refusal> {
        let ruled = recorded(&mut ledger(), self.judge_question(sql)?, fixture_now());
        apply(ruled, &self.tools()).map_err(|declined| declined.refusal().clone())
    }

    fn tools(&self) -> PrivatePlanContext {
        PrivatePlanContext {
            secret: hansa_enforcement::masking::MaskingSecret::new([7; 32]),
            published: Arc::clone(&self.published),
            count: datafusion::functions_aggregate::count::count_udaf(),
            sum: crate::sql::functions::sum::decimal_sum_function(),
        }
    }

    pub(crate) async fn answer(
        &self,
        sql: &str,
        watch: CancellationSignal,
    ) -> Result<QueryAnswer, Refusal> {
        let permitted = self.permitted_plan(sql)?;
        let resources = QueryResources {
            holdings: &self.holdings,
            runtime: &self.runtime,
            limits: &self.limits,
        };
        let sharing = self
            .workers
            .map(|count| self.create_team(sql, count))
            .transpose()?;
        execute_among(permitted, resources, watch, sharing)
            .await
            .map_err(|unanswered| unanswered.refusal)
    }

    /// Complete answer to a question.
    pub(crate) fn ask(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>), Refusal> {
        futures::executor::block_on(async {
            let _inside = self.runtime.handle().enter();
            let mut answer = self.answer(sql, CancellationSignal::new_idle()).await?;
            let schema = Arc::clone(answer.schema());
            let mut batches = Vec::new();
            while let Some(batch) = answer.next().await {
                batches.push(batch?);
            }
            Ok((schema, batches))
        })
    }

    /// Rows as text, in the order of the answer.
    pub(crate) fn query_rows(&self, sql: &str) -> Result<Vec<String>, Refusal> {
        self.ask(sql).map(|(_, batches)| format_rows(&batches))
    }
}

/// Rows in the form `a|b|c`.
pub(crate) fn format_rows(batches: &[RecordBatch]) -> Vec<String> {
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

fn fixture_now() -> UtcTimestamp {
    parse_time("2026-11-20T08:00:00Z")
}

fn parse_time(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}

fn runtime_handle() -> tokio::runtime::Handle {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| create_runtime(2).unwrap())
        .handle()
        .clone()
}
