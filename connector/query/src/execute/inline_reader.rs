//! Readers of the files of a snapshot: each byte is held against what was published before it is read. A few kilobytes are read where
//! they are wanted: to hand them to another thread takes longer than they do.

use crate::engine_error;
use crate::snapshot::checked_files::{CheckedFiles, CheckedReader};
use crate::snapshot::checked_store::CheckedStore;
use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use hansa_policy::refusal::Refusal;
use object_store::local::LocalFileSystem;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes the readers of one scan of local files.
#[derive(Debug)]
pub(super) struct InlineReaderFactory {
    stock: CachedParquetFileReaderFactory,
    local: LocalFileSystem,
    files: Arc<CheckedFiles>,
}

impl InlineReaderFactory {
    /// Readers of these files. `footers` is where footers are kept that were read.
    pub(super) fn of(files: Arc<CheckedFiles>, footers: Arc<FileMetadataCache>) -> Self {
        let store = Arc::new(CheckedStore::of(&files));
        Self {
            stock: CachedParquetFileReaderFactory::new(store, footers),
            local: LocalFileSystem::new(),
            files,
        }
    }
}

impl ParquetFileReaderFactory for InlineReaderFactory {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion_common::Result<Box<dyn AsyncFileReader + Send>> {
        let path = self.local.path_to_filesystem(&file.object_meta.location)?;
        // What is kept of a footer would answer some questions without a look at the file.
        self.files.damage().map_err(engine_error::carry)?;
        Ok(Box::new(InlineFileReader {
            path,
            files: Arc::clone(&self.files),
            open: None,
            stock: self.stock.create_reader(partition, file, hint, metrics)?,
        }))
    }
}

struct InlineFileReader {
    path: PathBuf,
    files: Arc<CheckedFiles>,
    /// From its first read on.
    open: Option<CheckedReader>,
    stock: Box<dyn AsyncFileReader + Send>,
}

/// Bytes that are read at once on the thread of the question; it waits no longer for them than for a page of its memory.
const FEW: u64 = 64 * 1024;

impl AsyncFileReader for InlineFileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        if length(&range) > FEW {
            return self.stock.get_bytes(range);
        }
        let read = self.open().and_then(|open| open.read(&range));
        Box::pin(std::future::ready(read.map_err(to_parquet_error)))
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let all = ranges.iter().map(length).fold(0, u64::saturating_add);
        if all > FEW {
            return self.stock.get_byte_ranges(ranges);
        }
        let read = self
            .open()
            .and_then(|open| ranges.iter().map(|range| open.read(range)).collect());
        Box::pin(std::future::ready(read.map_err(to_parquet_error)))
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        Box::pin(async move {
            let read = self.stock.get_metadata(options).await;
            // On the way through the engine the reason became a text.
            read.map_err(|error| match self.files.damage() {
                Err(damage) => to_parquet_error(damage),
                Ok(()) => error,
            })
        })
    }
}

impl InlineFileReader {
    fn open(&mut self) -> Result<&CheckedReader, Refusal> {
        match &mut self.open {
            Some(open) => Ok(open),
            open @ None => Ok(open.insert(self.files.reader(&self.path)?)),
        }
    }
}

fn to_parquet_error(refusal: Refusal) -> ParquetError {
    ParquetError::External(Box::new(refusal))
}

const fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
