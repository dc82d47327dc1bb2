//! Federated answers equal those over one pool of all rows; and tests of the transferred queries and rows.
#![expect(
    clippy::disallowed_methods,
    reason = "the pool and the participants of these tests are plain engines, to be compared with"
)]

mod contracts;
mod dataset_kinds;
mod differential;
mod explain_pages;
mod failures;
mod gated_answers;
mod joins;
mod key_pushdown;
mod key_sources;
mod missing_participants;
mod names;
mod oracle;
mod property;
mod random_queries;
mod sketches;
mod tpch;
mod transfers;
mod unmodified_engine;

use self::names::{contract, dataset, participant, register};
use crate::federation::federated_answer::ParticipantReport;
use crate::federation::federated_query::FederatedQuery;
use crate::federation::options::{FederatedQueryLimits, QueryOptions};
use crate::federation::query_cache::{FederatedQueryCache, PlanningSettings};
use crate::federation::query_catalog::QueryCatalog;
use crate::federation::remote_query::{RemoteExecutor, RemoteQuery, RemoteRows};
use crate::federation::table::RemoteTable;
use crate::fixture::PLANNING;
use crate::limits::{QueryResourceLimits, SqlStatementLimits};
use crate::runtime::QueryRuntime;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, TryStreamExt};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::ViewShape;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const CITIES: [&str; 3] = ["munster", "ottawa", "zurich"];

pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("place", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
        Field::new("x", DataType::Float64, true),
        Field::new("open", DataType::Boolean, true),
        Field::new("day", DataType::Date32, true),
        Field::new(
            "ts",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
    ]))
}

/// Rows that differ between cities, with NULLs. Sums of `x` are exact in any order.
pub(super) fn rows(city: usize, count: i64) -> RecordBatch {
    let city = i64::try_from(city).unwrap();
    let at = |i: i64| (i * 7919 + city * 104_729 + i * i * 31) % 1009;
    let ids = (0..count).map(|i| city * 100_000 + i);
    let places = ["north", "south", "east", "west", "o'hare", "münster_%", ""];
    let columns: Vec<ArrayRef> =
        vec![
            Arc::new(Int64Array::from_iter_values(ids)),
            Arc::new(StringArray::from_iter((0..count).map(|i| {
                let at = at(i);
                (at % 9 != 8).then(|| places[usize::try_from(at % 7).unwrap()])
            }))),
            Arc::new(Int64Array::from_iter(
                (0..count).map(|i| (at(i) % 5 != 0).then(|| at(i) - 500)),
            )),
            Arc::new(Float64Array::from_iter((0..count).map(|i| {
                (at(i) % 6 != 0).then(|| f64::from(i32::try_from(at(i) - 300).unwrap()) / 4.0)
            }))),
            Arc::new(BooleanArray::from_iter(
                (0..count).map(|i| (at(i) % 4 != 0).then(|| at(i) % 3 == 0)),
            )),
            Arc::new(Date32Array::from_iter((0..count).map(|i| {
                (at(i) % 8 != 0).then(|| i32::try_from(19_700 + at(i) % 40).unwrap())
            }))),
            Arc::new(
                TimestampMicrosecondArray::from_iter((0..count).map(|i| {
                    (at(i) % 7 != 0).then(|| 1_704_067_200_000_000 + at(i) * 1_799_000_001)
                }))
                .with_timezone("UTC"),
            ),
        ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

pub(super) fn table(city: &str, name: &str, shape: ViewShape, model: Option<&str>) -> RemoteTable {
    RemoteTable {
        alias: city.parse().unwrap(),
        dataset: dataset(city, name),
        contract: Some(contract(city)),
        title: None,
        shape,
        model: model.map(str::to_owned),
        snapshot: "2026-11-20.1".to_owned(),
        rows: 200,
        bytes: 20_000,
        covered: None,
        masked: BTreeSet::new(),
        zone: "UTC".to_owned(),
        bucketed: BTreeMap::new(),
        misfit: None,
        barred: None,
        distinct: BTreeMap::new(),
        own: BTreeMap::new(),
        joins: hansa_policy::term::joins::JoinSite::Either,
        travel: None,
        provenance: crate::federation::provenance::Provenance::default(),
    }
}

/// Cities with their tables, and an executor that answers with a plain engine over each city's own tables.
pub(super) struct FederationFixture {
    pub(super) tables: Vec<RemoteTable>,
    pub(super) data: BTreeMap<(String, String), RecordBatch>,
    pub(super) sent: Arc<Mutex<Vec<(RemoteQuery, u64)>>>,
}

impl FederationFixture {
    /// Three cities with `trips` of the model `trips`, and `sites` in one city.
    pub(super) fn new() -> Self {
        let mut fixture = Self::empty();
        for (at, city) in CITIES.iter().enumerate() {
            let count = [120, 75, 200][at];
            fixture.add(city, "trips", rows(at, count), Some("trips"));
        }
        let sites = RecordBatch::try_from_iter([
            (
                "place",
                Arc::new(StringArray::from(vec![
                    "north", "south", "o'hare", "nowhere",
                ])) as ArrayRef,
            ),
            ("level", Arc::new(Int64Array::from(vec![1, 2, 3, 4])) as _),
        ])
        .unwrap();
        fixture.add("zurich", "sites", sites, None);
        let none = RecordBatch::new_empty(schema());
        fixture.add("ottawa", "empty", none, None);
        fixture
    }

    pub(super) fn empty() -> Self {
        Self {
            tables: Vec::new(),
            data: BTreeMap::new(),
            sent: Arc::default(),
        }
    }

    pub(super) fn add(&mut self, city: &str, name: &str, rows: RecordBatch, model: Option<&str>) {
        self.tables
            .push(table(city, name, ViewShape::Rows(rows.schema()), model));
        self.data
            .insert((format!("{city}.example"), name.to_owned()), rows);
    }

    pub(super) fn home(&self) -> QueryCatalog {
        QueryCatalog::new(self.tables.clone())
    }

    pub(super) fn plan(&self, sql: &str) -> Result<FederatedQuery, Refusal> {
        plan(&self.home(), sql, &QueryOptions::default())
    }

    pub(super) fn executor(&self) -> Arc<PlainEngineExecutor> {
        Arc::new(PlainEngineExecutor {
            data: self.data.clone(),
            sent: Arc::clone(&self.sent),
        })
    }

    /// Federated answer.
    pub(super) async fn ask(
        &self,
        sql: &str,
    ) -> Result<(Vec<RecordBatch>, ParticipantReport), Refusal> {
        self.sent.lock().clear();
        let answer = self
            .plan(sql)?
            .run(self.executor(), &test_runtime(), &bounds())
            .await?;
        let rows = answer.batches.try_collect().await?;
        Ok((rows, answer.report))
    }

    /// Answer over one pool of all rows.
    pub(super) async fn pooled(&self, sql: &str) -> Result<Vec<RecordBatch>, String> {
        let context = plain();
        register(&context);
        self.pooled_in(&context, sql).await
    }

    /// Answer over one pool by the engine's own functions alone.
    pub(super) async fn pooled_unmodified(&self, sql: &str) -> Result<Vec<RecordBatch>, String> {
        self.pooled_in(&plain(), sql).await
    }

    async fn pooled_in(
        &self,
        context: &SessionContext,
        sql: &str,
    ) -> Result<Vec<RecordBatch>, String> {
        let catalog = context.catalog("datafusion").unwrap();
        let aliases: BTreeSet<_> = self
            .tables
            .iter()
            .map(|table| table.alias.as_str())
            .collect();
        for name in aliases.into_iter().chain(["model"]) {
            catalog
                .register_schema(name, Arc::new(MemorySchemaProvider::new()))
                .unwrap();
        }
        let mut models: BTreeMap<String, Vec<RecordBatch>> = BTreeMap::new();
        for table in &self.tables {
            let owner = table.dataset.owner.domain();
            let name = table.dataset.name.as_str();
            let rows = &self.data[&(owner.to_owned(), name.to_owned())];
            catalog
                .schema(table.alias.as_str())
                .unwrap()
                .register_table(name.to_owned(), mem(rows))
                .unwrap();
            if let Some(model) = &table.model {
                models
                    .entry(model.clone())
                    .or_default()
                    .push(with_origin(rows, owner, name));
            }
        }
        for (model, parts) in models {
            let schema = parts[0].schema();
            let table = MemTable::try_new(schema, vec![parts]).unwrap();
            catalog
                .schema("model")
                .unwrap()
                .register_table(model, Arc::new(table))
                .unwrap();
        }
        let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
        frame.collect().await.map_err(|error| error.to_string())
    }

    /// Checks that both answers are equal, including the order of rows if the question defines it.
    #[track_caller]
    pub(super) fn same(&self, sql: &str) {
        let here = std::panic::Location::caller();
        let ordered = sql.to_uppercase().contains("ORDER BY") && !sql.contains("/*any*/");
        run(async {
            let mut pooled =
                text(&self.pooled(sql).await.unwrap_or_else(|error| {
                    panic!("{here}: the pool can't answer {sql}: {error}")
                }));
            let (rows, _) = self
                .ask(sql)
                .await
                .unwrap_or_else(|refusal| panic!("{here}: {sql}\n{refusal}"));
            let mut federated = text(&rows);
            if !ordered {
                pooled.sort();
                federated.sort();
            }
            let plan = self.plan(sql).unwrap().explain().to_string();
            assert_eq!(federated, pooled, "{here}: {sql}\n{plan}");
        });
    }

    /// Texts of the remote queries to a city.
    pub(super) fn texts(&self) -> Vec<String> {
        let sent = self.sent.lock();
        sent.iter()
            .map(|(remote_query, _)| format!("{}: {}", remote_query.alias, remote_query.sql))
            .collect()
    }

    /// Number of rows received from all cities.
    pub(super) fn travelled(&self) -> u64 {
        self.sent.lock().iter().map(|(_, rows)| rows).sum()
    }
}

/// Session of a plain engine without tables.
fn plain() -> SessionContext {
    let config = SessionConfig::new().set_bool("datafusion.optimizer.repartition_sorts", false);
    SessionContext::new_with_config(config)
}

/// Planned question, as found in the cache when it is repeated.
pub(super) fn plan(
    catalog: &QueryCatalog,
    sql: &str,
    options: &QueryOptions,
) -> Result<FederatedQuery, Refusal> {
    let limits = SqlStatementLimits {
        planning: PLANNING,
        ..SqlStatementLimits::default()
    };
    let kept = FederatedQueryCache::default();
    let settings = PlanningSettings {
        options,
        limits: &limits,
    };
    let now = UtcTimestamp::from_micros(1_795_162_000_000_000).unwrap();
    let planned = kept.plan(catalog.clone(), sql, settings, now)?;
    let found = kept.find_query(catalog, sql, settings).unwrap_or(planned);
    // Each question runs as one that was put before, so that its plan is kept.
    found.plan_cache.count_run();
    Ok(found)
}

pub(super) fn bounds() -> FederatedQueryLimits {
    FederatedQueryLimits {
        limits: QueryResourceLimits {
            memory: 64 << 20,
            partitions: 2,
            planning: PLANNING,
            ..QueryResourceLimits::default()
        },
        ..FederatedQueryLimits::default()
    }
}

/// Query runtime on the test's own runtime.
pub(super) fn test_runtime() -> QueryRuntime {
    let spill = std::env::temp_dir().join("hansa-federate-tests");
    QueryRuntime::new(tokio::runtime::Handle::current(), 256 << 20, spill).unwrap()
}

pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub(super) fn mem(rows: &RecordBatch) -> Arc<MemTable> {
    Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows.clone()]]).unwrap())
}

fn with_origin(rows: &RecordBatch, owner: &str, name: &str) -> RecordBatch {
    let mut fields: Vec<_> = rows.schema().fields().iter().cloned().collect();
    let mut columns = rows.columns().to_vec();
    for (field, value) in [("participant", owner), ("dataset", name)] {
        fields.push(Arc::new(Field::new(field, DataType::Utf8, false)));
        let values = vec![value; rows.num_rows()];
        columns.push(Arc::new(StringArray::from(values)));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// Rows as text, after the names and types of the columns.
pub(super) fn text(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = columns
                .iter()
                .map(|column| column.value(row).to_string())
                .collect();
            lines.push(cells.join("|"));
        }
    }
    lines
}

/// Executor that answers with a plain engine over each city's own tables.
pub(super) struct PlainEngineExecutor {
    pub(super) data: BTreeMap<(String, String), RecordBatch>,
    pub(super) sent: Arc<Mutex<Vec<(RemoteQuery, u64)>>>,
}

impl PlainEngineExecutor {
    pub(super) async fn rows(&self, remote_query: &RemoteQuery) -> (SchemaRef, Vec<RecordBatch>) {
        let context = SessionContext::new();
        register(&context);
        let catalog = context.catalog("datafusion").unwrap();
        for ((owner, name), rows) in &self.data {
            if owner != remote_query.participant.domain() {
                continue;
            }
            match name.split_once('.') {
                None => {
                    context.register_table(name.as_str(), mem(rows)).unwrap();
                }
                Some((schema, table)) => {
                    let provider = MemorySchemaProvider::new();
                    provider
                        .register_table(table.to_owned(), mem(rows))
                        .unwrap();
                    catalog.register_schema(schema, Arc::new(provider)).unwrap();
                }
            }
        }
        let frame = context.sql(&remote_query.sql).await.unwrap();
        let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
        let rows = frame.collect().await.unwrap();
        let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
        let sent = (remote_query.clone(), u64::try_from(count).unwrap());
        self.sent.lock().push(sent);
        (schema, rows)
    }
}

#[async_trait]
impl RemoteExecutor for PlainEngineExecutor {
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
        let (schema, rows) = self.rows(&remote_query).await;
        Ok(RemoteRows {
            schema,
            batches: futures::stream::iter(rows.into_iter().map(Ok)).boxed(),
            travelled: Arc::default(),
        })
    }
}
