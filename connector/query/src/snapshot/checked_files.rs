//! Files that are verified when they are read. Each block is checked against its digest before use, at its first read in this
//! process and after any change of the file.

use crate::snapshot::block_digests::{BlockDigests, FileDigests};
use crate::snapshot::checked_block_cache::{CheckedBlockCache, CheckedBlocks, FileIdentity};
use crate::snapshot::dataset_dir;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Expected content, in addition to the block digests.
#[derive(Debug, Clone)]
enum ExpectedContent {
    /// Snapshot with this schema and digest.
    Snapshot { schema: Digest, digest: Digest },
    /// Content digest of each file.
    Contents(Vec<Digest>),
    /// Unknown content.
    Unknown,
}

/// Files of a snapshot or of released cells, with their expected content.
#[derive(Debug)]
pub struct CheckedFiles {
    /// Refusal for damaged files.
    damage_refusal: Refusal,
    paths: Vec<PathBuf>,
    file_indexes: HashMap<PathBuf, usize>,
    expected: ExpectedContent,
    /// Block digests. If they are unknown, they are computed at the first read, after a check against the expected content.
    blocks: OnceLock<Arc<Vec<BlockDigests>>>,
    /// Lock for the computation of block digests.
    learning: Mutex<()>,
    memory: CheckedBlockCache,
    damage: Mutex<Option<Refusal>>,
}

impl CheckedFiles {
    /// Creates the files of a snapshot, each with its block digests.
    #[must_use]
    pub(crate) fn of_snapshot(
        dataset: &Dataset,
        paths: Vec<PathBuf>,
        digest: Digest,
        blocks: Vec<BlockDigests>,
        memory: CheckedBlockCache,
    ) -> Self {
        let expected = ExpectedContent::Snapshot {
            schema: dataset.schema_digest(),
            digest,
        };
        let refusal = not_as_published(dataset);
        Self::new(refusal, paths, expected, Some(blocks), memory)
    }

    /// Creates files with known content digests.
    #[must_use]
    pub(crate) fn of_contents(what: &str, files: Vec<(PathBuf, Digest)>) -> Self {
        let (paths, contents) = files.into_iter().unzip();
        let sentence = format!("a file of {what} is not as it was released");
        let refusal = Refusal::new(ErrorCode::SnapshotDamaged, sentence)
            .with_help("bring it back from a backup: it can't be worked out again");
        let expected = ExpectedContent::Contents(contents);
        Self::new(refusal, paths, expected, None, CheckedBlockCache::default())
    }

    /// Creates files with unknown content, which the first read fixes.
    #[must_use]
    pub(crate) fn as_found(paths: Vec<PathBuf>) -> Self {
        let refusal = Refusal::new(
            ErrorCode::SnapshotDamaged,
            "a file is not as it was found first",
        );
        let memory = CheckedBlockCache::default();
        Self::new(refusal, paths, ExpectedContent::Unknown, None, memory)
    }

    fn new(
        refusal: Refusal,
        paths: Vec<PathBuf>,
        expected: ExpectedContent,
        blocks: Option<Vec<BlockDigests>>,
        memory: CheckedBlockCache,
    ) -> Self {
        let known = OnceLock::new();
        if let Some(blocks) = blocks.filter(|blocks| blocks.len() == paths.len()) {
            let _first = known.set(Arc::new(blocks));
        }
        let places = paths.iter().cloned().zip(0..).collect();
        Self {
            damage_refusal: refusal,
            paths,
            file_indexes: places,
            expected,
            blocks: known,
            learning: Mutex::new(()),
            memory,
            damage: Mutex::new(None),
        }
    }

    /// Sets the cache of verified blocks.
    #[must_use]
    pub(crate) fn with_block_cache(&self, memory: CheckedBlockCache) -> Self {
        Self {
            damage_refusal: self.damage_refusal.clone(),
            paths: self.paths.clone(),
            file_indexes: self.file_indexes.clone(),
            expected: self.expected.clone(),
            blocks: self.blocks.clone(),
            learning: Mutex::new(()),
            memory,
            damage: Mutex::new(self.check_damage().err()),
        }
    }

    /// Paths of the files.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Checks that no damage is known.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`: the files are then not read any more.
    pub fn check_damage(&self) -> Result<(), Refusal> {
        self.lock_damage().clone().map_or(Ok(()), Err)
    }

    fn lock_damage(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.damage.lock()
    }

    /// Reads all files and verifies them. Verified blocks are cached. The function blocks.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub fn check(&self) -> Result<(), Refusal> {
        let found = self.digest_files()?;
        if let Some(known) = self.blocks.get() {
            let pairs = known.iter().zip(&found).zip(&self.paths);
            for ((known, (_, found)), path) in pairs {
                if *known != found.blocks {
                    return Err(self.record_damage(path, "its blocks have other digests"));
                }
            }
        }
        self.check_expected_content(&found)?;
        let blocks: Vec<BlockDigests> = found
            .iter()
            .map(|(_, found)| found.blocks.clone())
            .collect();
        let _known = self.blocks.set(Arc::new(blocks));
        for (identity, found) in &found {
            self.memory
                .checked_blocks(*identity, &found.blocks)
                .mark_all();
        }
        *self.lock_damage() = None;
        Ok(())
    }

    /// Digests of all files, with their identities during the read.
    fn digest_files(&self) -> Result<Vec<(FileIdentity, FileDigests)>, Refusal> {
        let mut all = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            let identity = || File::open(path).and_then(|file| FileIdentity::of(&file));
            let read =
                identity().and_then(|before| Ok((before, FileDigests::of(path)?, identity()?)));
            let (before, found, after) =
                read.map_err(|error| self.unreadable_file_refusal(path, &error))?;
            if !before.is_written_as(&after) {
                return Err(self.record_damage(path, "it changed while it was read"));
            }
            all.push((before, found));
        }
        Ok(all)
    }

    fn check_expected_content(&self, found: &[(FileIdentity, FileDigests)]) -> Result<(), Refusal> {
        match &self.expected {
            ExpectedContent::Unknown => {}
            ExpectedContent::Snapshot { schema, digest } => {
                let contents: Vec<Digest> = found.iter().map(|(_, found)| found.content).collect();
                if dataset_dir::digest_under(*schema, &contents) != *digest {
                    let all = self.paths.first().and_then(|path| path.parent());
                    let why = "their content has another digest";
                    return Err(self.record_damage(all.unwrap_or(Path::new("")), why));
                }
            }
            ExpectedContent::Contents(contents) => {
                for ((content, (_, found)), path) in contents.iter().zip(found).zip(&self.paths) {
                    if *content != found.content {
                        return Err(self.record_damage(path, "its content has another digest"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Block digests. If no manifest contains them, all files are verified against their expected content first.
    fn blocks(&self) -> Result<Arc<Vec<BlockDigests>>, Refusal> {
        if let Some(known) = self.blocks.get() {
            return Ok(Arc::clone(known));
        }
        let _turn = self.learning.lock();
        if let Some(known) = self.blocks.get() {
            return Ok(Arc::clone(known));
        }
        self.check()?;
        Ok(self.blocks.get().cloned().unwrap_or_default())
    }

    /// Records the damage of a file, after which no file is read. The consumer learns no details.
    fn record_damage(&self, path: &Path, why: &str) -> Refusal {
        tracing::error!(name: "snapshot.damaged", path = %path.display(), why, "files are not as they were published");
        *self.lock_damage() = Some(self.damage_refusal.clone());
        self.damage_refusal.clone()
    }

    /// Refusal for an unreadable file. A missing or truncated file is damaged; other errors may be temporary.
    fn unreadable_file_refusal(&self, path: &Path, error: &std::io::Error) -> Refusal {
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) {
            return self.record_damage(path, &error.to_string());
        }
        tracing::error!(name: "snapshot.unreadable", path = %path.display(), %error, "a file can't be read");
        Refusal::new(
            ErrorCode::SourceUnreadable,
            "a file of the snapshot can't be read",
        )
    }

    /// Opens a reader for one of the files.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED` if the path is not among the files, or if any damage is known.
    pub(crate) fn open_reader(self: &Arc<Self>, path: &Path) -> Result<CheckedReader, Refusal> {
        self.check_damage()?;
        let blocks = self.blocks()?;
        let place = self.file_indexes.get(path);
        let Some(own) = place.and_then(|place| blocks.get(*place)) else {
            return Err(self.record_damage(path, "it is no file of the snapshot"));
        };
        let opened = File::open(path).and_then(|file| Ok((FileIdentity::of(&file)?, file)));
        let (identity, file) =
            opened.map_err(|error| self.unreadable_file_refusal(path, &error))?;
        if identity.size() != own.size() {
            return Err(self.record_damage(path, "it has another size"));
        }
        Ok(CheckedReader {
            files: Arc::clone(self),
            path: path.to_owned(),
            file,
            identity,
            seen: self.memory.checked_blocks(identity, own),
            own: own.clone(),
        })
    }
}

impl Default for CheckedFiles {
    fn default() -> Self {
        Self::as_found(Vec::new())
    }
}

impl PartialEq for CheckedFiles {
    fn eq(&self, other: &Self) -> bool {
        self.paths == other.paths
    }
}

impl Eq for CheckedFiles {}

/// Refusal for a damaged snapshot.
#[must_use]
pub fn not_as_published(dataset: &Dataset) -> Refusal {
    let (name, version) = (&dataset.id.name, &dataset.version);
    let sentence = format!("the snapshot {version} of `{name}` is not as it was published");
    Refusal::new(ErrorCode::SnapshotDamaged, sentence)
        .with_help(format!("publish it anew: hansa dataset publish {name}"))
        .with_help(format!(
            "which answers came from it since it was last known good: hansa audit affected {name}@{version} --since-good"
        ))
}

/// Open file.
#[derive(Debug)]
pub(crate) struct CheckedReader {
    files: Arc<CheckedFiles>,
    path: PathBuf,
    file: File,
    identity: FileIdentity,
    seen: Arc<CheckedBlocks>,
    own: BlockDigests,
}

impl CheckedReader {
    /// Checks that all blocks of a range were verified before.
    pub(crate) fn is_seen(&self, range: &Range<u64>) -> bool {
        self.own
            .covering_blocks(range)
            .all(|block| self.seen.has_block(block))
    }

    /// Reads and verifies a range of bytes.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub(crate) fn read(&self, range: &Range<u64>) -> Result<Bytes, Refusal> {
        let damaged = |why: &str| self.files.record_damage(&self.path, why);
        if range.end > self.own.size() {
            return Err(damaged("it ends before what is to be read"));
        }
        // The file may be written at the same time; the verified blocks then belong to another content.
        let is_same = || FileIdentity::of(&self.file).is_ok_and(|now| now == self.identity);
        if self.is_seen(range) {
            let bytes = self.read_exact_range(range)?;
            if is_same() {
                return Ok(bytes);
            }
        }
        let blocks = self.own.covering_blocks(range);
        let whole = self.own.bytes(&blocks);
        let bytes = self.read_exact_range(&whole)?;
        let is_same = is_same();
        let part = |range: &Range<u64>| -> Option<Range<usize>> {
            let at = |place: u64| usize::try_from(place.checked_sub(whole.start)?).ok();
            Some(at(range.start)?..at(range.end)?)
        };
        for block in blocks {
            if is_same && self.seen.has_block(block) {
                continue;
            }
            let own = self.own.bytes(&(block..block.saturating_add(1)));
            let own = part(&own).and_then(|part| bytes.get(part));
            if !own.is_some_and(|own| self.own.holds(block, own)) {
                return Err(damaged("a block of it has another digest"));
            }
            if is_same {
                self.seen.mark_block(block);
            }
        }
        let wanted = part(range).filter(|part| part.end <= bytes.len());
        let Some(wanted) = wanted else {
            return Err(damaged("it ends before what is to be read"));
        };
        // A small part is copied, so that it does not keep a complete block in memory.
        if wanted.len().saturating_mul(2) < bytes.len() {
            let few = bytes.get(wanted).map(Bytes::copy_from_slice);
            return Ok(few.unwrap_or_default());
        }
        Ok(bytes.slice(wanted))
    }

    fn read_exact_range(&self, range: &Range<u64>) -> Result<Bytes, Refusal> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or_default();
        let mut bytes = vec![0; length];
        let read = self.file.read_exact_at(&mut bytes, range.start);
        read.map_err(|error| self.files.unreadable_file_refusal(&self.path, &error))?;
        Ok(Bytes::from(bytes))
    }
}
