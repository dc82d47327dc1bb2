//! The bare ways: no contract, no ruling, no record, no receipt.

pub(crate) mod client;
pub(crate) mod flight;
pub(crate) mod server;

use crate::measure::Did;
use datafusion::dataframe::DataFrame;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use engine::limits::Limits;
use futures::StreamExt as _;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Plain DataFusion in this process, with as many threads for a question as a governed one gets.
pub(crate) struct Plain {
    runtime: tokio::runtime::Runtime,
}

impl Plain {
    /// Ready to ask.
    pub(crate) fn new() -> Self {
        Self { runtime: runtime() }
    }

    /// Answers one question over these files, to the last row.
    pub(crate) fn ask(&self, sql: &str, files: &[PathBuf]) -> Did {
        self.runtime.block_on(async {
            let frame = frame(sql, files).await;
            let mut stream = frame.execute_stream().await.unwrap();
            let mut rows = 0;
            while let Some(batch) = stream.next().await {
                rows += batch.unwrap().num_rows() as u64;
            }
            Did { rows, bytes: 0 }
        })
    }
}

/// The question as the engine's manual says, except for the number of threads.
pub(crate) async fn frame(sql: &str, files: &[PathBuf]) -> DataFrame {
    let config = SessionConfig::new().with_target_partitions(Limits::default().partitions);
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

/// A question over these tables by their names. Texts are read as plain ones: a view of a text would bring all that is beside it.
pub(crate) async fn over(sql: &str, tables: &BTreeMap<String, Vec<PathBuf>>) -> DataFrame {
    let mut config = SessionConfig::new().with_target_partitions(Limits::default().partitions);
    config
        .options_mut()
        .execution
        .parquet
        .schema_force_view_types = false;
    let context = SessionContext::new_with_config(config);
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
