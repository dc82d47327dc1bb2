//! Audit log on disk: one writer, group commit, and readers that see durable records alone.
//!
//! A log is a folder: `records-….jsonl` (segments, one record a line), `heads` (signed notes), `key` (the public note
//! keys), `time-stamps` (tokens over heads, where an authority is configured), `leaves` (leaf hashes, derived), `reserve` (room for the record of a stop) and `lock`. A copy of the folder is
//! checked by [`offline::verify_copy`] without any configuration.
//!
//! # The walk
//!
//! 1. **Open.** [`AuditLog::open`] takes a [`LogConfig`], checks the whole log, and gives the [`AuditLog`] with a
//!    [`ReplayReport`].
//! 2. **Record.** [`AuditLog::record`] gives a [`Recorded`] value when the disk has confirmed the record.
//! 3. **Decide and record.** A decision carries the [`LogEpoch`] in which it was made. [`AuditLog::begin_stop`] begins another
//!    epoch with a [`PendingStop`]. [`AuditLog::record_while_valid`] refuses a decision whose [`DecisionValidity`] is over.
//! 4. **Sign.** The writer signs a head over the durable records with a [`LogSigningKey`]: [`AuditLog::head`].
//! 5. **Keep erasable texts apart.** An [`ErasableTextStore`] holds texts, each under a key of its own. The log contains only a
//!    commitment to each.
//! 6. **Export.** [`export::write_bundle`] writes the records that a [`RecordFilter`] selects, with the documents that they name.
//! 7. **Check.** [`offline::verify_copy`] gives a [`CopyReport`]. [`AuditHistory`] collects the content of the records.
//! 8. **Archive and expire.** [`archive::archive_segments`] moves old segments; [`retention::expire_decisions`] ends the retention of records.
//!
//! [`Recorded`]: hansa_audit_log::Recorded
//!
//! # What it must never do
//!
//! - Confirm a record before the disk does.
//! - Continue after a failed write. The content of the disk is then unknown.
//! - Change or remove a record, except for one whose retention is over and is recorded as over.
//! - Hold the text of a question in a record.
//!
//! # Recording, signing, checking
//!
//! ```
//! use hansa_audit_log::{Evidence, NoteSigner, RecordBody, SignedHead};
//! use hansa_audit_store::{AuditLog, Ed25519NoteVerifier, LogConfig, LogSigningKey, offline};
//! # use hansa_audit_log::record::publications::UnpublicationRecord;
//! # use hansa_audit_log::{Clock, ClockReading, UtcTimestamp};
//! # use std::sync::Arc;
//! # struct DatasetRemoval(&'static str);
//! # impl Evidence for DatasetRemoval {
//! #     fn to_record_body(&self) -> RecordBody {
//! #         UnpublicationRecord {
//! #             dataset: self.0.to_owned(),
//! #             version: "2026-06-01.1".to_owned(),
//! #             reason: "doubled rows".to_owned(),
//! #         }
//! #         .into()
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let now: UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//! # let clock: Clock = Arc::new(move || ClockReading { wall: now, mono_ns: 0 });
//!
//! let key = Arc::new(LogSigningKey::create(&folder.path().join("note.key"), "lindau.example")?);
//! let path = folder.path().join("log");
//! let (log, _) = AuditLog::open(LogConfig::new(&path, "lindau.example", key.clone(), clock, "boot-1"))?;
//! let recorded = log.record_blocking(DatasetRemoval("bikes"))?;
//! assert!(recorded.receipt().index() < log.size());
//! log.close();
//!
//! // The head is a note that others can read. Its signature is by the key of this log.
//! let head: SignedHead = log.head().to_string().parse()?;
//! assert_eq!(head.checkpoint, log.checkpoint());
//! assert!(head.is_signed_by(&key.key(), &Ed25519NoteVerifier));
//!
//! // A copy of the folder is checked without anything else.
//! let report = offline::verify_copy(&path, Some(&head))?;
//! assert!(report.is_good());
//! assert_eq!(report.records, log.size());
//! # Ok(())
//! # }
//! ```
//!
//! # Checking an export
//!
//! ```
//! use hansa_audit_store::{RecordFilter, export, offline};
//! use hansa_policy::ErrorCode;
//! # use hansa_audit_log::record::publications::UnpublicationRecord;
//! # use hansa_audit_log::{Clock, ClockReading, Evidence, RecordBody, UtcTimestamp};
//! # use hansa_audit_store::{AuditLog, DocumentKind, DocumentStore, LogConfig, LogSigningKey};
//! # use std::sync::Arc;
//! # struct DatasetRemoval(&'static str);
//! # impl Evidence for DatasetRemoval {
//! #     fn to_record_body(&self) -> RecordBody {
//! #         UnpublicationRecord {
//! #             dataset: self.0.to_owned(),
//! #             version: "2026-06-01.1".to_owned(),
//! #             reason: "doubled rows".to_owned(),
//! #         }
//! #         .into()
//! #     }
//! # }
//! # struct NoDocuments;
//! # impl DocumentStore for NoDocuments {
//! #     fn trust_bundle(&self) -> (String, Vec<u8>) {
//! #         (String::new(), Vec::new())
//! #     }
//! #     fn document(&self, _: DocumentKind, _: &str) -> Result<Option<Vec<u8>>, hansa_policy::Refusal> {
//! #         Ok(None)
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let now: UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//! # let clock: Clock = Arc::new(move || ClockReading { wall: now, mono_ns: 0 });
//! # let key = LogSigningKey::create(&folder.path().join("note.key"), "lindau.example")?;
//! # let config = LogConfig::new(folder.path().join("log"), "lindau.example", Arc::new(key), clock, "boot-1");
//! # let (log, _) = AuditLog::open(config)?;
//! # let _ = log.record_blocking(DatasetRemoval("bikes"))?;
//! # log.close();
//! # let documents = NoDocuments;
//!
//! let mut bytes = Vec::new();
//! let records = export::write_bundle(&log, &log.head(), &RecordFilter::default(), &documents, &mut bytes)?;
//! let file = folder.path().join("lindau.bundle");
//! std::fs::write(&file, &bytes)?;
//! let report = offline::verify_copy(&file, None)?;
//! assert_eq!((report.records, report.fault), (records, None));
//!
//! // One word is changed. The check names the record.
//! let changed = String::from_utf8(bytes)?.replace("bikes", "trams");
//! std::fs::write(&file, changed)?;
//! let report = offline::verify_copy(&file, None)?;
//! assert_eq!(report.fault.as_ref().map(|fault| fault.index), Some(records - 1));
//! assert_eq!(report.refusal().map(|refusal| refusal.code), Some(ErrorCode::EvidenceBroken));
//! # Ok(())
//! # }
//! ```
//!
//! # A text that can be erased
//!
//! ```
//! use hansa_audit_store::ErasableTextStore;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//!
//! let store = ErasableTextStore::open(folder.path())?;
//! let salt = [7; 16];
//! let text = store.keep_durably("2026-06-01T12:00:00Z".parse()?, salt, "SELECT site FROM bikes")?;
//! assert_eq!(store.text_of(text.commit)?.as_deref(), Some("SELECT site FROM bikes"));
//!
//! // Its key is destroyed. What the log holds, the commitment, stays and tells nothing.
//! store.erase_texts(&[text])?;
//! assert_eq!(store.text_of(text.commit)?, None);
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

use crate::epoch::EpochTracker;
use crate::index::LogIndex;
use crate::writer::job::{CompletionSender, PendingWrite, WriterMessage};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};
use hansa_audit_log::note::{Checkpoint, NoteSigner, NoteSigningError, SignedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::storage::StorageError;
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

pub mod answers;
pub mod archive;
mod bundle_line;
mod clock_stability;
mod decision_record;
pub mod documents;
pub mod dry_run;
mod early_proof;
pub mod epoch;
pub mod erasable_texts;
pub mod export;
pub mod filter;
mod head_file;
pub mod history;
mod index;
pub mod key;
mod log_dir;
pub mod log_dir_warnings;
mod log_segment;
mod machine_clock;
pub mod offline;
pub mod own_question_search;
mod reader;
mod record_pair;
mod recovery;
pub mod report_table;
pub mod reserve;
mod reserve_record;
pub mod retention;
mod segment_storage;
mod startup;
mod steady_clock;
#[cfg(test)]
mod tests;
pub mod tiles;
pub mod time_stamps;
mod writer;

pub use crate::archive::ArchivedSegment;
pub use crate::documents::{DocumentKind, DocumentStore, SignedDocument};
pub use crate::epoch::{DecisionValidity, LogEpoch, PendingStop};
pub use crate::erasable_texts::{ErasableTextStore, StoredText};
pub use crate::filter::RecordFilter;
pub use crate::history::AuditHistory;
pub use crate::key::{Ed25519NoteVerifier, LogSigningKey};
pub use crate::machine_clock::MachineClock;
pub use crate::offline::{BundleVisitor, CopyReport};
pub use crate::steady_clock::ClockFault;
pub use crate::time_stamps::StampedHead;

/// Configuration of a log.
#[derive(Clone)]
pub struct LogConfig {
    /// Folder of the log; created if it does not exist.
    pub folder: PathBuf,
    /// Domain of the participant, from which the log's origin is made.
    pub domain: String,
    /// Signer of heads. Its key differs from the one that signs contracts.
    pub signer: Arc<dyn NoteSigner>,
    /// Clock of the log.
    pub clock: Clock,
    /// Clock of the machine. With it a start detects that the clock jumped ahead while the program was not running.
    pub machine: Option<MachineClock>,
    /// Identifier of this program run.
    pub boot: String,
    /// Free space that the disk must have for new entries, bytes.
    pub reserve: u64,
    /// Size of the reserve, which is allocated beforehand for records after the log has failed, bytes.
    pub spare: u64,
    /// Size at which a segment ends, bytes.
    pub segment: u64,
    /// Number of records after which a head is signed.
    pub head_records: u64,
    /// Interval after which a head is signed, if there are new records.
    pub head_interval: std::time::Duration,
}

impl LogConfig {
    /// Default configuration: 16 MiB of free space, a reserve of 16 MiB, segments of 64 MiB, a head each second or 256 records.
    #[must_use]
    pub fn new(
        folder: impl Into<PathBuf>,
        domain: impl Into<String>,
        signer: Arc<dyn NoteSigner>,
        clock: Clock,
        boot: impl Into<String>,
    ) -> Self {
        Self {
            folder: folder.into(),
            domain: domain.into(),
            signer,
            clock,
            machine: None,
            boot: boot.into(),
            reserve: 16 * 1024 * 1024,
            spare: 16 * 1024 * 1024,
            segment: 64 * 1024 * 1024,
            head_records: 256,
            head_interval: std::time::Duration::from_secs(1),
        }
    }
}

impl fmt::Debug for LogConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogConfig")
            .field("folder", &self.folder)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// Result of opening a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayReport {
    /// Number of records before those that the opening itself wrote.
    pub records: u64,
    /// Time of the last of these records.
    pub last: Option<UtcTimestamp>,
    /// Size of an incomplete last record that was cut off, bytes; a record of kind `repair` states it.
    pub cut: Option<u64>,
    /// Entries that were opened and never closed, as far as the opening has read: in the present segment.
    pub open: Vec<Record>,
}

/// Log that is open for writing and reading. Clones share it; dropping the last one signs the newest head.
#[derive(Clone, Debug)]
pub struct AuditLog {
    inner: Arc<LogInner>,
}

struct LogInner {
    index: Arc<LogIndex>,
    epochs: Arc<EpochTracker>,
    signer: Arc<dyn NoteSigner>,
    sender: Mutex<Option<Sender<WriterMessage>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl AuditLog {
    /// Opens the log, checks all of it, and starts its writer.
    ///
    /// An incomplete last record, left by a crash, is cut off, and the cut is recorded. Heads that a loss of power has removed from
    /// the file of heads are signed again.
    ///
    /// # Errors
    /// `EVIDENCE_BROKEN` naming the first bad record, `STATE_LOCKED` when another process has the log,
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL` when it can't be written.
    pub fn open(config: LogConfig) -> Result<(Self, ReplayReport), Refusal> {
        let signer = Arc::clone(&config.signer);
        let (writer, index, replay) = startup::open_log(config)?;
        let epochs = Arc::clone(&writer.epochs);
        let (sender, thread) = writer.start()?;
        let inner = LogInner {
            index,
            epochs,
            signer,
            sender: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(thread)),
        };
        let log = Self {
            inner: Arc::new(inner),
        };
        Ok((log, replay))
    }

    /// Records `value`. On return the record survives a loss of power.
    ///
    /// If the caller's future is dropped, the receipt is lost and not the record: an entry opened like this stays open until the
    /// next start closes it. So await the call where nothing cancels it.
    ///
    /// # Errors
    /// When the record could not be made durable. The recorded action must then not be done.
    pub async fn record<T>(&self, value: T) -> Result<Recorded<T>, LedgerError>
    where
        T: Evidence + Send + 'static,
    {
        let (wake, woken) = tokio::sync::oneshot::channel();
        self.send(WriterMessage::Record(PendingWrite::new_boxed(
            value,
            CompletionSender::Task(wake),
        )))?;
        woken.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Records a value like [`AuditLog::record`], for callers outside async tasks.
    ///
    /// # Errors
    /// As [`AuditLog::record`].
    pub fn record_blocking<T>(&self, value: T) -> Result<Recorded<T>, LedgerError>
    where
        T: Evidence + Send + 'static,
    {
        let (wake, woken) = std::sync::mpsc::sync_channel(1);
        self.send(WriterMessage::Record(PendingWrite::new_boxed(
            value,
            CompletionSender::Thread(wake),
        )))?;
        woken.recv().unwrap_or(Err(LedgerError::Closed))
    }

    /// Number of durable records.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inner.index.size()
    }

    /// Unsigned head over all durable records.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.inner.index.checkpoint()
    }

    /// Unsigned head of the log at `size` records; none if the log has fewer.
    #[must_use]
    pub fn checkpoint_at(&self, size: u64) -> Option<Checkpoint> {
        let root = self.read_tree(|tree| tree.root(size))?;
        let origin = self.inner.signer.key().name;
        Some(Checkpoint { origin, size, root })
    }

    /// Adds a timestamped cosignature by this log's key to a head of another log, as its witness.
    ///
    /// # Errors
    /// When the key can't be used.
    pub fn cosign(&self, head: &mut SignedHead, seconds: u64) -> Result<(), NoteSigningError> {
        head.cosign(&key::WitnessSigner(self.inner.signer.as_ref()), seconds)
    }

    /// Newest signed head; it may lack the records of the last second.
    #[must_use]
    pub fn head(&self) -> SignedHead {
        self.inner.index.head()
    }

    /// Signed head over at least `size` records. It is signed now if there is none yet.
    ///
    /// # Errors
    /// When there are fewer durable records, or the log is closed.
    pub async fn head_over(&self, size: u64) -> Result<SignedHead, LedgerError> {
        let head = self.head();
        if head.checkpoint.size >= size {
            return Ok(head);
        }
        let (wake, woken) = tokio::sync::oneshot::channel();
        self.send(WriterMessage::Sign(wake))?;
        let head = woken.await.map_err(|_| LedgerError::Closed)?;
        if head.checkpoint.size >= size {
            return Ok(head);
        }
        Err(LedgerError::Closed)
    }

    /// Proof that the log of size `to` continues the log of size `from`; none if the log has fewer records.
    #[must_use]
    pub fn consistency_proof(&self, from: u64, to: u64) -> Option<Vec<Digest>> {
        self.inner
            .index
            .read_tree(|tree| tree.consistency_proof(from, to))
    }

    /// Proof that the record at `index` is in the log of `size` records; none if the log has fewer.
    #[must_use]
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        self.inner
            .index
            .read_tree(|tree| tree.inclusion_proof(index, size))
    }

    /// Leaf hash of the record at `index`.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        self.inner.index.read_tree(|tree| tree.leaf(index))
    }

    /// Calls `ask` with the hash tree over the durable records.
    fn read_tree<T>(&self, ask: impl FnOnce(&hansa_audit_log::tree::MerkleTree) -> T) -> T {
        self.inner.index.read_tree(ask)
    }

    /// Number of syncs to the disk, and of synced records, since opening.
    #[must_use]
    pub fn sync_counts(&self) -> (u64, u64) {
        self.inner.index.sync_counts()
    }

    /// Present instant by the log's clock: the wall clock, but never before the last record. Terms that depend on time use it.
    #[must_use]
    pub fn now(&self) -> UtcTimestamp {
        self.inner.index.now()
    }

    /// Reason why the wall clock is not trusted: a large step since the last acknowledgement. A step ahead that is undone needs no
    /// acknowledgement.
    #[must_use]
    pub fn clock_fault(&self) -> Option<ClockFault> {
        self.inner.index.clock().fault()
    }

    /// Accepts the present clock. An operator has checked it; the caller records who.
    pub fn acknowledge_clock(&self) {
        self.inner.index.clock().acknowledge();
    }

    /// Error that prevents recording, if there is one.
    #[must_use]
    pub fn ledger_error(&self) -> Option<LedgerError> {
        self.inner.index.ledger_error()
    }

    /// Folder of the log.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.inner.index.folder()
    }

    /// Notes that the oldest `count` segments outside the archive are now in it.
    fn note_archived_segments(&self, archive: &std::path::Path, count: usize) {
        self.inner
            .index
            .lock_state()
            .note_archived_segments(archive, count);
    }

    /// Writes waiting records, signs the newest head and ends the writer. Later records are refused.
    pub fn close(&self) {
        self.inner.close();
    }

    fn send(&self, message: WriterMessage) -> Result<(), LedgerError> {
        self.inner
            .sender
            .lock()
            .as_ref()
            .and_then(|sender| sender.send(message).ok())
            .ok_or(LedgerError::Closed)
    }
}

impl fmt::Debug for LogInner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogInner")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl LogInner {
    fn close(&self) {
        // The writer ends when all senders are dropped.
        drop(self.sender.lock().take());
        let writer = self.writer.lock().take();
        // The writer itself may drop a value that holds a log. It can't wait for its own end.
        if let Some(writer) = writer.filter(|w| w.thread().id() != std::thread::current().id()) {
            writer.join().ok();
        }
    }
}

impl Drop for LogInner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Error if the disk of a log has less free space than the reserve for closing entries.
#[must_use]
pub fn low_space(folder: &std::path::Path, reserve: u64) -> Option<LedgerError> {
    match fs4::available_space(folder) {
        Ok(free) if free < reserve => Some(LedgerError::LowSpace { free, reserve }),
        Ok(_) => None,
        Err(error) => Some(LedgerError::Broken(StorageError {
            reason: error.to_string(),
            full: false,
        })),
    }
}

/// Free space on the disk of a folder, bytes.
///
/// # Errors
/// When the system call fails.
pub fn free_space(folder: &std::path::Path) -> std::io::Result<u64> {
    fs4::available_space(folder)
}

/// Body of a record of a log.
///
/// # Errors
/// `EVIDENCE_BROKEN` where the kind of the record is unknown, or its body does not fit the kind.
pub fn read_body(record: &Record) -> Result<RecordBody, Refusal> {
    record.read_body().map_err(|unknown| {
        let sentence = format!("record {} can't be used: {unknown}", record.seq);
        Refusal::new(ErrorCode::EvidenceBroken, sentence).caused_by(unknown)
    })
}

/// Refusal for an operator when nothing can be recorded.
#[must_use]
pub fn unwritable_log_refusal(unwritable: &LedgerError) -> Refusal {
    let code = match unwritable {
        LedgerError::Broken(broken) if broken.full => ErrorCode::DiskFull,
        LedgerError::LowSpace { .. } => ErrorCode::DiskFull,
        LedgerError::Broken(_) | LedgerError::Closed => ErrorCode::EvidenceUnavailable,
        LedgerError::Overtaken => ErrorCode::StreamCut,
        LedgerError::TooLarge { .. } | LedgerError::Unsound { .. } => ErrorCode::Internal,
    };
    let refusal = Refusal::new(code, unwritable.to_string()).caused_by(unwritable.clone());
    match unwritable {
        LedgerError::LowSpace { .. } => refusal.with_help(
            "free space on the disk of the state folder; the connector then continues by itself",
        ),
        _ => refusal,
    }
}
