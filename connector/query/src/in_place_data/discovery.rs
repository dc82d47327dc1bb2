//! Publication of rows in place. The rows are checked once, as far as their storage is immutable, and pinned.

mod file_discovery;
mod row_scan;
pub mod sample;
mod table_discovery;

use super::InPlaceLocation;
use super::postgres::table_description;
use crate::dedicated_thread::run_on_dedicated_thread;
use crate::ingest::config::{ColumnConfig, ColumnValueOrigin, DatasetConfig, InPlaceConfig};
use crate::ingest::ingest_counts::IngestCounts;
use crate::publication::context::{PublicationContext, PublicationProgress};
use crate::publication::snapshot_writer::profile::{RowProfile, RowProfiler};
use crate::publication::written_snapshot::{ColumnStats, WrittenSnapshot};
use futures::StreamExt as _;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::Refusal;
use std::time::Duration;

/// Rows in place that were found and not yet checked.
#[derive(Debug)]
pub struct InPlaceDiscovery {
    /// Location of the rows.
    pub location: InPlaceLocation,
    /// Columns, as declared in the configuration or found in the source.
    pub columns: Vec<ColumnConfig>,
    /// Digest of everything that can change.
    pub digest: Digest,
    /// Size of the files in bytes; 0 for a table.
    pub bytes: u64,
    /// Number of files; 1 for a table.
    pub files: usize,
}

/// Finds the rows in place of a dataset, and their columns.
///
/// # Errors
/// `SOURCE_UNREADABLE`, `FILE_MISSING`; `SCHEMA_MISMATCH` with what would help.
pub fn discover_rows(
    config: &DatasetConfig,
    in_place: &InPlaceConfig,
    limit: Duration,
) -> Result<InPlaceDiscovery, Refusal> {
    run_on_dedicated_thread("looking at a source", limit, async || {
        find_in(config, in_place).await
    })
}

/// Checks every row of files, and counts the rows of a table.
///
/// # Errors
/// `ROWS_UNREADABLE` if a value does not fit its column, or the error of the source.
pub fn check_rows(
    here: &InPlaceDiscovery,
    entry: &Dataset,
    context: &PublicationContext,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<WrittenSnapshot, Refusal> {
    run_on_dedicated_thread("publishing", context.limits.time, async || {
        match &here.location {
            InPlaceLocation::Parquet(_) => profile_rows(here, entry, context, progress).await,
            InPlaceLocation::Postgres(table) => {
                let (all, readable) =
                    table_description::count_rows(table, context.limits.time).await?;
                progress(PublicationProgress::Rows(readable));
                let counts = IngestCounts {
                    rows: all,
                    bad_rows: all.saturating_sub(readable),
                    ..IngestCounts::default()
                };
                let stats = entry
                    .columns
                    .iter()
                    .map(|_| ColumnStats::default())
                    .collect();
                Ok(build_written_snapshot(
                    here, entry, readable, stats, 0, counts,
                ))
            }
        }
    })
}

async fn find_in(
    config: &DatasetConfig,
    in_place: &InPlaceConfig,
) -> Result<InPlaceDiscovery, Refusal> {
    match in_place {
        InPlaceConfig::Parquet(store) => file_discovery::find_files(config, store).await,
        InPlaceConfig::Postgres {
            server,
            schema,
            table,
        } => table_discovery::find_table(config, server, schema, table).await,
    }
}

/// Name of a column in the source.
fn source_column_name(column: &ColumnConfig) -> String {
    match &column.origin {
        ColumnValueOrigin::From(names) => names.first().cloned(),
        _ => None,
    }
    .unwrap_or_else(|| column.name.to_string())
}

async fn profile_rows(
    here: &InPlaceDiscovery,
    entry: &Dataset,
    context: &PublicationContext,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<WrittenSnapshot, Refusal> {
    let mut stream = row_scan::scan_rows(&here.location, &entry.schema(), &context.limits, None)?;
    let mut look = RowProfiler::new(entry);
    while let Some(batch) = stream.next().await {
        look.take_batch(&batch.map_err(|error| row_scan::scan_refusal(&error))?)?;
        progress(PublicationProgress::Rows(look.rows()));
    }
    let RowProfile {
        rows,
        stats,
        wrong_days,
        counts,
    } = look.finish();
    Ok(build_written_snapshot(
        here, entry, rows, stats, wrong_days, counts,
    ))
}

fn build_written_snapshot(
    here: &InPlaceDiscovery,
    entry: &Dataset,
    rows: u64,
    stats: Vec<ColumnStats>,
    wrong_days: u64,
    counts: IngestCounts,
) -> WrittenSnapshot {
    WrittenSnapshot {
        files: Vec::new(),
        content: Vec::new(),
        blocks: Vec::new(),
        digest: snapshot_digest(entry, here.digest),
        rows,
        bytes: here.bytes,
        stats,
        wrong_days,
        counts,
    }
}

/// Digest of a snapshot with rows in place.
pub(crate) fn snapshot_digest(entry: &Dataset, location: Digest) -> Digest {
    let mut whole = IncrementalDigest::default();
    whole.update(b"snapshot/in-place/1\n");
    whole.update(entry.schema_digest().as_bytes());
    whole.update(location.as_bytes());
    whole.finish()
}
