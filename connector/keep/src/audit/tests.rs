//! The log on a real disk: what is confirmed is there, what is broken is refused, what is cut off is recorded.

use super::key::{Ed25519Notes, LogKey};
use super::shelf::Fail;
use super::{Log, LogConfig, Replay, open, refusal};
use evidence::json::Json;
use evidence::ledger::{Entry, Evidence, Unwritable};
use evidence::note::NoteSigner;
use evidence::time::{Clock, Tick, Time};
use evidence::tree::{check_consistency, check_inclusion};
use policy::refusal::{Code, Refusal};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

mod crash;

/// A folder for a log, and the key that signs its heads.
pub(super) struct Place {
    pub(super) dir: TempDir,
    pub(super) key: Arc<LogKey>,
    clock: Clock,
}

impl Place {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = LogKey::create(&dir.path().join("log.key"), "tallinn.example").unwrap();
        let ticks = AtomicU64::new(0);
        // A clock that goes on by a millisecond at each look.
        let clock: Clock = Arc::new(move || {
            let n = ticks.fetch_add(1, SeqCst);
            Tick {
                wall: Time::from_micros(1_800_000_000_000_000 + n as i64 * 1000).unwrap(),
                mono_ns: n * 1_000_000,
            }
        });
        Self {
            dir,
            key: Arc::new(key),
            clock,
        }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    pub(super) fn config(&self) -> LogConfig {
        let signer: Arc<dyn NoteSigner> = Arc::clone(&self.key) as Arc<dyn NoteSigner>;
        let clock = Arc::clone(&self.clock);
        LogConfig {
            reserve: 0,
            ..LogConfig::new(self.folder(), "tallinn.example", signer, clock, "boot-1")
        }
    }

    pub(super) fn open(&self) -> (Log, Replay) {
        Log::open(self.config()).unwrap()
    }

    fn refused(&self) -> Refusal {
        Log::open(self.config()).map(|_| ()).unwrap_err()
    }
}

#[derive(Debug)]
pub(super) struct Said {
    pub(super) kind: &'static str,
    pub(super) n: i64,
}

impl Evidence for Said {
    fn entry(&self) -> Entry {
        Entry {
            kind: self.kind,
            body: Json::object([
                ("n", Json::Int(self.n)),
                ("request_id", Json::text(format!("r-{}", self.n))),
            ]),
        }
    }
}

/// Closes the entry at this place, without naming a request.
#[derive(Debug)]
struct Closes(u64);

impl Evidence for Closes {
    fn entry(&self) -> Entry {
        Entry {
            kind: "close",
            body: Json::object([("opened", Json::count(self.0)), ("request_id", Json::Null)]),
        }
    }
}

pub(super) fn said(n: i64) -> Said {
    Said { kind: "said", n }
}

fn numbers(log: &Log, from: u64) -> Vec<i64> {
    log.read(from)
        .map(|record| {
            record
                .unwrap()
                .body
                .get("n")
                .and_then(Json::as_int)
                .unwrap_or(-1)
        })
        .collect()
}

/// The bytes of all records.
fn bytes(folder: &Path) -> Vec<u8> {
    super::folder::segments(folder)
        .unwrap()
        .iter()
        .flat_map(|segment| std::fs::read(&segment.path).unwrap())
        .collect()
}

#[test]
fn recorded_read_and_proved() {
    let place = Place::new();
    let (log, replay) = place.open();
    assert_eq!(
        replay,
        Replay {
            records: 0,
            last: None,
            cut: None,
            open: vec![]
        }
    );
    for n in 0..20 {
        let recorded = log.record_blocking(said(n)).unwrap();
        assert_eq!((recorded.n, recorded.receipt().index()), (n, n as u64));
        // It is in the file, whole, before the caller hears of it.
        assert_eq!(
            bytes(&place.folder())
                .iter()
                .filter(|b| **b == b'\n')
                .count(),
            n as usize + 1
        );
        assert_eq!(log.leaf(n as u64), Some(recorded.receipt().leaf()));
    }
    assert_eq!(numbers(&log, 0), (0..20).collect::<Vec<_>>());
    assert_eq!(numbers(&log, 17), [17, 18, 19]);
    assert!(numbers(&log, 20).is_empty());
    assert_eq!(log.get(7).unwrap().unwrap().seq, 7);
    assert_eq!(log.get(20).unwrap(), None);
    let root = log.checkpoint().root;
    for index in 0..20 {
        let proof = log.inclusion(index, 20).unwrap();
        assert!(check_inclusion(
            index,
            20,
            log.leaf(index).unwrap(),
            &proof,
            root
        ));
    }
    log.close();
    let head = log.head();
    assert_eq!(head.checkpoint, log.checkpoint());
    assert!(head.is_signed_by(&place.key.key(), &Ed25519Notes));
    assert_eq!(
        log.record_blocking(said(0)).map(|_| ()),
        Err(Unwritable::Closed)
    );
    drop(log);

    let (log, replay) = place.open();
    assert_eq!((replay.records, replay.cut), (20, None));
    assert_eq!(log.head(), head);
    let _ = log.record_blocking(said(20)).unwrap();
    let newer = log.checkpoint();
    let proof = log.consistency(20, 21).unwrap();
    assert!(check_consistency(20, 21, root, newer.root, &proof));
    assert_eq!(numbers(&log, 19), [19, 20]);
}

#[tokio::test]
async fn heads_are_signed_when_asked_after_enough_records_and_at_the_end() {
    let place = Place::new();
    let never = std::time::Duration::from_secs(3600);
    let config = LogConfig {
        head_records: 10,
        head_interval: never,
        ..place.config()
    };
    let (log, _) = Log::open(config).unwrap();
    for n in 0..9 {
        let _ = log.record(said(n)).await.unwrap();
    }
    assert_eq!(log.head().checkpoint.size, 0);
    assert_eq!(log.head_over(3).await.unwrap().checkpoint.size, 9);
    assert!(log.head_over(10).await.is_err());
    for n in 9..19 {
        let _ = log.record(said(n)).await.unwrap();
    }
    // A head is written behind the wake-up; asking for one waits for it.
    assert_eq!(log.head_over(19).await.unwrap().checkpoint.size, 19);
    let _ = log.record(said(19)).await.unwrap();
    drop(log);
    let kept = super::folder::heads(&place.folder())
        .unwrap()
        .unwrap()
        .heads;
    let sizes: Vec<u64> = kept.iter().map(|head| head.checkpoint.size).collect();
    assert_eq!(sizes, [9, 19, 20]);
}

#[tokio::test]
async fn a_head_comes_by_itself_after_a_while() {
    let place = Place::new();
    let soon = std::time::Duration::from_millis(1);
    let (log, _) = Log::open(LogConfig {
        head_interval: soon,
        ..place.config()
    })
    .unwrap();
    let _ = log.record(said(0)).await.unwrap();
    while log.head().checkpoint.size == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(log.head().checkpoint, log.checkpoint());
}

/// Keeps the writer busy until the test lets go.
#[derive(Debug)]
struct Gate(Mutex<std::sync::mpsc::Receiver<()>>);

impl Evidence for Gate {
    fn entry(&self) -> Entry {
        self.0.lock().unwrap().recv().ok();
        said(-1).entry()
    }
}

#[tokio::test]
async fn one_sync_for_all_who_wait() {
    let place = Place::new();
    let (log, _) = place.open();
    let (go, gate) = std::sync::mpsc::channel();
    let mut waiting = tokio::task::JoinSet::new();
    let first = log.clone();
    waiting.spawn(async move { first.record(Gate(Mutex::new(gate))).await.map(|_| ()) });
    for n in 0..200 {
        let log = log.clone();
        waiting.spawn(async move { log.record(said(n)).await.map(|_| ()) });
    }
    // The test runs on one thread: after this every task has handed over its value and waits.
    tokio::task::yield_now().await;
    go.send(()).unwrap();
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap().unwrap();
    }
    let (syncs, records) = log.syncs();
    assert_eq!(records, 201);
    assert!(syncs <= 2, "{syncs} syncs");
}

#[test]
fn segments_follow_each_other() {
    let place = Place::new();
    let config = || LogConfig {
        segment: 2000,
        ..place.config()
    };
    for run in 0..3 {
        let (log, replay) = Log::open(config()).unwrap();
        assert_eq!(replay.cut, None);
        for n in 0..20 {
            let _ = log.record_blocking(said(run * 20 + n)).unwrap();
        }
    }
    let (log, _) = Log::open(config()).unwrap();
    let said: Vec<i64> = numbers(&log, 0).into_iter().filter(|n| *n >= 0).collect();
    assert_eq!(said, (0..60).collect::<Vec<_>>());
    let segments = super::folder::segments(&place.folder()).unwrap();
    assert!(segments.len() > 5);
    for pair in segments.windows(2) {
        let [sealed, next] = pair else { panic!() };
        let digest = evidence::digest::Digest::of(&std::fs::read(&sealed.path).unwrap());
        let first = log.get(next.first).unwrap().unwrap();
        assert_eq!((first.seq, first.kind.as_str()), (next.first, "segment"));
        assert_eq!(first.body.get("sha256"), Some(&Json::text(digest)));
        assert_eq!(first.body.get("previous"), Some(&Json::text(sealed.name())));
    }
}

#[test]
fn a_segment_that_holds_no_whole_record_is_begun_again() {
    for begun in ["", "{\"body\":{\"n\":0,"] {
        let place = Place::new();
        let config = || LogConfig {
            segment: 1000,
            ..place.config()
        };
        let (log, _) = Log::open(config()).unwrap();
        while bytes(&place.folder()).len() < 1000 {
            let _ = log.record_blocking(said(0)).unwrap();
        }
        let size = log.size();
        drop(log);
        let before = bytes(&place.folder());
        std::fs::write(
            place.folder().join(format!("records-{size:012}.jsonl")),
            begun,
        )
        .unwrap();
        let (log, replay) = Log::open(config()).unwrap();
        assert_eq!(
            replay.cut,
            (!begun.is_empty()).then_some(begun.len() as u64)
        );
        let _ = log.record_blocking(said(0)).unwrap();
        let kinds: Vec<_> = log.read(size).map(|record| record.unwrap().kind).collect();
        let repaired = if begun.is_empty() {
            &[][..]
        } else {
            &["repair"]
        };
        assert_eq!(kinds, [repaired, &["segment", "said"]].concat());
        assert!(bytes(&place.folder()).starts_with(&before));
        drop(log);
        let records = size + kinds.len() as u64;
        assert_eq!(Log::open(config()).unwrap().1.records, records);
    }
}

#[test]
fn only_the_end_of_many_heads_is_read_at_start() {
    let place = Place::new();
    let config = || LogConfig {
        head_records: 1,
        ..place.config()
    };
    let (log, _) = Log::open(config()).unwrap();
    for n in 0..400 {
        let _ = log.record_blocking(said(n)).unwrap();
    }
    drop(log);
    let path = place.folder().join("heads");
    let heads = std::fs::read(&path).unwrap();
    assert!(heads.len() > 65 * 1024, "{}", heads.len());
    let (log, _) = Log::open(config()).unwrap();
    assert_eq!(log.head().checkpoint.size, 400);
    drop(log);
    let last = "— tallinn".len();
    let dash = heads
        .windows(last)
        .rposition(|window| window == "— tallinn".as_bytes())
        .unwrap();
    let in_dash = heads.len() - dash - 1;
    for cut in [1, 2, 50, in_dash, in_dash - 1, 200] {
        std::fs::write(&path, &heads[..heads.len() - cut]).unwrap();
        let (log, _) = Log::open(config()).unwrap();
        assert_eq!(log.head().checkpoint.size, 399);
        drop(log);
        let found = super::folder::heads(&place.folder()).unwrap().unwrap();
        assert!(!found.rest);
        assert_eq!(found.heads.last().unwrap().checkpoint.size, 400);
    }
    std::fs::write(&path, vec![b'x'; 70_000]).unwrap();
    assert_eq!(
        place.refused().sentence,
        "the newest head of the log can't be read"
    );
}

#[test]
fn a_clock_that_goes_back_is_recorded_and_not_trusted() {
    let place = Place::new();
    let offset = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let (clock, moved) = (Arc::clone(&place.clock), Arc::clone(&offset));
    let clock: Clock = Arc::new(move || {
        let tick = clock();
        let wall = tick.wall.plus_micros(moved.load(SeqCst));
        Tick { wall, ..tick }
    });
    let config = || LogConfig {
        clock: Arc::clone(&clock),
        ..place.config()
    };
    let kinds = |log: &Log| {
        log.read(0)
            .map(|record| record.unwrap().kind)
            .collect::<Vec<_>>()
    };
    let (log, _) = Log::open(config()).unwrap();
    let before = log.record_blocking(said(0)).unwrap().receipt().at();
    offset.store(-3_600_000_000, SeqCst);
    let after = log.record_blocking(said(1)).unwrap().receipt().at();
    assert_eq!(kinds(&log), ["said", "clock", "said"]);
    assert!(!log.is_clock_trusted());
    assert_eq!((before, log.now()), (after, after));
    log.acknowledge_clock();
    let _ = log.record_blocking(said(2)).unwrap();
    assert!(log.is_clock_trusted());
    drop(log);
    // Set back while nobody ran: the next record says so.
    let (log, _) = Log::open(config()).unwrap();
    let _ = log.record_blocking(said(3)).unwrap();
    assert_eq!(kinds(&log)[4..], ["clock", "said"]);
    assert!(!log.is_clock_trusted());
}

#[test]
fn one_writer_at_a_time() {
    let place = Place::new();
    let (log, _) = place.open();
    assert_eq!(place.refused().code, Code::StateLocked);
    let other = log.clone();
    drop(log);
    assert_eq!(place.refused().code, Code::StateLocked);
    drop(other);
    let _ = place.open();
}

#[test]
fn open_entries_are_told_at_start() {
    let place = Place::new();
    let (log, _) = place.open();
    for (kind, n) in [
        ("permit", 1),
        ("permit", 2),
        ("close", 1),
        ("refuse", 3),
        ("permit", 4),
    ] {
        let _ = log.record_blocking(Said { kind, n }).unwrap();
    }
    let _ = log.record_blocking(Closes(4)).unwrap();
    let _ = log
        .record_blocking(Said {
            kind: "permit",
            n: 4,
        })
        .unwrap();
    drop(log);
    let (_, replay) = place.open();
    let open: Vec<u64> = replay.open.iter().map(|record| record.seq).collect();
    assert_eq!(open, [1, 6]);
}

#[test]
fn below_the_reserve_nothing_is_opened() {
    let place = Place::new();
    let (log, _) = Log::open(LogConfig {
        reserve: u64::MAX,
        ..place.config()
    })
    .unwrap();
    let refused = log
        .record_blocking(Said {
            kind: "permit",
            n: 1,
        })
        .unwrap_err();
    assert!(matches!(
        refused,
        Unwritable::LowSpace {
            reserve: u64::MAX,
            ..
        }
    ));
    assert_eq!(refusal(&refused).code, Code::DiskFull);
    let _ = log
        .record_blocking(Said {
            kind: "close",
            n: 1,
        })
        .unwrap();
    assert_eq!(log.size(), 1);
    assert_eq!(log.broken(), None);
}

#[test]
fn another_key_or_domain_is_refused_or_kept_beside() {
    let place = Place::new();
    drop(place.open());
    let config = LogConfig {
        domain: "luebeck.example".to_owned(),
        ..place.config()
    };
    assert_eq!(
        Log::open(config).map(|_| ()).unwrap_err().code,
        Code::KeyInvalid
    );
    // A new key of the same log: heads of the old one still hold.
    let (log, _) = place.open();
    let _ = log.record_blocking(said(0)).unwrap();
    drop(log);
    let key = LogKey::create(&place.dir.path().join("new.key"), "tallinn.example").unwrap();
    let place = Place {
        key: Arc::new(key),
        ..place
    };
    let (log, _) = place.open();
    let _ = log.record_blocking(said(1)).unwrap();
    drop(log);
    assert_eq!(super::folder::keys(&place.folder()).unwrap().known.len(), 2);
    assert_eq!(numbers(&place.open().0, 0), [0, 1]);
}

#[test]
fn a_record_changed_under_the_reader_is_not_shown() {
    let place = Place::new();
    let (log, _) = place.open();
    for n in 0..3 {
        let _ = log.record_blocking(said(n)).unwrap();
    }
    let path = place.folder().join("records-000000000000.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"n\":1", "\"n\":7")).unwrap();
    assert!(log.get(0).is_ok());
    let refused = log.get(1).unwrap_err();
    assert_eq!(refused.code, Code::EvidenceBroken);
    assert_eq!(refused.sentence, "record 1 of the log was edited");
    assert_eq!(log.read(0).filter(Result::is_ok).count(), 1);
}
