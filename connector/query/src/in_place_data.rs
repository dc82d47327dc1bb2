//! Datasets in place: their rows are not copied, and each question reads them through the same enforcement.
//!
//! Parquet files, local or in an S3-compatible store, are pinned at publication by name, size and entity tag. A changed file is not
//! read, so a snapshot identifies its rows in place, too. A table of PostgreSQL is read in its current state; all reads of one
//! question from a database use one database snapshot.

pub mod discovery;
mod error_detail;
mod file_reader;
pub mod parquet_files;
mod pinned_store;
pub mod postgres;
pub mod storage_backend;

use crate::engine_error;
use crate::in_place_data::error_detail::ErrorDetail;
use arrow_schema::{DataType, Field, SchemaRef};
use datafusion::catalog::Session;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion_common::Result;
use datafusion_common::config::ConfigOptions;
use hansa_audit_log::digest::Digest;
use hansa_enforcement::canonical_float::canonical_function;
use hansa_policy::refusal::Refusal;
use object_store::ObjectStore;
use parking_lot::Mutex;
use parquet_files::ParquetFileSet;
use postgres::PostgresTable;
use postgres::query_connections::QueryConnections;
use postgres::table_scan::InPlaceColumns;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use storage_backend::StorageBackend;

/// Location of rows in place, as stored in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InPlaceLocation {
    /// Parquet files.
    Parquet(ParquetFileSet),
    /// Table of PostgreSQL.
    Postgres(PostgresTable),
}

impl InPlaceLocation {
    /// Database table, if the location is one.
    pub(crate) const fn table(&self) -> Option<&PostgresTable> {
        match self {
            Self::Parquet(_) => None,
            Self::Postgres(table) => Some(table),
        }
    }

    /// Paths of the files, or names of the database and the table, as the owner wrote them.
    #[must_use]
    pub fn locations(&self) -> Vec<String> {
        match self {
            Self::Parquet(lake) => {
                let before = match &lake.store {
                    StorageBackend::Local => "/".to_owned(),
                    StorageBackend::S3(bucket) => format!("s3://{}/", bucket.name),
                };
                let paths = lake.objects.iter().map(|object| &object.path);
                paths.map(|path| format!("{before}{path}")).collect()
            }
            Self::Postgres(table) => vec![format!(
                "{}.{} of {}",
                table.schema, table.name, table.server.database
            )],
        }
    }
}

/// Dataset in place, with its open object store.
#[derive(Debug)]
pub struct InPlaceDataset {
    location: InPlaceLocation,
    store: Mutex<Option<OpenObjectStore>>,
    error_detail: ErrorDetail,
}

/// Open object store, with the digest of the keys with which it was opened.
#[derive(Debug)]
struct OpenObjectStore {
    by: Option<Digest>,
    store: Arc<dyn ObjectStore>,
}

impl InPlaceDataset {
    /// Creates a dataset without opening it, so that an unreachable store or database does not delay the start.
    #[must_use]
    pub const fn new(in_place: InPlaceLocation) -> Self {
        Self::with_error_detail(ErrorDetail::Little, in_place)
    }

    /// Creates a dataset for use by its owner, with detailed errors.
    pub(crate) const fn for_owner(in_place: InPlaceLocation) -> Self {
        Self::with_error_detail(ErrorDetail::All, in_place)
    }

    const fn with_error_detail(detail: ErrorDetail, in_place: InPlaceLocation) -> Self {
        Self {
            location: in_place,
            store: Mutex::new(None),
            error_detail: detail,
        }
    }

    /// Location of the rows.
    #[must_use]
    pub const fn location(&self) -> &InPlaceLocation {
        &self.location
    }

    /// The scan of columns.
    pub(crate) fn scan(
        &self,
        columns: InPlaceColumns<'_>,
        session: &dyn Session,
        connections: &QueryConnections,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let InPlaceColumns {
            schema, projection, ..
        } = columns;
        match &self.location {
            InPlaceLocation::Parquet(lake) => {
                let store = self.open(lake).map_err(|why| {
                    engine_error::wrap_refusal(self.error_detail.redact_refusal(why))
                })?;
                let scan = lake.scan(&store, schema, projection.cloned(), session)?;
                to_dataset_columns(scan, schema, projection)
            }
            InPlaceLocation::Postgres(table) => {
                postgres::table_scan::scan_table(table, columns, connections, self.error_detail)
            }
        }
    }

    /// Opens the store once, and again after the key file has changed.
    fn open(&self, lake: &ParquetFileSet) -> Result<Arc<dyn ObjectStore>, Refusal> {
        let keys = lake.store.keys_digest();
        let mut held = self.store.lock();
        if let Some(open) = held.as_ref().filter(|open| open.by == keys) {
            return Ok(Arc::clone(&open.store));
        }
        let store = lake.open(self.error_detail)?;
        *held = Some(OpenObjectStore {
            by: keys,
            store: Arc::clone(&store),
        });
        Ok(store)
    }
}

/// Renames the columns to the dataset's names and makes floating-point numbers canonical.
fn to_dataset_columns(
    scan: Arc<dyn ExecutionPlan>,
    schema: &SchemaRef,
    projection: Option<&Vec<usize>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let shown = match projection {
        None => Arc::clone(schema),
        Some(indices) => Arc::new(schema.project(indices)?),
    };
    let found = scan.schema();
    let pairs = || shown.fields().iter().zip(found.fields());
    let is_float = |field: &Field| *field.data_type() == DataType::Float64;
    if pairs().all(|(shown, found)| shown.name() == found.name() && !is_float(found)) {
        return Ok(scan);
    }
    let options = Arc::new(ConfigOptions::default());
    let read = scan.schema();
    let columns = pairs().enumerate().map(|(at, (shown, found))| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(found.name(), at));
        // Canonical form, as in a copied dataset.
        let column = if is_float(found) {
            Arc::new(ScalarFunctionExpr::try_new(
                canonical_function(),
                vec![column],
                &read,
                Arc::clone(&options),
            )?)
        } else {
            column
        };
        Ok((column, shown.name().clone()))
    });
    let columns: Vec<_> = columns.collect::<Result<_>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, scan)?))
}

#[cfg(test)]
mod tests;
