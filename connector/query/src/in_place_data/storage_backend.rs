//! Storage of files in place: this machine, or an S3-compatible object store.

use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Storage of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageBackend {
    /// File system of this machine.
    Local,
    /// Bucket of an object store.
    S3(S3Bucket),
}

/// Bucket of an S3-compatible store. Secrets are in the environment or in a file, never here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Bucket {
    /// Name of the bucket.
    pub name: String,
    /// URL of the store; absent for Amazon's endpoint of the region.
    pub endpoint: Option<String>,
    /// Region. If absent: `AWS_REGION` if the keys also come from the environment, otherwise `us-east-1`.
    pub region: Option<String>,
    /// Path of the file with `access_key_id = …` and `secret_access_key = …`. If absent, the keys come from the environment
    /// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`).
    pub credentials: Option<PathBuf>,
}

impl StorageBackend {
    /// Digest of the key file, or `None` if there is no such file.
    pub(super) fn keys_digest(&self) -> Option<Digest> {
        let Self::S3(S3Bucket {
            credentials: Some(path),
            ..
        }) = self
        else {
            return None;
        };
        std::fs::read(path).ok().map(|bytes| Digest::of(&bytes))
    }

    /// Opens the store without a request to it.
    ///
    /// # Errors
    /// `SOURCE_UNREADABLE` if the key file can't be read; `CONFIG_INVALID` if a URL is invalid.
    pub fn open(&self) -> Result<Arc<dyn ObjectStore>, Refusal> {
        let bucket = match self {
            Self::Local => return Ok(Arc::new(LocalFileSystem::new())),
            Self::S3(bucket) => bucket,
        };
        // The client supports two cryptography providers; this is the one of the whole product.
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let options = ClientOptions::new()
            .with_connect_timeout(CONNECT)
            .with_timeout(REQUEST)
            .with_allow_http(bucket.endpoint.as_deref().is_some_and(is_local_endpoint));
        let retries = RetryConfig {
            max_retries: 3,
            retry_timeout: REQUEST,
            ..RetryConfig::default()
        };
        // With a key file, no setting of the environment is used.
        let begun = match &bucket.credentials {
            Some(_) => AmazonS3Builder::new(),
            None => AmazonS3Builder::from_env(),
        };
        let mut builder = begun
            .with_bucket_name(&bucket.name)
            .with_client_options(options)
            .with_retry(retries);
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &bucket.region {
            builder = builder.with_region(region);
        }
        if let Some(path) = &bucket.credentials {
            let (id, secret) = read_access_keys(path)?;
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret);
        }
        let store = builder.build().map_err(|error| {
            Refusal::new(
                ErrorCode::ConfigInvalid,
                format!("the store of `{}` can't be used: {error}", bucket.name),
            )
        })?;
        Ok(Arc::new(store))
    }
}

/// Checks that an address without TLS is on this machine, so that no data leaves it.
#[must_use]
pub fn is_local_endpoint(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://") else {
        return false;
    };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.strip_prefix('[').map_or_else(
        || host.split(':').next().unwrap_or_default(),
        |v6| v6.split(']').next().unwrap_or_default(),
    );
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Reads the two keys of a file. Each is on its own line, with or without the prefix `aws_`.
fn read_access_keys(path: &Path) -> Result<(String, String), Refusal> {
    let missing = |why: String| {
        Refusal::new(ErrorCode::SourceUnreadable, why)
            .with_place(path.display().to_string(), None, None)
            .with_help("write access_key_id = … and secret_access_key = … into it, a line each")
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| missing(format!("the keys of the store can't be read: {error}")))?;
    let value = |key: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            let name = name.trim();
            let name = name.strip_prefix("aws_").unwrap_or(name);
            (name == key).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    match (value("access_key_id"), value("secret_access_key")) {
        (Some(id), Some(secret)) => Ok((id, secret)),
        _ => Err(missing("the file lacks a key of the store".to_owned())),
    }
}

const CONNECT: Duration = Duration::from_secs(5);

/// Timeout of one request; a question sends many requests.
const REQUEST: Duration = Duration::from_secs(30);
