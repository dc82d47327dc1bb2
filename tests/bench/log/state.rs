//! A log that is there before anything is measured, with records as a connector writes them.

use hansa_audit_log::chain::ChainState;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::json::{JsonLimits, parse_json};
use hansa_audit_log::ledger::{Evidence, Ledger, RecordMetadata};
use hansa_audit_log::note::{NoteSigner, SignedHead, log_origin};
use hansa_audit_log::record::RecordSalt;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::upkeep::SegmentRecord;
use hansa_audit_log::storage::{LogStorage, StorageError};
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_audit_store::key::LogSigningKey;
use hansa_audit_store::{AuditLog, LogConfig};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

const DOMAIN: &str = "lindau.example";

/// A segment ends when it has so many bytes.
const SEGMENT: u64 = 64 * 1024 * 1024;

/// A record of the log that is measured.
#[derive(Debug, Clone)]
pub(crate) struct AnswerRecord(RecordBody);

impl Evidence for AnswerRecord {
    fn to_record_body(&self) -> RecordBody {
        self.0.clone()
    }
}

/// The records of an answer, as they come out of a connector: permit, close, acknowledgement.
pub(crate) fn answer() -> [AnswerRecord; 3] {
    let record = |kind, body: &str| {
        let body = parse_json(body.as_bytes(), JsonLimits::default()).expect("a body");
        AnswerRecord(RecordBody::read(kind, &body).expect("a body of that kind"))
    };
    [
        record(
            "permit",
            r#"{"at_most":{"bytes":65536,"rows":8192},"charges":[],"contracts":["64ec88ca00b268e5ba1a35678a1b5316d212f4f366b2477232534a8aeca37f3c"],"datasets":[{"id":"hansa://lindau.example/d/bikes","snapshot":"2026-11-20.1"}],"grants":[{"clauses_applied":[1,2,3,4,5],"contract":"64ec88ca00b268e5ba1a35678a1b5316d212f4f366b2477232534a8aeca37f3c","dataset":"hansa://lindau.example/d/bikes","grant_hash":"grant/1:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"}],"node_version":"0.1.0","peer":"hansa://acme.example","peer_cert_sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","plan_digest":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","purpose":"dpv:ResearchAndDevelopment","request_id":"019aa1f04b7c7d2ab8c4a9d1f0e35b77","reservations":[],"sql_commit":"fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"}"#,
        ),
        record(
            "close",
            r#"{"bytes":1832,"opened":118,"outcome":"done","request_id":"019aa1f04b7c7d2ab8c4a9d1f0e35b77","result_digest":"blake3:7d793037a0760186574b0282f2f435e7af0b3bcb1f1d7b1f4f0a6d6f0a6f2b11","rows":12}"#,
        ),
        record(
            "receipt_ack",
            r#"{"match":true,"peer":"hansa://acme.example","receipt":"486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7","request_id":"019aa1f04b7c7d2ab8c4a9d1f0e35b77"}"#,
        ),
    ]
}

/// A folder with a log.
pub(crate) struct LogFixture {
    dir: tempfile::TempDir,
    key: Arc<LogSigningKey>,
    clock: Clock,
    pub(crate) records: u64,
}

/// A log that is open, and the threads that came with it.
pub(crate) struct OpenLog {
    pub(crate) log: AuditLog,
    /// The thread of its writer.
    pub(crate) writer: PathBuf,
    /// Drives the callers.
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl LogFixture {
    /// A log of so many records.
    pub(crate) fn with(records: u64) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("hansa-log-")
            .tempdir_in(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| ".".into()))
            .expect("a folder on the disk of the build");
        let key =
            Arc::new(LogSigningKey::create(&dir.path().join("note.key"), DOMAIN).expect("a key"));
        let start = Instant::now();
        let clock: Clock = Arc::new(move || ClockReading {
            wall: wall(),
            mono_ns: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
        });
        let place = Self {
            dir,
            key,
            clock,
            records,
        };
        place.write(records);
        place
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn write(&self, records: u64) {
        std::fs::create_dir(self.folder()).expect("a folder");
        let writer = UnsyncedSegmentWriter::begin(&self.folder(), 0);
        let mut ledger = Ledger::open(writer, ChainState::new(&log_origin(DOMAIN)), "boot");
        let answer = answer();
        for number in 0..records {
            if ledger.storage_mut().length >= SEGMENT {
                let _ = ledger.flush().expect("it can be written");
                let body = ledger.storage_mut().rotate(&self.folder(), number);
                drop(ledger.stage(AnswerRecord(body.into()), self.stamp()));
                continue;
            }
            let record = answer[(number % 3) as usize].clone();
            drop(ledger.stage(record, self.stamp()).expect("it fits"));
            if ledger.staged_bytes() > 1024 * 1024 {
                let _ = ledger.flush().expect("it can be written");
            }
        }
        let _ = ledger.flush().expect("it can be written");
        let head =
            SignedHead::sign(ledger.durable_head().clone(), self.key.as_ref()).expect("a head");
        ledger
            .storage_mut()
            .file
            .flush()
            .expect("it can be written");
        std::fs::write(self.folder().join("heads"), format!("{head}\n")).expect("a head");
        let key = format!("{}\n", self.key.key());
        std::fs::write(self.folder().join("key"), key).expect("a key");
    }

    fn stamp(&self) -> RecordMetadata {
        RecordMetadata {
            tick: (self.clock)(),
            salt: RecordSalt([7; 16]),
        }
    }

    /// Opens it as a connector does.
    pub(crate) fn open(&self) -> OpenLog {
        let before = threads();
        let signer: Arc<dyn NoteSigner> = Arc::clone(&self.key) as Arc<dyn NoteSigner>;
        let config = LogConfig::new(
            self.folder(),
            DOMAIN,
            signer,
            Arc::clone(&self.clock),
            "boot",
        );
        let (log, _) = AuditLog::open(config).expect("the log is good");
        let writer = threads()
            .into_iter()
            .find(|thread| !before.contains(thread))
            .expect("the log has a writer");
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        OpenLog {
            log,
            writer,
            runtime,
        }
    }
}

fn threads() -> Vec<PathBuf> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("proc");
    tasks.map(|task| task.expect("a thread").path()).collect()
}

fn wall() -> UtcTimestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = since.expect("after 1970").as_micros();
    UtcTimestamp::from_micros(i64::try_from(micros).expect("before 9999")).expect("a time")
}

/// Segments as the connector writes them, without waiting for the disk.
struct UnsyncedSegmentWriter {
    file: BufWriter<File>,
    name: String,
    length: u64,
    sum: IncrementalDigest,
}

impl UnsyncedSegmentWriter {
    fn begin(folder: &Path, first: u64) -> Self {
        let name = format!("records-{first:012}.jsonl");
        let file = File::create(folder.join(&name)).expect("a segment");
        Self {
            file: BufWriter::with_capacity(1 << 20, file),
            name,
            length: 0,
            sum: IncrementalDigest::new(),
        }
    }

    /// The next segment; gives the body of its first record.
    fn rotate(&mut self, folder: &Path, first: u64) -> SegmentRecord {
        self.file.flush().expect("it can be written");
        let digest: Digest = self.sum.clone().finish();
        let ended = std::mem::replace(self, Self::begin(folder, first));
        SegmentRecord {
            previous: ended.name,
            sha256: digest,
            archived_before: 0,
            expired_before: 0,
            suspect: None,
        }
    }
}

impl LogStorage for UnsyncedSegmentWriter {
    fn append(&mut self, frames: &[u8]) -> Result<(), StorageError> {
        self.file.write_all(frames).expect("there is room");
        self.sum.update(frames);
        self.length += frames.len() as u64;
        Ok(())
    }
}
