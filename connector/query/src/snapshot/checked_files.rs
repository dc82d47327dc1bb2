//! Files that are read only as they were published: each block is held against its digest before anything sees a byte of it, the first
//! time in the life of this process and again whenever the file is another one.

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

/// What the files must be, beside the digests of their blocks.
#[derive(Debug, Clone)]
enum ExpectedContent {
    /// Those of a snapshot with this schema and digest.
    Snapshot { schema: Digest, digest: Digest },
    /// Each has this content.
    Contents(Vec<Digest>),
    /// Nobody has said.
    Unknown,
}

/// The files of a snapshot, or of released cells, with all that is known of their content.
#[derive(Debug)]
pub struct CheckedFiles {
    /// What people are told where they are damaged.
    damage_refusal: Refusal,
    paths: Vec<PathBuf>,
    file_indexes: HashMap<PathBuf, usize>,
    expected: ExpectedContent,
    /// Where nobody has said: made when they are first read, of files that are what is known otherwise.
    blocks: OnceLock<Arc<Vec<BlockDigests>>>,
    /// Held while they are made.
    learning: Mutex<()>,
    memory: CheckedBlockCache,
    damage: Mutex<Option<Refusal>>,
}

impl CheckedFiles {
    /// The files of a snapshot, each with the digests of its blocks.
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

    /// Files of which each has a known content.
    #[must_use]
    pub(crate) fn of_contents(what: &str, files: Vec<(PathBuf, Digest)>) -> Self {
        let (paths, contents) = files.into_iter().unzip();
        let sentence = format!("a file of {what} is not as it was released");
        let refusal = Refusal::new(ErrorCode::SnapshotDamaged, sentence)
            .with_help("bring it back from a backup: it can't be worked out again");
        let expected = ExpectedContent::Contents(contents);
        Self::new(refusal, paths, expected, None, CheckedBlockCache::default())
    }

    /// Files as they are when they are first read.
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

    /// The same, whose good blocks are remembered there.
    #[must_use]
    pub(crate) fn remembered_in(&self, memory: CheckedBlockCache) -> Self {
        Self {
            damage_refusal: self.damage_refusal.clone(),
            paths: self.paths.clone(),
            file_indexes: self.file_indexes.clone(),
            expected: self.expected.clone(),
            blocks: self.blocks.clone(),
            learning: Mutex::new(()),
            memory,
            damage: Mutex::new(self.damage().err()),
        }
    }

    /// Where they are.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// That nobody has found them to be others than were published.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`: then nothing of them is read any more.
    pub fn damage(&self) -> Result<(), Refusal> {
        self.lock_damage().clone().map_or(Ok(()), Err)
    }

    fn lock_damage(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.damage.lock()
    }

    /// Reads all of them, and holds them against everything that is known. What is good is remembered. Blocks.
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
        self.hold(&found)?;
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

    /// The content of all files, each with what tells it from another one while it was read.
    fn digest_files(&self) -> Result<Vec<(FileIdentity, FileDigests)>, Refusal> {
        let mut all = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            let identity = || File::open(path).and_then(|file| FileIdentity::of(&file));
            let read =
                identity().and_then(|before| Ok((before, FileDigests::of(path)?, identity()?)));
            let (before, found, after) = read.map_err(|error| self.unread(path, &error))?;
            if !before.is_written_as(&after) {
                return Err(self.record_damage(path, "it changed while it was read"));
            }
            all.push((before, found));
        }
        Ok(all)
    }

    fn hold(&self, found: &[(FileIdentity, FileDigests)]) -> Result<(), Refusal> {
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

    /// The digests of the blocks. Where no manifest has them the files are held against what is known otherwise, all of them.
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

    /// Notes that a file is another one than was published: from now on none of them is read. Whoever asks is told no more of it.
    fn record_damage(&self, path: &Path, why: &str) -> Refusal {
        tracing::error!(name: "snapshot.damaged", path = %path.display(), why, "files are not as they were published");
        *self.lock_damage() = Some(self.damage_refusal.clone());
        self.damage_refusal.clone()
    }

    /// What it means that a file could not be read: one that is gone or too short is damaged, everything else may pass.
    fn unread(&self, path: &Path, error: &std::io::Error) -> Refusal {
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) {
            return self.record_damage(path, &error.to_string());
        }
        tracing::error!(name: "snapshot.unreadable", path = %path.display(), %error, "a file can't be read");
        Refusal::new(
            ErrorCode::SourceUnreadable,
            "a file of the snapshot can't be read",
        )
    }

    /// A reader of one of them.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED` where it is none of them, or any of them is known to be damaged.
    pub(crate) fn reader(self: &Arc<Self>, path: &Path) -> Result<CheckedReader, Refusal> {
        self.damage()?;
        let blocks = self.blocks()?;
        let place = self.file_indexes.get(path);
        let Some(own) = place.and_then(|place| blocks.get(*place)) else {
            return Err(self.record_damage(path, "it is no file of the snapshot"));
        };
        let opened = File::open(path).and_then(|file| Ok((FileIdentity::of(&file)?, file)));
        let (identity, file) = opened.map_err(|error| self.unread(path, &error))?;
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

/// What people are told of a snapshot that is not what was published.
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

/// One file, open.
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
    /// Whether a range is of blocks that were held against their digests before.
    pub(crate) fn is_seen(&self, range: &Range<u64>) -> bool {
        self.own.covering(range).all(|block| self.seen.has(block))
    }

    /// The bytes of a range, which are those that were published.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub(crate) fn read(&self, range: &Range<u64>) -> Result<Bytes, Refusal> {
        let damaged = |why: &str| self.files.record_damage(&self.path, why);
        if range.end > self.own.size() {
            return Err(damaged("it ends before what is to be read"));
        }
        // It may be written meanwhile: what was seen was another file then.
        let is_same = || FileIdentity::of(&self.file).is_ok_and(|now| now == self.identity);
        if self.is_seen(range) {
            let bytes = self.exact(range)?;
            if is_same() {
                return Ok(bytes);
            }
        }
        let blocks = self.own.covering(range);
        let whole = self.own.bytes(&blocks);
        let bytes = self.exact(&whole)?;
        let is_same = is_same();
        let part = |range: &Range<u64>| -> Option<Range<usize>> {
            let at = |place: u64| usize::try_from(place.checked_sub(whole.start)?).ok();
            Some(at(range.start)?..at(range.end)?)
        };
        for block in blocks {
            if is_same && self.seen.has(block) {
                continue;
            }
            let own = self.own.bytes(&(block..block.saturating_add(1)));
            let own = part(&own).and_then(|part| bytes.get(part));
            if !own.is_some_and(|own| self.own.holds(block, own)) {
                return Err(damaged("a block of it has another digest"));
            }
            if is_same {
                self.seen.mark(block);
            }
        }
        let wanted = part(range).filter(|part| part.end <= bytes.len());
        let Some(wanted) = wanted else {
            return Err(damaged("it ends before what is to be read"));
        };
        // A few bytes do not hold on to a whole block.
        if wanted.len().saturating_mul(2) < bytes.len() {
            let few = bytes.get(wanted).map(Bytes::copy_from_slice);
            return Ok(few.unwrap_or_default());
        }
        Ok(bytes.slice(wanted))
    }

    fn exact(&self, range: &Range<u64>) -> Result<Bytes, Refusal> {
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or_default();
        let mut bytes = vec![0; length];
        let read = self.file.read_exact_at(&mut bytes, range.start);
        read.map_err(|error| self.files.unread(&self.path, &error))?;
        Ok(Bytes::from(bytes))
    }
}
