//! Staged files: tables that a person has sent, or named on the machine, and that no dataset reads yet.
//!
//! Each waits for its person for a day at most, in a folder of the state that only the connector reads. Its name there is random;
//! the name that the person gave is for people alone.

use crate::config::person_key::PersonKey;
use crate::dataset::coming_files::ComingPlace;
use crate::participant::Connector;
use crate::process::blocking_work::run_blocking;
use bytes::Bytes;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::time::UtcTimestamp;
use hansa_files::{FileVisibility, GrowingFile};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::SourceKind;
use hansa_query::ingest::content_kind::{ContentKind, HEAD};
use hansa_query::ingest::schema_inference::inferred_source::detect_table_kind;
use hansa_query::ingest::source_files::SourceFile;
use hansa_query::ingest::source_roots::SourceRoots;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Folder of the staged files, in that of the state.
const FOLDER: &str = "uploads";

/// Most files of one person, with those that come.
pub const FILES: usize = 2;

/// Hours for which a file waits.
pub const HOURS_KEPT: u32 = 24;

/// Microseconds of these hours.
const LIFE: i64 = 24 * 3600 * 1_000_000;

/// Bytes that are written at once.
const PIECE: usize = 1 << 20;

/// Most characters of the name that a person gave.
const NAME: usize = 200;

/// Largest description of a file, bytes.
const DESCRIPTION: u64 = 8 * 1024;

/// Name of a staged file in messages about its content. The name that the person gave has no effect there.
const SHOWN: &str = "the file";

/// Kind of a staged file, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StagedKind {
    /// Delimited text.
    Csv,
    /// Parquet file.
    Parquet,
    /// GeoJSON.
    GeoJson,
}

impl StagedKind {
    /// Word of the kind, and ending of a file of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::GeoJson => "geojson",
        }
    }
}

/// Staged file, as its description beside it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedFile {
    /// Identity: 128 random bits, as hexadecimal digits.
    pub id: String,
    /// Digest of the accounts of the person.
    pub person: Digest,
    /// Name that the person gave, for people.
    pub name: String,
    /// Kind by the content.
    pub kind: StagedKind,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Instant at which it was there.
    pub at: UtcTimestamp,
}

impl StagedFile {
    /// Instant after which the file is gone.
    #[must_use]
    pub fn ends(&self) -> UtcTimestamp {
        self.at.plus_micros(LIFE)
    }
}

/// File that comes, piece by piece. Unless it is kept at its end, nothing of it stays.
#[derive(Debug)]
pub struct FileStaging {
    connector: Arc<Connector>,
    place: ComingPlace,
    person: Digest,
    limit: u64,
    bytes: u64,
    buffer: Vec<u8>,
    /// Absent while a piece is written, so that a cut sender leaves no file.
    sink: Option<StagingSink>,
}

/// File that has come whole, and is not listed yet.
#[derive(Debug)]
pub struct StagedDraft {
    /// Description of the file.
    pub file: StagedFile,
    sink: StagingSink,
    _place: ComingPlace,
}

/// Digest by which the files of a human being are known.
pub fn digest_person(key: &PersonKey) -> Digest {
    let unix = key.unix().map(|user| user.to_string()).unwrap_or_default();
    let account = key.account().map(ToString::to_string).unwrap_or_default();
    Digest::of_parts(&[b"staged file", unix.as_bytes(), account.as_bytes()])
}

/// Opens a place for a file of a person. `stated` is the size that its sender names.
///
/// # Errors
/// `UPLOAD_TOO_LARGE`; `UPLOAD_LIMIT` where the person has as many files as may wait; `DISK_FULL` where the disk would be short.
pub async fn open_staging(
    connector: &Arc<Connector>,
    person: Digest,
    stated: u64,
) -> Result<FileStaging, Refusal> {
    let config = connector.config();
    let limit = config.console.upload;
    if stated > limit {
        return Err(too_large(limit));
    }
    let coming = &connector.datasets.coming_files;
    let place = ComingPlace::take(coming, person);
    // A file that comes to its end meanwhile is in both lists, or in one of them.
    let mut known = coming.list_ids_of(person);
    let waiting = list_staged(connector, person).await?;
    known.extend(waiting.into_iter().map(|file| file.id));
    if known.len() > FILES {
        let sentence = format!("{FILES} of your files wait or come already");
        return Err(Refusal::new(ErrorCode::UploadLimit, sentence));
    }
    let folder = connector.state_file(FOLDER);
    let path = folder.join(place.id());
    let reserve = config.limits.reserve;
    let sink = run_blocking(move || {
        hansa_files::create_folder(&folder)?;
        check_disk(&folder, reserve.saturating_add(stated))?;
        Ok(StagingSink {
            file: GrowingFile::create(&path)?,
            path,
            folder,
            reserve,
            digest: IncrementalDigest::default(),
            head: Vec::new(),
            is_judged: false,
        })
    });
    Ok(FileStaging {
        sink: Some(sink.await?),
        connector: Arc::clone(connector),
        place,
        person,
        limit,
        bytes: 0,
        buffer: Vec::new(),
    })
}

impl FileStaging {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// `UPLOAD_TOO_LARGE`; `DISK_FULL` or `STATE_BROKEN`; `SOURCE_KIND_UNKNOWN` for what is no table, as soon as its beginning is
    /// there.
    pub async fn take_bytes(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(count);
        if self.bytes > self.limit {
            return Err(too_large(self.limit));
        }
        self.buffer.extend_from_slice(&bytes);
        if self.buffer.len() < PIECE {
            return Ok(());
        }
        self.write_piece().await
    }

    /// Judges the whole file. `name` is for people.
    ///
    /// # Errors
    /// As [`Self::take_bytes`]; `SOURCE_UNREADABLE` for a Parquet file that is not whole.
    pub async fn finish(mut self, name: &str) -> Result<StagedDraft, Refusal> {
        if self.bytes == 0 {
            let sentence = "the file is empty";
            return Err(Refusal::new(ErrorCode::UploadIncomplete, sentence));
        }
        self.write_piece().await?;
        let Self {
            connector,
            place,
            person,
            bytes,
            sink,
            ..
        } = self;
        let sink = sink.ok_or_else(lost_sink)?;
        let (sink, kind) = run_blocking(move || sink.detect_kind()).await?;
        let file = StagedFile {
            id: place.id().to_owned(),
            person,
            name: shorten_name(name),
            kind,
            bytes,
            sha256: sink.digest.clone().finish(),
            at: connector.now(),
        };
        Ok(StagedDraft {
            file,
            sink,
            _place: place,
        })
    }

    async fn write_piece(&mut self) -> Result<(), Refusal> {
        let piece = std::mem::take(&mut self.buffer);
        let sink = self.sink.take().ok_or_else(lost_sink)?;
        let (sink, mut piece) = run_blocking(move || {
            let sink = sink.write(&piece)?;
            Ok((sink, piece))
        })
        .await?;
        piece.clear();
        (self.sink, self.buffer) = (Some(sink), piece);
        Ok(())
    }
}

impl StagedDraft {
    /// Keeps the file, so that it waits for its person.
    ///
    /// # Errors
    /// `DISK_FULL` or `STATE_BROKEN`; nothing of the file stays then.
    pub async fn keep(self) -> Result<StagedFile, Refusal> {
        let Self { file, sink, _place } = self;
        run_blocking(move || {
            let StagingSink {
                file: bytes,
                path,
                folder,
                ..
            } = sink;
            let text = serde_json::to_vec(&file).map_err(|cause| {
                let sentence = "the description of the file can't be written";
                Refusal::new(ErrorCode::Internal, sentence).caused_by(cause)
            })?;
            bytes.finish()?;
            let description = describe_path(&folder, &file.id);
            let described = hansa_files::create_file(&description, &text, FileVisibility::Owner);
            if let Err(refusal) = described {
                hansa_files::remove_file(&path)?;
                return Err(refusal);
            }
            Ok(file)
        })
        .await
    }
}

/// Files of a person that wait, the oldest first.
///
/// # Errors
/// `STATE_BROKEN` where the folder can't be read.
pub async fn list_staged(
    connector: &Arc<Connector>,
    person: Digest,
) -> Result<Vec<StagedFile>, Refusal> {
    let (folder, now) = (connector.state_file(FOLDER), connector.now());
    let files = run_blocking(move || read_folder(&folder));
    let mut files = files.await?;
    // INVARIANT: staged-file-of-its-person. Another person learns not even that it exists.
    files.retain(|file| file.person == person && now < file.ends());
    files.sort_by_key(|file| (file.at, file.id.clone()));
    Ok(files)
}

/// Finds a file of a person that waits.
///
/// # Errors
/// `UPLOAD_UNKNOWN`
pub async fn find_staged(
    connector: &Arc<Connector>,
    person: Digest,
    id: &str,
) -> Result<StagedFile, Refusal> {
    let files = list_staged(connector, person).await?;
    let found = files.into_iter().find(|file| file.id == id);
    found.ok_or_else(|| {
        let sentence = "no file of this identity waits for you";
        Refusal::new(ErrorCode::UploadUnknown, sentence)
    })
}

/// Removes a file of a person that waits.
///
/// # Errors
/// `UPLOAD_UNKNOWN`, or `STATE_BROKEN` where it can't be removed.
pub async fn remove_staged(
    connector: &Arc<Connector>,
    person: Digest,
    id: &str,
) -> Result<StagedFile, Refusal> {
    let file = find_staged(connector, person, id).await?;
    let (folder, id) = (connector.state_file(FOLDER), file.id.clone());
    run_blocking(move || remove_from(&folder, &id)).await?;
    Ok(file)
}

/// Path of a staged file, and the folder that its reader may read.
pub fn staged_path(connector: &Connector, file: &StagedFile) -> StagedPath {
    let folder = connector.state_file(FOLDER);
    StagedPath {
        path: folder.join(&file.id),
        name: file.id.clone(),
        roots: SourceRoots::of(&folder),
    }
}

/// Place of a staged file.
#[derive(Debug, Clone)]
pub struct StagedPath {
    /// Path of the file.
    pub path: PathBuf,
    /// Name of the file in its folder.
    pub name: String,
    /// Folder that its reader may read: that of the staged files alone.
    pub roots: SourceRoots,
}

impl Connector {
    /// Removes the staged files whose time is over, and what a stop of the connector has left of files that came. Blocks.
    ///
    /// # Errors
    /// `STATE_BROKEN` where the folder can't be read, or a file can't be removed.
    pub fn expire_staged_files(&self) -> Result<(), Refusal> {
        let folder = self.state_file(FOLDER);
        let now = self.now();
        if !folder.is_dir() {
            return Ok(());
        }
        // Listed before the waiting ones: a file that comes meanwhile is in neither list, and stays.
        let paths = hansa_files::list_files(&folder)?;
        let coming = self.datasets.coming_files.list_ids();
        let waiting = read_folder(&folder)?;
        let is_kept = |id: &str| {
            coming.contains(id)
                || waiting
                    .iter()
                    .any(|file| file.id == id && now < file.ends())
        };
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let id = name.strip_suffix(ENDING).unwrap_or(&name);
            if !is_kept(id) {
                hansa_files::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// File that is written, with what is known of its bytes.
#[derive(Debug)]
struct StagingSink {
    file: GrowingFile,
    path: PathBuf,
    folder: PathBuf,
    /// Bytes that must stay free on the disk.
    reserve: u64,
    digest: IncrementalDigest,
    /// First bytes, until they have been judged.
    head: Vec<u8>,
    is_judged: bool,
}

impl StagingSink {
    fn write(mut self, piece: &[u8]) -> Result<Self, Refusal> {
        if !self.is_judged {
            let missing = HEAD.saturating_sub(self.head.len()).min(piece.len());
            self.head.extend(piece.iter().take(missing));
            if self.head.len() >= HEAD {
                self.judge_head()?;
            }
        }
        check_disk(&self.folder, self.reserve)?;
        self.file.append(piece)?;
        self.digest.update(piece);
        Ok(self)
    }

    fn judge_head(&mut self) -> Result<(), Refusal> {
        ContentKind::of(&self.head).expect_plain_table(SHOWN)?;
        self.is_judged = true;
        self.head = Vec::new();
        Ok(())
    }

    fn detect_kind(mut self) -> Result<(Self, StagedKind), Refusal> {
        if !self.is_judged {
            self.judge_head()?;
        }
        let roots = SourceRoots::of(&self.folder);
        let file = SourceFile::new(self.path.clone(), SHOWN.to_owned(), roots);
        let kind = match detect_table_kind(&file)? {
            SourceKind::Text => StagedKind::Csv,
            SourceKind::Parquet => StagedKind::Parquet,
            SourceKind::GeoJson => StagedKind::GeoJson,
            SourceKind::Arrow | SourceKind::Json | SourceKind::Postgres => {
                let sentence = "the file is no CSV, no Parquet and no GeoJSON";
                return Err(Refusal::new(ErrorCode::SourceKindUnknown, sentence));
            }
        };
        Ok((self, kind))
    }
}

/// Ending of the description of a file.
const ENDING: &str = ".json";

fn describe_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}{ENDING}"))
}

/// Descriptions of the files of a folder. A file without one has not come whole.
fn read_folder(folder: &Path) -> Result<Vec<StagedFile>, Refusal> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let paths = hansa_files::list_files(folder)?;
    let described = paths.iter().filter_map(|path| {
        let id = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
        let bytes = hansa_files::read_private(path, DESCRIPTION).ok()?;
        let file: StagedFile = serde_json::from_slice(&bytes).ok()?;
        let kept = std::fs::symlink_metadata(folder.join(id)).ok()?;
        (file.id == id && kept.is_file()).then_some(file)
    });
    Ok(described.collect())
}

/// Removes the description first, so that no description is left without its file.
fn remove_from(folder: &Path, id: &str) -> Result<(), Refusal> {
    hansa_files::remove_file(&describe_path(folder, id))?;
    hansa_files::remove_file(&folder.join(id))
}

fn check_disk(folder: &Path, wanted: u64) -> Result<(), Refusal> {
    let Some(low) = hansa_audit_store::low_space(folder, wanted) else {
        return Ok(());
    };
    let sentence = "the disk of the state has not enough room for the file";
    Err(Refusal::new(ErrorCode::DiskFull, sentence).caused_by(low))
}

/// Name for people: one line, without controls, and short.
fn shorten_name(name: &str) -> String {
    let plain = name.chars().filter(|letter| !letter.is_control());
    let name: String = plain.take(NAME).collect();
    let name = name.trim();
    match name.is_empty() {
        true => "file".to_owned(),
        false => name.to_owned(),
    }
}

fn too_large(limit: u64) -> Refusal {
    let sentence = format!("the file is larger than {limit} bytes");
    Refusal::new(ErrorCode::UploadTooLarge, sentence)
}

fn lost_sink() -> Refusal {
    let sentence = "the file was not written whole";
    Refusal::new(ErrorCode::UploadIncomplete, sentence)
}
