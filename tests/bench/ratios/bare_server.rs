//! The bare ways: no contract, no ruling, no record, no receipt.

pub(crate) mod client;
pub(crate) mod flight;
mod registered_tables;
pub(crate) mod server;

use crate::measure::RunVolume;
use arrow_array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::StreamExt as _;
use hansa_query::limits::QueryResourceLimits;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Plain DataFusion in this process, with as many threads for a question as a governed one gets.
pub(crate) struct BareSession {
    runtime: tokio::runtime::Runtime,
}

impl BareSession {
    /// Ready to ask.
    pub(crate) fn new() -> Self {
        Self { runtime: runtime() }
    }

    /// Answers one question over these files, to the last row.
    pub(crate) fn ask(&self, sql: &str, files: &[PathBuf]) -> RunVolume {
        self.each(sql, files, |_| {})
    }

    /// The same, with each batch handed on.
    pub(crate) fn each(
        &self,
        sql: &str,
        files: &[PathBuf],
        mut take: impl FnMut(RecordBatch),
    ) -> RunVolume {
        self.runtime.block_on(async {
            let frame = frame(sql, files, StringLayout::Views).await;
            let mut stream = frame.execute_stream().await.unwrap();
            let mut rows = 0;
            while let Some(batch) = stream.next().await {
                let batch = batch.unwrap();
                rows += batch.num_rows() as u64;
                take(batch);
            }
            RunVolume { rows, bytes: 0 }
        })
    }
}

/// How texts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringLayout {
    /// As views, as the engine does unless it is told otherwise.
    Views,
    /// As plain ones: a view of a text would bring all that is beside it.
    Plain,
}

/// Of as many threads as a governed question gets.
fn config(texts: StringLayout) -> SessionConfig {
    let mut config =
        SessionConfig::new().with_target_partitions(QueryResourceLimits::default().partitions);
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = texts == StringLayout::Views;
    config
}

/// The question as the engine's manual says, except for the number of threads, and for texts where that is said.
pub(crate) async fn frame(sql: &str, files: &[PathBuf], texts: StringLayout) -> DataFrame {
    let config = config(texts);
    let context = SessionContext::new_with_config(config);
    let paths: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let frame = context
        .read_parquet(paths, ParquetReadOptions::default())
        .await
        .unwrap();
    context.register_table("t", frame.into_view()).unwrap();
    context.sql(sql).await.unwrap()
}

/// A question over these tables by their names, with plain texts.
pub(crate) async fn over(sql: &str, tables: &BTreeMap<String, Vec<PathBuf>>) -> DataFrame {
    let context = SessionContext::new_with_config(config(StringLayout::Plain));
    for (name, files) in tables {
        for file in files {
            let file = file.to_str().unwrap();
            context
                .register_parquet(name.as_str(), file, ParquetReadOptions::default())
                .await
                .unwrap();
        }
    }
    context.sql(sql).await.unwrap()
}

/// The threads of a process that asks or serves.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
