//! One process that has the files of all participants.

use arrow_json::LineDelimitedWriter;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use hansa_query::limits::QueryResourceLimits;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

/// Plain DataFusion over all files, with as many threads for a question as a governed one gets.
pub(super) struct PooledSession {
    runtime: tokio::runtime::Runtime,
    context: SessionContext,
}

impl PooledSession {
    /// Over these files, by `city.table`.
    pub(super) fn new(files: &BTreeMap<String, PathBuf>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let config =
            SessionConfig::new().with_target_partitions(QueryResourceLimits::default().partitions);
        let context = SessionContext::new_with_config(config);
        runtime.block_on(register(&context, files.iter()));
        Self { runtime, context }
    }

    /// The rows of an answer, as objects.
    #[expect(
        clippy::disallowed_methods,
        reason = "the pool is a plain engine, to be compared with"
    )]
    pub(super) fn ask(&self, sql: &str) -> Vec<Value> {
        self.runtime.block_on(async {
            let frame = self.context.sql(&flat(sql)).await.unwrap();
            let batches = frame.collect().await.unwrap();
            let mut writer = LineDelimitedWriter::new(Vec::new());
            for batch in &batches {
                writer.write(batch).unwrap();
            }
            writer.finish().unwrap();
            let text = String::from_utf8(writer.into_inner()).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        })
    }
}

/// Stops where an answer differs.
pub(super) fn same(question: impl Display, answer: &[Value], rows: &[Value]) {
    assert_eq!(answer.len(), rows.len(), "question {question}: rows");
    for (one, other) in answer.iter().zip(rows) {
        let (one, other) = (one.as_object().unwrap(), other.as_object().unwrap());
        for (name, value) in other {
            let mine = &one[name];
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                Value::Number(number) if number.is_f64() => {
                    format!("{:?}", number.as_f64().unwrap())
                }
                other => other.to_string(),
            };
            assert!(
                super::data::alike(&text(mine), &text(value)),
                "question {question}: {name} is {mine}, not {value}"
            );
        }
    }
}

/// Registers files as `city_table`.
pub(super) async fn register(
    context: &SessionContext,
    files: impl Iterator<Item = (&String, &PathBuf)>,
) {
    for (name, file) in files {
        let file = file.to_str().unwrap();
        context
            .register_parquet(flat(name), file, ParquetReadOptions::default())
            .await
            .unwrap();
    }
}

/// The text with tables of one schema: `city_table` for `city.table`.
pub(super) fn flat(sql: &str) -> String {
    let mut text = sql.to_owned();
    for city in super::world::CITIES.iter().chain(&["bremen"]) {
        text = text.replace(&format!("{city}."), &format!("{city}_"));
    }
    text
}
