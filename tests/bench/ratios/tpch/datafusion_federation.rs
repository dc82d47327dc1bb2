//! The anchor: datafusion-federation as its crate ships it, each city a plain engine that answers SQL.
//!
//! What an answer of a city takes is counted as an Arrow IPC stream without compression, which is what Flight sends, less
//! the frames around it.

use super::pool::{flat, register};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{PhysicalExpr, SendableRecordBatchStream};
use datafusion::prelude::SessionContext;
use datafusion::sql::unparser::dialect::{DefaultDialect, Dialect};
use datafusion_federation::sql::{
    MultiSchemaProvider, SQLExecutor, SQLFederationProvider, SQLSchemaProvider,
};
use futures::{StreamExt as _, TryStreamExt as _};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// So many bytes are counted of one question, and no more: at scale 1 two of them ship tens of gigabytes of a cross join, and a
/// part of these is kept in memory.
const AT_MOST: u64 = 6_000_000_000;

/// A session that asks all cities.
pub(super) struct FederatedSession {
    runtime: tokio::runtime::Runtime,
    context: SessionContext,
    sent: ShippedTraffic,
}

/// What a question brought about.
#[derive(Clone, Default)]
struct ShippedTraffic {
    /// The bytes of all answers.
    bytes: Arc<AtomicU64>,
    /// What was asked of which city.
    texts: Arc<Mutex<ShippedQueries>>,
}

/// The bytes that travel for a question.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShippedBytes {
    /// How many.
    pub(super) count: u64,
    /// Whether it was stopped there, so that they are more.
    pub(super) stopped: bool,
}

/// Cities, and a text for each.
pub(super) type ShippedQueries = Vec<(&'static str, String)>;

impl FederatedSession {
    /// Over these files, by `city.table`.
    pub(super) fn new(files: &BTreeMap<String, PathBuf>) -> Self {
        let runtime = crate::bare_server::runtime();
        let sent = ShippedTraffic::default();
        let context = runtime.block_on(asking(files, &sent));
        Self {
            runtime,
            context,
            sent,
        }
    }

    /// The bytes that travel for a question, or why it fails.
    pub(super) fn bytes(&self, sql: &str) -> Result<ShippedBytes, String> {
        self.sent.bytes.store(0, Ordering::Relaxed);
        self.sent.texts.lock().unwrap().clear();
        let answer = self.runtime.block_on(async {
            let frame = self.context.sql(&flat(sql)).await?;
            let mut stream = frame.execute_stream().await?;
            while let Some(batch) = stream.next().await {
                batch?;
            }
            Ok::<_, DataFusionError>(())
        });
        let count = self.sent.bytes.load(Ordering::Relaxed);
        let stopped = count > AT_MOST;
        match answer {
            Err(error) if !stopped => Err(error.to_string().chars().take(200).collect()),
            _ => Ok(ShippedBytes { count, stopped }),
        }
    }

    /// The texts that cities are asked for a question, over tables called `city_table`, or why it fails.
    pub(super) fn texts(&self, sql: &str) -> Result<ShippedQueries, String> {
        self.bytes(sql)?;
        Ok(self.sent.texts.lock().unwrap().clone())
    }
}

async fn asking(files: &BTreeMap<String, PathBuf>, sent: &ShippedTraffic) -> SessionContext {
    let mut schemas = Vec::new();
    for city in super::world::CITIES.into_iter().chain(["bremen"]) {
        let own = files.iter().filter(|(name, _)| name.starts_with(city));
        let context = Arc::new(SessionContext::new());
        register(&context, own.clone()).await;
        let executor = Arc::new(RemoteCityExecutor {
            city,
            context,
            sent: sent.clone(),
        });
        let provider = Arc::new(SQLFederationProvider::new(executor));
        let tables: Vec<_> = own.map(|(name, _)| flat(name)).collect();
        let schema = SQLSchemaProvider::new_with_tables(provider, tables).await;
        schemas.push(Arc::new(schema.unwrap()));
    }
    let state = datafusion_federation::default_session_state();
    let options = state.config().options().catalog.clone();
    let catalog = state.catalog_list().catalog(&options.default_catalog);
    let all = Arc::new(MultiSchemaProvider::new(
        schemas.into_iter().map(|s| s as _).collect(),
    ));
    catalog
        .unwrap()
        .register_schema(&options.default_schema, all)
        .unwrap();
    SessionContext::new_with_state(state)
}

struct RemoteCityExecutor {
    city: &'static str,
    context: Arc<SessionContext>,
    sent: ShippedTraffic,
}

#[async_trait]
impl SQLExecutor for RemoteCityExecutor {
    fn name(&self) -> &str {
        self.city
    }

    fn compute_context(&self) -> Option<String> {
        Some(self.city.to_owned())
    }

    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(DefaultDialect {})
    }

    fn execute(
        &self,
        query: &str,
        schema: SchemaRef,
        _filters: &[Arc<dyn PhysicalExpr>],
    ) -> Result<SendableRecordBatchStream> {
        let (context, query) = (Arc::clone(&self.context), query.to_owned());
        let count = CountingWriter(Arc::clone(&self.sent.bytes));
        let asked = (self.city, query.clone());
        self.sent.texts.lock().unwrap().push(asked);
        let rows = futures::stream::once(async move {
            let rows = context.sql(&query).await?.execute_stream().await?;
            let mut writer = StreamWriter::try_new(count, &rows.schema())?;
            Ok::<_, DataFusionError>(rows.and_then(move |batch| {
                let written = writer.write(&batch).map_err(DataFusionError::from);
                futures::future::ready(written.map(|()| batch))
            }))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            schema,
            rows.try_flatten(),
        )))
    }

    async fn table_names(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn get_table_schema(&self, table_name: &str) -> Result<SchemaRef> {
        let frame = self.context.table(table_name).await?;
        Ok(Arc::clone(frame.schema().inner()))
    }
}

/// Counts what is written and keeps nothing.
struct CountingWriter(Arc<AtomicU64>);

impl Write for CountingWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let before = self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if before > AT_MOST {
            return Err(std::io::Error::other("enough is counted"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
