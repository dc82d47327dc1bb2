//! The switches of a session that keep answers right.

use super::config;
use crate::limits::QueryResourceLimits;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use parquet::arrow::ArrowWriter;
use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

thread_local! {
    static IS_UNOPTIMIZED: Cell<bool> = const { Cell::new(false) };
}

/// True if plans of this thread run as they were analysed.
pub(crate) fn is_unoptimized() -> bool {
    IS_UNOPTIMIZED.get()
}

/// The work for another thread, which plans as this thread does.
pub(crate) fn with_the_same_optimizer(work: Box<dyn FnOnce() + Send>) -> Box<dyn FnOnce() + Send> {
    match is_unoptimized() {
        true => Box::new(|| run_unoptimized(work)),
        false => work,
    }
}

/// Result of `ask` with plans that are not optimized.
pub(crate) fn run_unoptimized<T>(ask: impl FnOnce() -> T) -> T {
    IS_UNOPTIMIZED.set(true);
    let answer = ask();
    IS_UNOPTIMIZED.set(false);
    answer
}

/// One row of text columns as a Parquet file.
fn write_row(folder: &Path, name: &str, columns: &[(&str, &str)]) -> PathBuf {
    let columns = columns.iter().map(|(column, value)| {
        (
            *column,
            Arc::new(StringArray::from(vec![*value])) as ArrayRef,
        )
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = folder.join(format!("{name}.parquet"));
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

/// The rows of a question for which the dynamic filter of a join on the second of two columns called `id` is applied to the
/// first one.
async fn count_rows(settings: SessionConfig) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings.with_create_default_catalog_and_schema(true);
    settings.options_mut().optimizer.join_reordering = false;
    let session = SessionContext::new_with_config(settings);
    for (table, columns) in [
        ("sensor", &[("id", "s1"), ("site", "x1")][..]),
        ("site", &[("id", "x1")]),
    ] {
        let path = write_row(folder.path(), table, columns);
        session
            .register_parquet(table, path.to_str().unwrap(), ParquetReadOptions::default())
            .await
            .unwrap();
    }
    let sql = "SELECT outside.id, sensor.id, site.id FROM site AS outside JOIN ( \
                   SELECT sensor.id, site.id FROM sensor LEFT JOIN site ON sensor.site = site.id \
                   GROUP BY sensor.id, site.id \
               ) ON outside.id = site.id";
    let plan = session.state().create_logical_plan(sql).await.unwrap();
    let frame = session.execute_logical_plan(plan).await.unwrap();
    let batches = frame.collect().await.unwrap();
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// DataFusion 55.2 loses rows where a join's dynamic filter passes an aggregate over two columns of one name
/// (apache/datafusion #25263 and its neighbours). When the second half fails after an update, the engine is mended; the switches
/// stay off for the other reason that `config` gives.
#[tokio::test]
async fn dynamic_filters_of_joins_are_off_since_they_lose_rows() {
    let ours = config(&QueryResourceLimits::default());
    let optimizer = &ours.options().optimizer;
    assert!(!optimizer.enable_dynamic_filter_pushdown);
    assert!(!optimizer.enable_join_dynamic_filter_pushdown);
    assert!(!optimizer.enable_topk_dynamic_filter_pushdown);
    assert!(!optimizer.enable_aggregate_dynamic_filter_pushdown);
    assert_eq!(count_rows(ours).await, 1);
    assert_eq!(count_rows(SessionConfig::new()).await, 0);
}
