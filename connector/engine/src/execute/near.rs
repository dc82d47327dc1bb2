//! Reads of a few kilobytes of a snapshot's file, done where they are wanted: to hand them to another thread takes longer than they
//! do.

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_common::Result;
use futures::future::BoxFuture;
use object_store::local::LocalFileSystem;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes the readers of one scan of local files.
#[derive(Debug)]
pub(super) struct Near {
    stock: CachedParquetFileReaderFactory,
    local: LocalFileSystem,
}

impl Near {
    /// Readers that hand on to `stock` whatever is more than a few bytes.
    pub(super) fn beside(stock: CachedParquetFileReaderFactory) -> Self {
        let local = LocalFileSystem::new();
        Self { stock, local }
    }
}

impl ParquetFileReaderFactory for Near {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let path = self.local.path_to_filesystem(&file.object_meta.location)?;
        Ok(Box::new(Reader {
            path,
            file: None,
            stock: self.stock.create_reader(partition, file, hint, metrics)?,
        }))
    }
}

struct Reader {
    path: PathBuf,
    /// Open from its first read on.
    file: Option<File>,
    stock: Box<dyn AsyncFileReader + Send>,
}

/// Bytes that are read at once on the thread of the question; it waits no longer for them than for a page of its memory.
const FEW: u64 = 64 * 1024;

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        if length(&range) > FEW {
            return self.stock.get_bytes(range);
        }
        let read = opened(&mut self.file, &self.path).and_then(|file| at(file, &range));
        Box::pin(std::future::ready(read))
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let all = ranges.iter().map(length).fold(0, u64::saturating_add);
        if all > FEW {
            return self.stock.get_byte_ranges(ranges);
        }
        let read = opened(&mut self.file, &self.path)
            .and_then(|file| ranges.iter().map(|range| at(file, range)).collect());
        Box::pin(std::future::ready(read))
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        self.stock.get_metadata(options)
    }
}

fn opened<'f>(file: &'f mut Option<File>, path: &Path) -> Result<&'f File, ParquetError> {
    match file {
        Some(file) => Ok(file),
        None => Ok(file.insert(File::open(path).map_err(|_| unreadable())?)),
    }
}

fn unreadable() -> ParquetError {
    ParquetError::External(Box::new(Refusal::new(
        Code::SourceUnreadable,
        "a file of the snapshot can't be read",
    )))
}

/// All bytes of the range; a file that ends before is an error.
fn at(file: &File, range: &Range<u64>) -> Result<Bytes, ParquetError> {
    let length = usize::try_from(length(range)).unwrap_or_default();
    let mut bytes = vec![0; length];
    let read = file.read_exact_at(&mut bytes, range.start);
    read.map_err(|_| unreadable())?;
    Ok(Bytes::from(bytes))
}

const fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
