//! `hansa dataset stage`, `staged` and `unstage`: files that wait for a dataset, and the dataset that is added of one.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::{CommandReport, ReportRow};
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::config::person_key::PersonKey;
use hansa_node::dataset::staged_file::{
    self, FileStaging, StagedFile, StagedKind, StagedPath, digest_person, find_staged, list_staged,
    open_staging, remove_staged, staged_path,
};
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use hansa_query::ingest::schema_inference::draft_config::DraftConfigOptions;
use serde::Serialize;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folder of the files of added datasets, beside the configuration.
const DATA: &str = "data";

/// Bytes of a file that are read at once.
const PIECE: usize = 1 << 20;

/// Person behind a command; that of the connector's Unix user inside its own process.
///
/// # Errors
/// `FILE_MISSING` where nobody can say whose the connector is.
pub(super) fn find_person(connector: &Connector, caller: &Caller) -> Result<Digest, Refusal> {
    if let Some(key) = caller.key(&connector.config()) {
        return Ok(digest_person(&key));
    }
    let state = &connector.config().state;
    let own = std::fs::metadata(state);
    let own = own.map_err(|error| hansa_files::unreadable_file_refusal(state, &error))?;
    Ok(digest_person(&PersonKey::of_user(own.uid())))
}

/// Takes a copy of a file.
pub(super) async fn stage_file(
    connector: &Arc<Connector>,
    person: Digest,
    path: &Path,
    out: &EventSink,
) -> CommandResult {
    let named = path.to_owned();
    let opened = run_blocking(move || {
        let file = File::open(&named);
        let file = file.map_err(|error| hansa_files::unreadable_file_refusal(&named, &error))?;
        let found = file.metadata();
        let found = found.map_err(|error| hansa_files::unreadable_file_refusal(&named, &error))?;
        if !found.is_file() {
            let sentence = format!("`{}` is no file", named.display());
            return Err(Refusal::new(ErrorCode::FileMissing, sentence));
        }
        Ok((file, found.len()))
    });
    let (file, length) = opened.await?;
    let staging = open_staging(connector, person, length).await?;
    let staging = copy_file(file, path, staging).await?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = staging.finish(&name).await?.keep().await?;
    out.send_report(&StagedReport {
        file: ListedFile::of(&staged),
        is_removed: false,
    })
    .await?;
    Ok(0)
}

/// Copies a file, piece by piece.
async fn copy_file(
    mut file: File,
    path: &Path,
    mut staging: FileStaging,
) -> Result<FileStaging, Refusal> {
    loop {
        let named = path.to_owned();
        let read = run_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE);
            let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
            let read = file.by_ref().take(most).read_to_end(&mut piece);
            read.map_err(|error| hansa_files::unreadable_file_refusal(&named, &error))?;
            Ok((file, piece))
        });
        let (rest, piece) = read.await?;
        if piece.is_empty() {
            return Ok(staging);
        }
        file = rest;
        staging.take_bytes(Bytes::from(piece)).await?;
    }
}

/// Lists the files of the person.
pub(super) async fn list_files(
    connector: &Arc<Connector>,
    person: Digest,
    out: &EventSink,
) -> CommandResult {
    let files = list_staged(connector, person).await?;
    let rows: Vec<ListedFile> = files.iter().map(ListedFile::of).collect();
    out.send_list(&rows).await?;
    Ok(0)
}

/// Removes a file of the person.
pub(super) async fn remove_file(
    connector: &Arc<Connector>,
    person: Digest,
    id: &str,
    out: &EventSink,
) -> CommandResult {
    let removed = remove_staged(connector, person, id).await?;
    out.send_report(&StagedReport {
        file: ListedFile::of(&removed),
        is_removed: true,
    })
    .await?;
    Ok(0)
}

/// Staged file of which a dataset is added.
#[derive(Debug)]
pub(super) struct StagedSource {
    file: StagedFile,
    read: StagedPath,
    /// Path in the entry of the configuration.
    entry_path: String,
    /// Place of the file once the dataset is added.
    target: PathBuf,
}

impl StagedSource {
    /// Finds a staged file of a person for a dataset of this name.
    ///
    /// # Errors
    /// `UPLOAD_UNKNOWN`; `USAGE` without a name; `FILE_EXISTS` where the place of the file is taken.
    pub(super) async fn find(
        connector: &Arc<Connector>,
        person: Digest,
        id: &str,
        about: &DraftConfigOptions,
    ) -> Result<Self, Refusal> {
        let name = about.name.as_ref().ok_or_else(|| {
            let sentence = "the dataset of a staged file has no name";
            Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help("hansa dataset add --staged ID --name NAME")
        })?;
        let file = find_staged(connector, person, id).await?;
        let entry_path = format!("{DATA}/{name}.{}", file.kind.as_str());
        let config = connector.config();
        let folder = std::path::absolute(config.folder()).unwrap_or_default();
        let target = folder.join(&entry_path);
        if target.symlink_metadata().is_ok() {
            let sentence = format!("`{}` is there already", target.display());
            return Err(Refusal::new(ErrorCode::FileExists, sentence)
                .with_help("give the dataset another name"));
        }
        Ok(Self {
            read: staged_path(connector, &file),
            file,
            entry_path,
            target,
        })
    }

    /// Place of the bytes until the dataset is added.
    pub(super) fn read_path(&self) -> &StagedPath {
        &self.read
    }

    /// Path in the entry of the configuration.
    pub(super) fn entry_path(&self) -> &str {
        &self.entry_path
    }

    /// Place of the file once the dataset is added.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the file its place. Blocks.
    ///
    /// # Errors
    /// `FILE_EXISTS` where it is taken, `DISK_FULL` or `STATE_BROKEN`.
    pub(super) fn place(&self) -> Result<(), Refusal> {
        if let Some(folder) = self.target.parent() {
            hansa_files::create_folder(folder)?;
        }
        hansa_files::duplicate_file(&self.read.path, &self.target)
    }

    /// Ends the wait of the file, whose dataset is added.
    pub(super) async fn release(&self, connector: &Arc<Connector>) {
        let removed = remove_staged(connector, self.file.person, &self.file.id).await;
        if let Err(refusal) = removed {
            // It ends after its day in any case.
            tracing::warn!(%refusal, "uploads.not_removed");
        }
    }
}

/// Staged file in a list.
#[derive(Debug, Serialize)]
struct ListedFile {
    id: String,
    /// Name that the person gave.
    name: String,
    kind: StagedKind,
    bytes: u64,
    sha256: Digest,
    at: UtcTimestamp,
    /// Instant after which it is gone.
    ends: UtcTimestamp,
}

impl ListedFile {
    fn of(file: &StagedFile) -> Self {
        Self {
            id: file.id.clone(),
            name: file.name.clone(),
            kind: file.kind,
            bytes: file.bytes,
            sha256: file.sha256,
            at: file.at,
            ends: file.ends(),
        }
    }
}

impl ReportRow for ListedFile {
    const HEADER: &'static [&'static str] = &["id", "name", "kind", "bytes", "until"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            to_printable(&self.name),
            self.kind.as_str().to_owned(),
            self.bytes.to_string(),
            self.ends.to_string(),
        ]
    }
}

/// File that was staged, or removed again.
#[derive(Debug, Serialize)]
struct StagedReport {
    #[serde(flatten)]
    file: ListedFile,
    #[serde(rename = "removed")]
    is_removed: bool,
}

impl CommandReport for StagedReport {
    fn to_text(&self) -> String {
        let ListedFile {
            id,
            name,
            kind,
            bytes,
            ends,
            ..
        } = &self.file;
        let (name, kind) = (to_printable(name), kind.as_str());
        match self.is_removed {
            true => format!("removed {name}, {bytes} bytes of {kind}"),
            false => format!(
                "{name}, {bytes} bytes of {kind}, waits until {ends} ({} hours); then: hansa dataset add --staged {id} --name NAME",
                staged_file::HOURS_KEPT
            ),
        }
    }
}
