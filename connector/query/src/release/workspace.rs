//! Workspace for the computation of cells: a separate session with bounded memory, input frames over files, and output files.

use super::cell_keys::CellKeys;
use crate::engine_error;
use crate::limits::QueryResourceLimits;
use crate::session;
use crate::snapshot::checked_files::CheckedFiles;
use crate::snapshot::checked_store::CheckedStore;
use crate::snapshot::dataset_dir;
use arrow_array::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use datafusion_common::{Column, DataFusionError};
use datafusion_expr::col;
use futures::StreamExt;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Workspace with temporary files, which are removed on drop.
pub(crate) struct ReleaseWorkspace {
    context: SessionContext,
    folder: tempfile::TempDir,
    next: Cell<u32>,
    cell_keys: Option<CellKeys>,
}

impl ReleaseWorkspace {
    /// Creates a workspace beside `folder`. Files of `checked` are verified against their digests; other files are the workspace's
    /// own.
    ///
    /// # Errors
    /// `STATE_BROKEN`, `DISK_FULL`.
    pub(crate) fn open<'f>(
        folder: &Path,
        limits: &QueryResourceLimits,
        checked: impl IntoIterator<Item = &'f Arc<CheckedFiles>>,
    ) -> Result<Self, Refusal> {
        let aside = tempfile::Builder::new()
            .prefix(dataset_dir::STAGING)
            .tempdir_in(folder)
            .map_err(|error| dataset_dir::disk_refusal(folder, &error))?;
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::Directories(vec![aside.path().to_owned()]))
                    .with_max_temp_directory_size(u64::MAX),
            )
            .build_arc()
            .map_err(|error| release_refusal(&error))?;
        let url = ObjectStoreUrl::local_filesystem();
        let store = Arc::new(CheckedStore::beside_own(checked));
        environment.register_object_store(url.as_ref(), store);
        // A single thread makes sums of floating-point numbers reproducible.
        let limits = QueryResourceLimits {
            partitions: 1,
            ..*limits
        };
        let mut config = session::session_config(&limits);
        // Rows are sorted by all their columns. A merge of small batches would need more memory for its sort keys than for the
        // rows, and the engine does not spill these keys. So the rows in memory are sorted as one batch.
        config.options_mut().execution.sort_in_place_threshold_bytes = usize::MAX;
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(environment)
            .with_default_features()
            .with_optimizer_rules(session::optimizer_rules())
            .build();
        Ok(Self {
            context: SessionContext::new_with_state(state),
            folder: aside,
            next: Cell::new(0),
            cell_keys: None,
        })
    }

    /// Adds the rounding secret of the dataset.
    pub(super) const fn with_cell_keys(mut self, cell_keys: CellKeys) -> Self {
        self.cell_keys = Some(cell_keys);
        self
    }

    /// Rounding secret of the dataset.
    ///
    /// # Errors
    /// `INTERNAL` if it was not added.
    pub(super) fn cell_keys(&self) -> Result<CellKeys, Refusal> {
        let missing = || Refusal::new(ErrorCode::Internal, "there are no lots to round by");
        self.cell_keys.ok_or_else(missing)
    }

    /// Frame over files with one schema.
    pub(crate) async fn read(&self, files: &[PathBuf]) -> Result<DataFrame, Refusal> {
        let mut names = Vec::with_capacity(files.len());
        for file in files {
            let name = file.to_str().ok_or_else(|| {
                Refusal::new(
                    ErrorCode::StateBroken,
                    format!("`{}` is no text", file.display()),
                )
            })?;
            names.push(name.to_owned());
        }
        self.context
            .read_parquet(names, ParquetReadOptions::default())
            .await
            .map_err(|error| release_refusal(&error))
    }

    /// Frame over a record batch.
    pub(super) fn frame_over_batch(&self, rows: RecordBatch) -> Result<DataFrame, Refusal> {
        self.context
            .read_batch(rows)
            .map_err(|error| release_refusal(&error))
    }

    /// Writes a frame into a new temporary file. Returns the path and the number of rows.
    pub(super) async fn write_temporary_file(
        &self,
        frame: DataFrame,
    ) -> Result<(PathBuf, u64), Refusal> {
        let number = self.next.get();
        self.next.set(number.saturating_add(1));
        let path = self.folder.path().join(format!("aside-{number}.parquet"));
        let (rows, _) = write_new_file(frame, &path).await?;
        Ok((path, rows))
    }
}

/// Sorts a frame by all its columns, so that equal rows give equal files and equal sums, whatever the order of their publication.
pub(super) fn sort_rows(frame: DataFrame) -> Result<DataFrame, Refusal> {
    let names = frame.schema().fields().iter();
    let order: Vec<_> = names
        .map(|field| col(Column::from_name(field.name())).sort(true, true))
        .collect();
    frame.sort(order).map_err(|error| release_refusal(&error))
}

/// Writes a frame into a durable file. Returns the number of rows.
pub(super) async fn write_frame(frame: DataFrame, path: &Path) -> Result<u64, Refusal> {
    let (count, file) = write_new_file(frame, path).await?;
    file.sync_all()
        .map_err(|error| dataset_dir::disk_refusal(path, &error))?;
    Ok(count)
}

/// Writes a frame into a new file, which is removed after an error.
async fn write_new_file(frame: DataFrame, path: &Path) -> Result<(u64, File), Refusal> {
    let rows = frame
        .execute_stream()
        .await
        .map_err(|error| release_refusal(&error))?;
    let file = File::create(path).map_err(|error| dataset_dir::disk_refusal(path, &error))?;
    let filled = write_rows(rows, file, path).await;
    if filled.is_err() {
        let _ = std::fs::remove_file(path);
    }
    filled
}

async fn write_rows(
    mut rows: SendableRecordBatchStream,
    file: File,
    path: &Path,
) -> Result<(u64, File), Refusal> {
    let broken = |error| dataset_dir::broken_parquet(path, &error);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("hansa".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).map_err(broken)?;
    let mut count = 0_u64;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| release_refusal(&error))?;
        count = count.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        writer.write(&batch).map_err(broken)?;
    }
    let file = writer.into_inner().map_err(broken)?;
    Ok((count, file))
}

/// Content digest of a file.
pub(super) fn file_digest(path: &Path) -> Result<Digest, Refusal> {
    crate::ingest::source_files::digest_file(path, &path.to_string_lossy())
        .map(|(digest, _)| digest)
}

/// Refusal of an engine error, by class.
pub(crate) fn release_refusal(error: &DataFusionError) -> Refusal {
    if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
        // The engine's text about a question would be misleading, since there is no question.
        return Refusal::new(
            ErrorCode::ResourceLimit,
            "to release the cells takes more memory or disk than one question may have",
        )
        .with_help("raise `memory` in `[limits]`, or publish fewer rows at once");
    }
    let refusal = engine_error::execution_refusal(error);
    if matches!(
        refusal.code,
        ErrorCode::ResourceLimit
            | ErrorCode::DiskFull
            | ErrorCode::SumOverflow
            | ErrorCode::SnapshotDamaged
    ) {
        return refusal;
    }
    tracing::error!(name = "release.failed", detail = %error);
    Refusal::new(ErrorCode::StateBroken, "the cells can't be worked out")
        .caused_by(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, StringArray};
    use std::iter::repeat_with;

    #[tokio::test]
    async fn what_fails_leaves_no_file_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let limits = QueryResourceLimits {
            memory: 1 << 10,
            ..QueryResourceLimits::default()
        };
        let workspace = ReleaseWorkspace::open(folder.path(), &limits, []).unwrap();
        let ids: arrow_array::ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
        let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let path = folder.path().join("cells.parquet");
        let frame = sort_rows(workspace.frame_over_batch(rows).unwrap()).unwrap();
        let refusal = write_frame(frame, &path).await.unwrap_err();
        assert_eq!(refusal.code, ErrorCode::ResourceLimit);
        assert!(
            refusal.to_string().contains("release the cells"),
            "{refusal}"
        );
        assert!(!path.exists());
    }

    /// The sort keys of short texts are longer than the texts.
    #[tokio::test]
    async fn rows_are_ordered_in_less_memory_than_they_take() {
        let folder = tempfile::tempdir().unwrap();
        let limits = QueryResourceLimits {
            memory: 64 << 20,
            ..QueryResourceLimits::default()
        };
        let workspace = ReleaseWorkspace::open(folder.path(), &limits, []).unwrap();
        let mut seed = 1_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005) | 1;
            i64::try_from(seed >> 40).unwrap()
        };
        let rows = 600_000;
        let numbers: Vec<i64> = repeat_with(&mut random).take(rows).collect();
        let text = |column: i64| -> arrow_array::ArrayRef {
            let texts = numbers
                .iter()
                .map(|n| format!("{:02}", n.wrapping_add(column) % 100));
            Arc::new(StringArray::from_iter_values(texts))
        };
        let ids: arrow_array::ArrayRef = Arc::new(Int64Array::from(numbers.clone()));
        let columns = (0..12).map(|column| (format!("t{column}"), text(column)));
        let columns = std::iter::once(("id".to_owned(), ids)).chain(columns);
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let (path, _) = workspace
            .write_temporary_file(workspace.frame_over_batch(batch).unwrap())
            .await
            .unwrap();
        let stored = workspace.read(&[path]).await.unwrap();
        let (path, kept) = workspace
            .write_temporary_file(sort_rows(stored).unwrap())
            .await
            .unwrap();
        assert_eq!(kept, u64::try_from(rows).unwrap());
        let mut expected = numbers.clone();
        expected.sort_unstable();
        let mut reported: Vec<i64> = Vec::new();
        let file = File::open(path).unwrap();
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 8192);
        for batch in reader.unwrap() {
            let batch = batch.unwrap();
            let ids = batch.column(0).as_any().downcast_ref::<Int64Array>();
            reported.extend(ids.unwrap().values());
        }
        assert!(reported == expected);
    }
}
