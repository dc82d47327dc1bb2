//! Session settings that keep answers correct.

use super::{optimizer_rules, physical_optimizer_rules, session_config};
use crate::limits::QueryResourceLimits;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::common::config::ConfigOptions;
use datafusion::datasource::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::execution::{SessionStateBuilder, TaskContext};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::aggregates::{
    AggregateExec, AggregateMode, LimitOptions, PhysicalGroupBy,
};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Number of rows of a question in which the dynamic filter of a join on the second of two columns named `id` is applied to the
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

/// DataFusion 55.2 loses rows if a join's dynamic filter is pushed through an aggregate over two columns with one name
/// (apache/datafusion #25263 and related issues). If the second half of this test fails after an update, the engine is fixed; the
/// switches stay off for the other reason in `config`.
#[tokio::test]
async fn dynamic_filters_of_joins_are_off_since_they_lose_rows() {
    let ours = session_config(&QueryResourceLimits::default());
    let optimizer = &ours.options().optimizer;
    assert!(!optimizer.enable_dynamic_filter_pushdown);
    assert!(!optimizer.enable_join_dynamic_filter_pushdown);
    assert!(!optimizer.enable_topk_dynamic_filter_pushdown);
    assert!(!optimizer.enable_aggregate_dynamic_filter_pushdown);
    assert_eq!(count_rows(ours).await, 1);
    assert_eq!(count_rows(SessionConfig::new()).await, 0);
}

/// DISTINCT with a limit over sorted rows, as rules of the engine leave it.
fn distinct_with_limit() -> Arc<dyn ExecutionPlan> {
    let keys: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 2]));
    let rows = RecordBatch::try_from_iter([("k", keys)]).unwrap();
    let key = col("k", &rows.schema()).unwrap();
    let order = LexOrdering::new([PhysicalSortExpr::new_default(Arc::clone(&key))]).unwrap();
    let source = MemorySourceConfig::try_new(&[vec![rows.clone()]], rows.schema(), None).unwrap();
    let source = source.try_with_sort_information(vec![order]).unwrap();
    let distinct = AggregateExec::try_new(
        AggregateMode::Single,
        PhysicalGroupBy::new_single(vec![(key, "k".to_owned())]),
        vec![],
        vec![],
        DataSourceExec::from_data_source(source),
        rows.schema(),
    )
    .unwrap();
    Arc::new(distinct.with_limit_options(Some(LimitOptions::new(1))))
}

#[tokio::test]
async fn distinct_over_rows_in_order_keeps_no_limit() {
    let engine = collect(distinct_with_limit(), Arc::new(TaskContext::default())).await;
    assert!(engine.is_err(), "repaired upstream: the rule can go");
    let options = ConfigOptions::default();
    let plan = physical_optimizer_rules()
        .into_iter()
        .fold(distinct_with_limit(), |plan, rule| {
            rule.optimize(plan, &options).unwrap()
        });
    let found = collect(plan, Arc::new(TaskContext::default()))
        .await
        .unwrap();
    assert_eq!(2, found.iter().map(RecordBatch::num_rows).sum::<usize>());
}

/// The engine treats decimal types with different digits as equal, so its own checks do not detect a change.
#[tokio::test]
async fn sums_beside_distinct_values_keep_their_type() {
    let state = SessionStateBuilder::new_with_default_features()
        .with_optimizer_rules(optimizer_rules())
        .build();
    let sql = "SELECT sum(p) AS s, max(p) AS m, count(DISTINCT p % 2) AS c FROM (VALUES (CAST(1.5 AS DECIMAL(12, 2)))) AS t(p)";
    let plan = state.create_logical_plan(sql).await.unwrap();
    let optimized = state.optimize(&plan).unwrap();
    assert_eq!(optimized.schema().as_arrow(), plan.schema().as_arrow());
}
