//! Object store that contains only published objects, in their published state.

use crate::in_place_data::error_detail::ErrorDetail;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Object at the time of its publication.
#[derive(Debug, Clone)]
pub(super) struct PinnedObject {
    /// Path in the store.
    pub(super) path: Path,
    /// Entity tag.
    pub(super) tag: String,
    /// Size in bytes.
    pub(super) size: u64,
}

/// Published objects by their names within the scan. A name belongs to one snapshot, so the engine's caches never mix two files.
#[derive(Debug)]
pub(super) struct PinnedObjectStore {
    store: Arc<dyn ObjectStore>,
    pins: BTreeMap<Path, PinnedObject>,
    error_detail: ErrorDetail,
}

impl PinnedObjectStore {
    pub(super) const fn new(
        store: Arc<dyn ObjectStore>,
        pins: BTreeMap<Path, PinnedObject>,
        detail: ErrorDetail,
    ) -> Self {
        Self {
            store,
            pins,
            error_detail: detail,
        }
    }
}

impl PinnedObjectStore {
    /// Reads a local file, which other programs may write at the same time.
    async fn read_local_file(&self, pin: &PinnedObject, found: GetResult) -> Result<GetResult> {
        let failed = |error: Error| {
            to_store_error(
                self.error_detail
                    .redact_refusal(store_error_refusal(&error)),
            )
        };
        let (meta, range, attributes) = (
            found.meta.clone(),
            found.range.clone(),
            found.attributes.clone(),
        );
        let bytes = found.bytes().await;
        // A truncated file gives a read error, whose cause is the change as well.
        let after = self.store.head(&pin.path).await.map_err(failed)?;
        if after.e_tag.as_deref() != Some(pin.tag.as_str()) || after.size != pin.size {
            return Err(to_store_error(changed_file_refusal()));
        }
        let bytes = bytes.map_err(failed)?;
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed()),
            meta,
            range,
            attributes,
        })
    }
}

impl fmt::Display for PinnedObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("published files in place")
    }
}

#[async_trait]
impl ObjectStore for PinnedObjectStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let Some(pin) = self.pins.get(location) else {
            return Err(to_store_error(unpublished_file_refusal()));
        };
        let options = GetOptions {
            if_match: Some(pin.tag.clone()),
            ..options
        };
        let mut found = self
            .store
            .get_opts(&pin.path, options)
            .await
            .map_err(|error| {
                to_store_error(
                    self.error_detail
                        .redact_refusal(store_error_refusal(&error)),
                )
            })?;
        // Some stores ignore the condition.
        if found.meta.e_tag.as_deref() != Some(pin.tag.as_str()) || found.meta.size != pin.size {
            return Err(to_store_error(changed_file_refusal()));
        }
        if matches!(found.payload, GetResultPayload::File(..)) {
            found = self.read_local_file(pin, found).await?;
        }
        found.meta.location = location.clone();
        Ok(found)
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(to_store_error(unpublished_file_refusal()))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(to_store_error(unpublished_file_refusal()))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(to_store_error(unpublished_file_refusal())) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { Err(to_store_error(unpublished_file_refusal())) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(to_store_error(unpublished_file_refusal()))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(to_store_error(unpublished_file_refusal()))
    }
}

/// Refusal for an error of the store.
fn store_error_refusal(error: &Error) -> Refusal {
    match error {
        Error::NotFound { .. } | Error::Precondition { .. } | Error::NotModified { .. } => {
            tracing::error!(name: "in_place.changed", detail = %error, "a file in place is not as it was published");
            changed_file_refusal()
        }
        other => Refusal::new(ErrorCode::SourceUnreadable, other.to_string()),
    }
}

fn changed_file_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::SourceChanged,
        "a file of a dataset in place has changed since it was published",
    )
    .with_help("its owner publishes it again: hansa dataset publish")
}

fn unpublished_file_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "nothing but published files is read in place",
    )
}

fn to_store_error(refusal: Refusal) -> Error {
    Error::Generic {
        store: "in place",
        source: Box::new(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::local::LocalFileSystem;

    #[test]
    fn a_file_that_becomes_shorter_while_it_is_read_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.parquet");
        std::fs::write(&file, vec![7; 4_096]).unwrap();
        let local: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new());
        let path = Path::from_absolute_path(&file).unwrap();
        let result = futures::executor::block_on(async {
            let found = local.get_opts(&path, GetOptions::default()).await.unwrap();
            let pin = PinnedObject {
                path: path.clone(),
                tag: found.meta.e_tag.clone().unwrap(),
                size: found.meta.size,
            };
            let store =
                PinnedObjectStore::new(Arc::clone(&local), BTreeMap::new(), ErrorDetail::Little);
            // The file matches when it is opened, and is truncated before its bytes are read.
            std::fs::write(&file, "something else").unwrap();
            store.read_local_file(&pin, found).await.map(|_| ())
        });
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains("has changed since it was published"),
            "{error}"
        );
    }
}
