//! The audit log on disk: one writer, group commit, and readers that see durable records alone.
//!
//! A log is a folder: `records-….jsonl` (segments, one record a line), `heads` (signed notes), `key` (the public note
//! keys), `time-stamps` (tokens over heads, where an authority is configured), `leaves` (leaf hashes, derived), `reserve` (room for the record of a stop) and `lock`. A copy of the folder is
//! checked by [`offline::verify`] without any configuration.
//!
//! # The walk
//!
//! 1. **Open.** [`AuditLog::open`] takes a [`LogConfig`], checks the whole log, and gives the [`AuditLog`] with a
//!    [`ReplayReport`].
//! 2. **Record.** [`AuditLog::record`] gives a [`Recorded`] value when the disk has confirmed the record.
//! 3. **Decide and record.** A decision carries the [`LogEpoch`] in which it was made. [`AuditLog::begin_stop`] begins another
//!    epoch with a [`PendingStop`]. [`AuditLog::record_while_valid`] refuses a decision whose [`DecisionValidity`] is over.
//! 4. **Sign.** The writer signs a head over the durable records with a [`LogSigningKey`]: [`AuditLog::head`].
//! 5. **Keep what can be erased apart.** An [`ErasableTextStore`] holds texts under keys of their own. The log holds only a
//!    commitment to each.
//! 6. **Export.** [`export::bundle`] writes the records that a [`RecordFilter`] takes, with the documents that they name.
//! 7. **Check.** [`offline::verify`] gives a [`CopyReport`]. [`AuditHistory`] says what the records tell.
//! 8. **Archive and expire.** [`archive::archive`] moves old segments; [`retention::expire`] ends the retention of records.
//!
//! [`Recorded`]: hansa_audit_log::Recorded
//!
//! # What it must never do
//!
//! - Confirm a record before the disk does.
//! - Go on after a failed write. Nobody knows then what the disk holds.
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
//! #     fn entry(&self) -> RecordBody {
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
//! let report = offline::verify(&path, Some(&head))?;
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
//! #     fn entry(&self) -> RecordBody {
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
//! #     fn trust(&self) -> (String, Vec<u8>) {
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
//! let records = export::bundle(&log, &log.head(), &RecordFilter::default(), &documents, &mut bytes)?;
//! let file = folder.path().join("lindau.bundle");
//! std::fs::write(&file, &bytes)?;
//! let report = offline::verify(&file, None)?;
//! assert_eq!((report.records, report.fault), (records, None));
//!
//! // One word is changed. The check names the record.
//! let changed = String::from_utf8(bytes)?.replace("bikes", "trams");
//! std::fs::write(&file, changed)?;
//! let report = offline::verify(&file, None)?;
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
//! store.erase(&[text])?;
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

/// The type of the record that opens an entry, and the duty to close it.
pub const OPENING: &str = "permit";

/// The type of the record that closes an entry.
pub const CLOSING: &str = "close";

/// How a log is kept.
#[derive(Clone)]
pub struct LogConfig {
    /// Its folder; created if it is not there.
    pub folder: PathBuf,
    /// The participant's domain, from which the log's origin is made.
    pub domain: String,
    /// Signs heads; its key is another than the one that signs contracts.
    pub signer: Arc<dyn NoteSigner>,
    /// The clock.
    pub clock: Clock,
    /// The clock of the machine, where a start is to find that it jumped ahead while nobody ran.
    pub machine: Option<MachineClock>,
    /// Names this run of the program.
    pub boot: String,
    /// Bytes that the disk must have left for new entries to be opened.
    pub reserve: u64,
    /// Bytes that the disk gives beforehand for what must be said when the log can't be written any more.
    pub spare: u64,
    /// A segment ends when it has so many bytes.
    pub segment: u64,
    /// A head is signed after so many records.
    pub head_records: u64,
    /// A head is signed after so long, if there are new records.
    pub head_interval: std::time::Duration,
}

impl LogConfig {
    /// The usual settings: 16 MiB that must be free, 16 MiB held for a stop, segments of 64 MiB, a head each second or 256 records.
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

/// What opening a log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayReport {
    /// How many records there were, before those that opening itself wrote.
    pub records: u64,
    /// The time of the last of them.
    pub last: Option<UtcTimestamp>,
    /// Bytes of an incomplete last record that were cut off; a record of type `repair` says so.
    pub cut: Option<u64>,
    /// Entries that were opened and never closed, as far as opening has read: in the segment that is written.
    pub open: Vec<Record>,
}

/// A log that is open for writing and reading. Clones share it; the last one to go signs the newest head.
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
    /// An incomplete last record, which a crash leaves behind, is cut off and the cut recorded. Heads that a loss of power has
    /// taken from the file of heads are signed again.
    ///
    /// # Errors
    /// `EVIDENCE_BROKEN` naming the first bad record, `STATE_LOCKED` when another process has the log,
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL` when it can't be written.
    pub fn open(config: LogConfig) -> Result<(Self, ReplayReport), Refusal> {
        let signer = Arc::clone(&config.signer);
        let (writer, index, replay) = startup::open(config)?;
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

    /// Records `value`; when this returns, the record survives a loss of power.
    ///
    /// A caller that stops waiting loses the receipt, not the record: an entry opened so stays open until start-up
    /// closes it. So await this where nothing cancels it.
    ///
    /// # Errors
    /// When the record could not be made durable; nothing may be done then.
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

    /// As [`AuditLog::record`], for callers that are no tasks.
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

    /// How many records are durable.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inner.index.size()
    }

    /// The head over all durable records, not signed.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.inner.index.checkpoint()
    }

    /// The head that the log had with `size` records, not signed; none if it never had so many.
    #[must_use]
    pub fn checkpoint_at(&self, size: u64) -> Option<Checkpoint> {
        let root = self.tree(|tree| tree.root(size))?;
        let origin = self.inner.signer.key().name;
        Some(Checkpoint { origin, size, root })
    }

    /// Adds a timestamped cosignature by this log's key to a head of somebody else's log, as its witness.
    ///
    /// # Errors
    /// When the key can't be used.
    pub fn cosign(&self, head: &mut SignedHead, seconds: u64) -> Result<(), NoteSigningError> {
        head.cosign(&key::WitnessSigner(self.inner.signer.as_ref()), seconds)
    }

    /// The newest signed head; it may lack the records of the last second.
    #[must_use]
    pub fn head(&self) -> SignedHead {
        self.inner.index.head()
    }

    /// A signed head over at least `size` records, signed now if there is none yet.
    ///
    /// # Errors
    /// When there are not so many durable records, or the log is closed.
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

    /// The proof that the log of size `to` continues the log of size `from`; none if it never had so many records.
    #[must_use]
    pub fn consistency(&self, from: u64, to: u64) -> Option<Vec<Digest>> {
        self.inner.index.tree(|tree| tree.consistency(from, to))
    }

    /// The proof that the record at `index` is in the log of `size` records; none if it never had so many.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        self.inner.index.tree(|tree| tree.inclusion(index, size))
    }

    /// The leaf hash of the record at `index`.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        self.inner.index.tree(|tree| tree.leaf(index))
    }

    /// The hash tree over the durable records.
    fn tree<T>(&self, ask: impl FnOnce(&hansa_audit_log::tree::MerkleTree) -> T) -> T {
        self.inner.index.tree(ask)
    }

    /// How often records were synced to the disk, and how many, since opening.
    #[must_use]
    pub fn syncs(&self) -> (u64, u64) {
        self.inner.index.syncs()
    }

    /// The log's clock: the wall clock, but never before the last record. Terms that depend on time use it.
    #[must_use]
    pub fn now(&self) -> UtcTimestamp {
        self.inner.index.now()
    }

    /// Why the wall clock can't be relied on, if it made a large step since it was last acknowledged. A step ahead that is
    /// undone needs nobody.
    #[must_use]
    pub fn clock_fault(&self) -> Option<ClockFault> {
        self.inner.index.clock().fault()
    }

    /// The clock is followed from where it stands. An operator has looked at it; the caller records who.
    pub fn acknowledge_clock(&self) {
        self.inner.index.clock().acknowledge();
    }

    /// Why nothing can be recorded any more, if so.
    #[must_use]
    pub fn ledger_error(&self) -> Option<LedgerError> {
        self.inner.index.ledger_error()
    }

    /// The log's folder.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.inner.index.folder()
    }

    /// The oldest `count` of the segments beside the archive are in it now.
    fn moved_to(&self, archive: &std::path::Path, count: usize) {
        self.inner.index.change().moved_to(archive, count);
    }

    /// Writes what is waiting, signs the newest head and ends the writer. Later records are refused.
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
        // The writer ends when nobody can send any more.
        drop(self.sender.lock().take());
        let writer = self.writer.lock().take();
        // A value that holds a log may be dropped by the writer itself, which can't wait for its own end.
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

/// Whether the disk of a log has less room than is kept for closing what is open.
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

/// Bytes that are free on the disk of a folder.
///
/// # Errors
/// When the system does not say.
pub fn free_space(folder: &std::path::Path) -> std::io::Result<u64> {
    fs4::available_space(folder)
}

/// The body of a record of a log.
///
/// # Errors
/// `EVIDENCE_BROKEN` where the kind of the record is not known, or its body is none of that kind.
pub fn read_body(record: &Record) -> Result<RecordBody, Refusal> {
    record.read_body().map_err(|unknown| {
        let sentence = format!("record {} can't be used: {unknown}", record.seq);
        Refusal::new(ErrorCode::EvidenceBroken, sentence).caused_by(unknown)
    })
}

/// What an operator is told when nothing can be recorded.
#[must_use]
pub fn refusal(unwritable: &LedgerError) -> Refusal {
    let code = match unwritable {
        LedgerError::Broken(broken) if broken.full => ErrorCode::DiskFull,
        LedgerError::LowSpace { .. } => ErrorCode::DiskFull,
        LedgerError::Broken(_) | LedgerError::Closed => ErrorCode::EvidenceUnavailable,
        LedgerError::Overtaken => ErrorCode::StreamCut,
        LedgerError::TooLarge { .. } | LedgerError::Unsound { .. } => ErrorCode::Internal,
    };
    let refusal = Refusal::new(code, unwritable.to_string()).caused_by(unwritable.clone());
    match unwritable {
        LedgerError::LowSpace { .. } => refusal
            .with_help("free space on the disk of the state folder; it goes on by itself then"),
        _ => refusal,
    }
}
