//! Opening of a log: locking, complete check, removal of an incomplete record, preparation for writing.

use crate::archive::AbsentRecords;
use crate::head_file::{self, HeadFile};
use crate::index::{LogIndex, LogIndexState};
use crate::key::Ed25519NoteVerifier;
use crate::log_dir::{self, HEADS, KEY, LEAVES, LOCK, LogSlot, TrailingBytes};
use crate::log_segment::{self, LogSegment};
use crate::recovery::UnmergedReserve;
use crate::reserve::LogReserve;
use crate::segment_storage::SegmentStorage;
use crate::steady_clock::SteadyClock;
use crate::writer::{LogWriter, needs_head};
use crate::{LogConfig, ReplayReport};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Ledger;
use hansa_audit_log::note::{Checkpoint, SignedHead, log_origin};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::{CloseRecord, PermitRecord};
use hansa_audit_log::record::upkeep::StopRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::MerkleTree;
use hansa_audit_log::verifier::LogVerifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

pub(super) fn open_log(
    mut config: LogConfig,
) -> Result<(LogWriter, Arc<LogIndex>, ReplayReport), Refusal> {
    let path = config.folder.as_path();
    let failed = |error: std::io::Error| log_dir::unavailable_log_refusal(path, &error);
    hansa_files::create_folder(path)?;
    let lock = lock_folder(path)?;
    keep_key(&config)?;
    let newest = newest_head(&config)?;
    let mut segments = log_segment::all_segments(path).map_err(failed)?;
    let checked = check_log(&config, &segments, newest.as_ref())?;
    let (records, last) = (checked.chain.next(), checked.last);
    // A segment without a complete record is begun again.
    if let Some(begun) = segments.pop_if(|last| last.first > 0 && last.first == records) {
        std::fs::remove_file(&begun.path).map_err(failed)?;
    }
    if segments.is_empty() {
        segments.push(LogSegment::new(path, 0));
    }
    let segment = segments
        .last()
        .cloned()
        .unwrap_or_else(|| LogSegment::new(path, 0));
    let mut storage = SegmentStorage::open(path, segment).map_err(failed)?;
    // An unfinished segment without a complete record was removed above.
    if let Some(rest) = &checked.rest
        && checked.skipped + rest.offset.segment + 1 == segments.len()
    {
        storage.truncate(rest.offset.offset).map_err(failed)?;
    }
    // Unsynced records of the preceding run count from here on. Heads will be signed over them, so no loss of power may remove
    // them.
    storage.sync_file().map_err(failed)?;
    let left = UnmergedReserve::find(&config, checked.stopped.as_ref())?;
    let here = segments.iter().find(|one| one.path.parent() == Some(path));
    let away = AbsentRecords {
        archived: here.map_or(0, |segment| segment.first),
        expired: checked.expired,
        ..AbsentRecords::default()
    };
    let sealed = left
        .seal_segment(&mut storage, records, away)
        .map_err(failed)?;
    let sealed = sealed.map(|(segment, own)| {
        segments.push(segment);
        own
    });
    let is_ended = head_file::has_ended(&lock).map_err(failed)?;
    head_file::begin_run(&lock).map_err(failed)?;
    let head = match newest {
        Some(head) => head,
        None => sign_empty(&config)?,
    };
    let leaves = write_leaves(path, &checked.tree).map_err(failed)?;
    let heads = HeadFile::open(&path.join(HEADS), head.checkpoint.size).map_err(failed)?;
    let state = LogIndexState {
        tree: checked.tree,
        begin: checked.begin,
        offsets: checked.offsets,
        older: BTreeMap::new(),
        expired: checked.expired,
        segments,
        head,
        broken: None,
        syncs: (0, 0),
        last: checked.chain.last_time(),
    };
    let machine = config.machine.take();
    let clock = Arc::new(SteadyClock::new(Arc::clone(&config.clock), last, machine));
    let index = Arc::new(LogIndex::new(
        path.to_path_buf(),
        log_origin(&config.domain),
        Arc::clone(&clock),
        state,
    ));
    config.clock = Arc::new(move || clock.read());
    let tick = (config.clock)();
    index.clock().keep_time();
    let mut writer = LogWriter {
        ledger: Ledger::open(storage, checked.chain, config.boot.clone()),
        index: Arc::clone(&index),
        leaves: Some(leaves),
        heads,
        lock,
        signed_mono: tick.mono_ns,
        reserve: None,
        paused: false,
        epochs: Arc::default(),
        unheaded: checked.unheaded,
        config,
    };
    if !is_ended {
        writer.sign_heads_again()?;
    }
    left.record_findings(&mut writer, sealed, checked.rest.as_ref())?;
    writer.reserve = open_reserve(&writer.config);
    let replay = ReplayReport {
        records,
        last,
        cut: checked.rest.map(|rest| byte_count(&rest.bytes)),
        open: checked.open.into_values().collect(),
    };
    Ok((writer, index, replay))
}

fn byte_count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn lock_folder(path: &Path) -> Result<File, Refusal> {
    let path = path.join(LOCK);
    let file =
        open_for_append(&path).map_err(|error| log_dir::unavailable_log_refusal(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Refusal::new(
            ErrorCode::StateLocked,
            "another process has the log open",
        )
        .with_place(path.display().to_string(), None, None)),
        Err(TryLockError::Error(error)) => Err(log_dir::unavailable_log_refusal(&path, &error)),
    }
}

fn open_for_append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// Writes the public note key beside the log, so that a copy can be verified without configuration.
fn keep_key(config: &LogConfig) -> Result<(), Refusal> {
    let path = config.folder.join(KEY);
    let failed = |error: std::io::Error| log_dir::unavailable_log_refusal(&path, &error);
    let key = config.signer.key();
    if key.name != log_origin(&config.domain) {
        return Err(Refusal::new(
            ErrorCode::KeyInvalid,
            format!(
                "the note key is for `{}`, the log is `{}`",
                key.name,
                log_origin(&config.domain)
            ),
        ));
    }
    let mut keys = log_dir::read_keys(&config.folder).map_err(failed)?.known;
    if keys.contains(&key) {
        return Ok(());
    }
    keys.push(key);
    let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
    hansa_files::replace_file(
        &path,
        text.as_bytes(),
        hansa_files::FileVisibility::Everybody,
    )
}

/// Newest head of the folder, if there is one. It must be signed by a key of this log.
///
/// Older heads are left to `verify`: there can be one for each second in which the log was written.
fn newest_head(config: &LogConfig) -> Result<Option<SignedHead>, Refusal> {
    let path = config.folder.join(HEADS);
    let failed = |error: std::io::Error| log_dir::unavailable_log_refusal(&path, &error);
    let keys = log_dir::read_keys(&config.folder).map_err(failed)?.known;
    let newest = log_dir::newest_head(&config.folder, &log_origin(&config.domain))
        .map_err(failed)?
        .map_err(|()| {
            broken_log_refusal(
                config,
                "the newest head of the log can't be read".to_owned(),
            )
        })?;
    if let Some(head) = &newest.head
        && !keys
            .iter()
            .any(|key| head.is_signed_by(key, &Ed25519NoteVerifier))
    {
        let size = head.checkpoint.size;
        let sentence = format!("the signature of the head over {size} records does not hold");
        return Err(broken_log_refusal(config, sentence));
    }
    // The next head is written after a clean end.
    if newest.rest > 0 {
        let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        file.set_len(length.saturating_sub(newest.rest))
            .map_err(failed)?;
    }
    Ok(newest.head)
}

fn sign_empty(config: &LogConfig) -> Result<SignedHead, Refusal> {
    let checkpoint = Checkpoint {
        origin: log_origin(&config.domain),
        size: 0,
        root: Digest::of(&[]),
    };
    SignedHead::sign(checkpoint, config.signer.as_ref())
        .map_err(|error| Refusal::new(ErrorCode::EvidenceUnavailable, error.to_string()))
}

/// Result of the check of the whole log.
struct CheckedLog {
    chain: hansa_audit_log::chain::ChainState,
    tree: MerkleTree,
    /// Place of the first record that was read, and number of segments before it.
    begin: u64,
    skipped: usize,
    offsets: Vec<u64>,
    open: BTreeMap<u64, Record>,
    last: Option<UtcTimestamp>,
    rest: Option<TrailingBytes>,
    /// Place before which some records are past their retention.
    expired: u64,
    /// Last record of a stop.
    stopped: Option<Record>,
    /// True if a record that needs a head is not covered by one.
    unheaded: bool,
}

fn check_log(
    config: &LogConfig,
    segments: &[LogSegment],
    newest: Option<&SignedHead>,
) -> Result<CheckedLog, Refusal> {
    let failed = |error: std::io::Error| log_dir::unavailable_log_refusal(&config.folder, &error);
    let checkpoints: Vec<Checkpoint> = newest
        .map(|head| head.checkpoint.clone())
        .into_iter()
        .collect();
    let mut leaves = log_dir::read_leaves(&config.folder).map_err(failed)?;
    // Leaf hashes are not synced: after a loss of power only those that a head confirms count.
    let newest = checkpoints.iter().map(|head| head.size).max().unwrap_or(0);
    leaves.truncate(usize::try_from(newest).unwrap_or(usize::MAX));
    let (mut tree, mut offsets) = (MerkleTree::new(), Vec::new());
    let mut verifier = LogVerifier::new(
        &log_origin(&config.domain),
        &checkpoints,
        &[],
        leaves.clone(),
    );
    let mut skipped = 0;
    // Sealed segments were checked when they were written, and a signed head still confirms their leaf hashes. Later changes in
    // them are found when they are read, and by `verify`.
    let sealed = segments.partition_point(|segment| segment.first < newest);
    let is_whole = segments.first().is_none_or(|first| first.first == 0);
    if let Some(number) = sealed
        .checked_sub(1)
        .filter(|number| *number > 0 || !is_whole)
        && let Some(segment) = segments.get(number)
        && let Some(first) = log_segment::first_record(segment).map_err(failed)?
        && verifier.begin_at(first.seq)
    {
        skipped = number;
        tree = MerkleTree::of(
            leaves
                .iter()
                .copied()
                .take(usize::try_from(first.seq).unwrap_or(usize::MAX)),
        );
    } else if let Some(first) = segments.first().filter(|segment| segment.first > 0) {
        let sentence = format!(
            "the records before {} are archived, and the archive or their hashes are not here",
            first.first
        );
        return Err(broken_log_refusal(config, sentence));
    }
    drop(leaves);
    let begin = tree.size();
    let first_here = segments.first().map_or(0, |segment| segment.first);
    let segments = segments.get(skipped..).unwrap_or_default();
    let mut open = BTreeMap::new();
    let (mut last, mut stopped, mut away, mut gone) = (None, None, AbsentRecords::default(), None);
    let mut unheaded = false;
    let rest = log_dir::verify_segments(segments, &mut verifier, |seen, offset| {
        offsets.push(offset.offset);
        let good = match seen {
            LogSlot::Good(good) => good,
            LogSlot::Expired(index, leaf) => {
                tree.push(*leaf);
                gone = Some(*index);
                return;
            }
        };
        unheaded |= tree.size() >= newest && needs_head(&good.kind);
        tree.push(good.leaf);
        last = Some(good.at);
        if matches!(&*good.kind, PermitRecord::KIND | CloseRecord::KIND)
            && let Some(record) = good.record()
        {
            track_open_entry(&mut open, &record);
        }
        if &*good.kind == StopRecord::KIND {
            stopped = good.record();
        }
        away.take_statements(good);
    })
    .map_err(failed)?;
    if first_here > away.archived {
        let sentence =
            format!("the records before {first_here} are not here, and were not archived");
        return Err(broken_log_refusal(config, sentence));
    }
    if let Some(index) = gone.filter(|index| *index >= away.expired) {
        verifier.report_absent_record(index);
    }
    let chain = verifier.chain().clone();
    let torn = rest.as_ref().is_some_and(|rest| !rest.at_end);
    if let Some(fault) = verifier.finish(torn).fault {
        return Err(broken_log_refusal(config, format!("{fault}")));
    }
    Ok(CheckedLog {
        chain,
        tree,
        begin,
        skipped,
        offsets,
        open,
        last,
        rest,
        expired: away.expired,
        stopped,
        unheaded,
    })
}

/// Tracks the open entries. A closing record names the opening one by its place, or by the request.
fn track_open_entry(open: &mut BTreeMap<u64, Record>, record: &Record) {
    match record.kind.as_str() {
        PermitRecord::KIND => drop(open.insert(record.seq, record.clone())),
        CloseRecord::KIND => {
            let body = record.read_body().ok();
            let opened = body.and_then(|body| body.permit_index());
            drop(opened.and_then(|opened| open.remove(&opened)));
        }
        _ => {}
    }
}

fn broken_log_refusal(config: &LogConfig, sentence: String) -> Refusal {
    Refusal::new(ErrorCode::EvidenceBroken, sentence)
        .with_place(config.folder.display().to_string(), None, None)
        .with_help("keep the folder as it is, and compare it with the heads that partners hold")
}

/// Rewrites the file of leaf hashes where it differs from the tree.
fn write_leaves(folder: &Path, tree: &MerkleTree) -> std::io::Result<File> {
    let bytes: Vec<u8> = (0..tree.size())
        .filter_map(|index| tree.leaf(index))
        .flat_map(|leaf| *leaf.as_bytes())
        .collect();
    let path = folder.join(LEAVES);
    if std::fs::read(&path).is_ok_and(|found| found == bytes) {
        return open_for_append(&path);
    }
    let beside = folder.join("leaves.new");
    let mut file = File::create(&beside)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, &path)?;
    open_for_append(&path)
}

/// Opens the reserve. A failure does not stop the log, but then a later stop can't be recorded.
fn open_reserve(config: &LogConfig) -> Option<LogReserve> {
    let origin = log_origin(&config.domain);
    match LogReserve::open(&config.folder, &origin, config.spare, &config.boot) {
        Ok(reserve) => Some(reserve),
        Err(error) => {
            tracing::warn!(%error, "log.no_reserve");
            None
        }
    }
}
