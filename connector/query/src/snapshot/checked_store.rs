//! Object store that verifies published files: footers, indexes and pages.

use crate::snapshot::checked_files::{CheckedFiles, CheckedReader};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Local files, of which some are verified.
#[derive(Debug)]
pub(crate) struct CheckedStore {
    local: LocalFileSystem,
    files: HashMap<PathBuf, Arc<CheckedFiles>>,
    /// Permission to read files with unknown content, which the reader has written itself.
    own: bool,
}

impl CheckedStore {
    /// Creates a store of these files alone.
    pub(crate) fn of(files: &Arc<CheckedFiles>) -> Self {
        let mut store = Self::beside_own([files]);
        store.own = false;
        store
    }

    /// Creates a store that verifies these files and permits all others.
    pub(crate) fn beside_own<'f>(files: impl IntoIterator<Item = &'f Arc<CheckedFiles>>) -> Self {
        let files = files.into_iter().flat_map(|files| {
            let paths = files.paths().iter();
            paths.map(|path| (path.clone(), Arc::clone(files)))
        });
        Self {
            local: LocalFileSystem::new(),
            files: files.collect(),
            own: true,
        }
    }

    /// The file as it was published; none where nothing is known of it.
    fn find_published_file(&self, location: &Path) -> Result<Option<PublishedFile>> {
        let path = self.local.path_to_filesystem(location)?;
        match self.files.get(&path) {
            Some(files) => Ok(Some(PublishedFile {
                path,
                files: Arc::clone(files),
            })),
            None if self.own => Ok(None),
            None => Err(store_error(unpublished_file_refusal())),
        }
    }
}

/// A file of which it is known how it was published.
struct PublishedFile {
    path: PathBuf,
    /// The files among which it is checked.
    files: Arc<CheckedFiles>,
}

/// Reads a file as it was published; a file system may keep its reader waiting, so not on the thread of a question.
async fn read_published_file<T: Send + 'static>(
    file: PublishedFile,
    act: impl FnOnce(&CheckedReader) -> std::result::Result<T, Refusal> + Send + 'static,
) -> Result<T> {
    let read = move || {
        let reader = file.files.open_reader(&file.path);
        let done = reader.and_then(|reader| act(&reader));
        done.map_err(store_error)
    };
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let done = runtime.spawn_blocking(read).await;
            done.unwrap_or_else(|cause| {
                Err(store_error(unfinished_read_refusal().caused_by(cause)))
            })
        }
        Err(_) => read(),
    }
}

impl fmt::Display for CheckedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("files as they were published")
    }
}

#[async_trait]
impl ObjectStore for CheckedStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let known = self.find_published_file(location)?;
        let wanted_head = options.head;
        let mut found = self.local.get_opts(location, options).await?;
        let Some(known) = known.filter(|_| !wanted_head) else {
            return Ok(found);
        };
        let range = found.range.clone();
        let bytes = read_published_file(known, move |reader| reader.read(&range)).await?;
        found.payload = GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed());
        Ok(found)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let Some(known) = self.find_published_file(location)? else {
            return self.local.get_ranges(location, ranges).await;
        };
        let ranges = ranges.to_vec();
        read_published_file(known, move |reader| {
            ranges.iter().map(|range| reader.read(range)).collect()
        })
        .await
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(store_error(unpublished_file_refusal()))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(store_error(unpublished_file_refusal()))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(store_error(unpublished_file_refusal())) }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.own {
            return self.local.list(prefix);
        }
        stream::once(async { Err(store_error(unpublished_file_refusal())) }).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        if self.own {
            return self.local.list_with_delimiter(prefix).await;
        }
        Err(store_error(unpublished_file_refusal()))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(store_error(unpublished_file_refusal()))
    }
}

fn unpublished_file_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "nothing but published files is read for a question",
    )
}

fn unfinished_read_refusal() -> Refusal {
    Refusal::new(ErrorCode::Internal, "a file could not be read to its end")
}

fn store_error(refusal: Refusal) -> Error {
    Error::Generic {
        store: "snapshots",
        source: Box::new(refusal),
    }
}
