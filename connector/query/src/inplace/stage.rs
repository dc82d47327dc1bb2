//! Publishing rows that stay where they are: they are looked at once, as far as they stay as they are, and pinned.

mod lake;
mod read;
pub mod sample;
mod table;

use super::Stays;
use super::postgres::catalog;
use crate::alone::alone;
use crate::publish::write::look::{Found, Look};
use crate::publish::write::{Seen, Written};
use crate::publish::{Context, Progress};
use crate::source::config::{ColumnConfig, DatasetConfig, InPlaceConfig, Origin};
use crate::source::report::Counts;
use futures::StreamExt as _;
use hansa_audit_log::digest::{Digest, Hasher};
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::Refusal;
use std::time::Duration;

/// Rows in place, found and not looked at yet.
#[derive(Debug)]
pub struct Here {
    /// Where they stay.
    pub stays: Stays,
    /// The columns, as the configuration declares them or as they were found.
    pub columns: Vec<ColumnConfig>,
    /// The digest of all of it that can change.
    pub digest: Digest,
    /// Bytes of the files; 0 of a table.
    pub bytes: u64,
    /// How many files there are; one table.
    pub files: usize,
}

/// Finds the rows of a dataset that stay where they are, and their columns.
///
/// # Errors
/// `SOURCE_UNREADABLE`, `FILE_MISSING`; `SCHEMA_MISMATCH` with what would help.
pub fn find(
    config: &DatasetConfig,
    place: &InPlaceConfig,
    limit: Duration,
) -> Result<Here, Refusal> {
    alone("looking at a source", limit, async || {
        find_in(config, place).await
    })
}

/// Looks at every row that stays as it is, and at how many there are of a table.
///
/// # Errors
/// `ROWS_UNREADABLE` where a value is none of its column; what the source says.
pub fn look(
    here: &Here,
    entry: &Dataset,
    context: &Context,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Written, Refusal> {
    alone("publishing", context.limits.time, async || {
        match &here.stays {
            Stays::Parquet(_) => rows(here, entry, context, progress).await,
            Stays::Postgres(table) => {
                let (all, readable) = catalog::count(table, context.limits.time).await?;
                progress(Progress::Rows(readable));
                let counts = Counts {
                    rows: all,
                    bad_rows: all.saturating_sub(readable),
                    ..Counts::default()
                };
                let seen = entry.columns.iter().map(|_| Seen::default()).collect();
                Ok(written(here, entry, readable, seen, 0, counts))
            }
        }
    })
}

async fn find_in(config: &DatasetConfig, place: &InPlaceConfig) -> Result<Here, Refusal> {
    match place {
        InPlaceConfig::Parquet(store) => lake::find(config, store).await,
        InPlaceConfig::Postgres {
            server,
            schema,
            table,
        } => table::find(config, server, schema, table).await,
    }
}

/// The name of a column where its rows are.
fn from(column: &ColumnConfig) -> String {
    match &column.origin {
        Origin::From(names) => names.first().cloned(),
        _ => None,
    }
    .unwrap_or_else(|| column.name.to_string())
}

async fn rows(
    here: &Here,
    entry: &Dataset,
    context: &Context,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Written, Refusal> {
    let mut stream = read::rows(&here.stays, &entry.schema(), &context.limits, None)?;
    let mut look = Look::new(entry);
    while let Some(batch) = stream.next().await {
        look.take(&batch.map_err(|error| read::failed(&error))?)?;
        progress(Progress::Rows(look.rows()));
    }
    let Found {
        rows,
        seen,
        wrong_days,
        counts,
    } = look.finish();
    Ok(written(here, entry, rows, seen, wrong_days, counts))
}

fn written(
    here: &Here,
    entry: &Dataset,
    rows: u64,
    seen: Vec<Seen>,
    wrong_days: u64,
    counts: Counts,
) -> Written {
    let mut whole = Hasher::default();
    whole.update(b"snapshot/in-place/1\n");
    whole.update(entry.schema_digest().as_bytes());
    whole.update(here.digest.as_bytes());
    Written {
        files: Vec::new(),
        content: Vec::new(),
        blocks: None,
        digest: whole.finish(),
        rows,
        bytes: here.bytes,
        seen,
        wrong_days,
        counts,
    }
}
