//! Tests: a log that can't be written states it in the reserve, and continues in another segment after the next start.

use super::crash::failing;
use super::{
    AuditLog, LogConfig, NUMBERED, SeqCst, TestEvidence, TestLogDir, numbers, test_evidence,
};
use crate::{offline, reserve, unwritable_log_refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::LedgerError;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::RefusalCountRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::contracts::WithdrawalRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::ErrorCode;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const SPARE: u64 = 64 * 1024;

fn all(log: &AuditLog, from: u64) -> Vec<Record> {
    log.read(from).map(Result::unwrap).collect()
}

fn kinds(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.kind.as_str()).collect()
}

/// Number of refusals of a participant, between these seconds of a minute.
fn count_refusals(peer: &str, count: u64, first: u32, last: u32) -> RefusalCountRecord {
    RefusalCountRecord {
        peer: Some(peer.to_owned()),
        count,
        first: Some(second(first)),
        last: Some(second(last)),
        codes: BTreeMap::new(),
        next: None,
        reserve_sha256: None,
    }
}

fn second(number: u32) -> UtcTimestamp {
    format!("2026-06-01T12:00:{number:02}Z").parse().unwrap()
}

/// Records in the reserve, blocking this thread.
fn beside(log: &AuditLog, body: RefusalCountRecord) -> Result<(), LedgerError> {
    let run = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    run.block_on(log.record_in_reserve(body.into()))
}

fn reserve_of(log_dir: &TestLogDir) -> Vec<u8> {
    std::fs::read(log_dir.folder().join(reserve::FILE)).unwrap()
}

/// Log of three records whose fourth failed after this many bytes, with records in the reserve.
fn stopped(torn: usize) -> TestLogDir {
    let log_dir = TestLogDir::new();
    let (log, fail) = failing(log_dir.config());
    fail.torn.store(torn, SeqCst);
    fail.at.store(4, SeqCst);
    for n in 0..3 {
        let _ = log.record_blocking(test_evidence(n)).unwrap();
    }
    assert_eq!(
        beside(&log, count_refusals("a", 1, 1, 1)),
        Err(LedgerError::Closed)
    );
    assert!(log.record_blocking(test_evidence(3)).is_err());
    for (peer, count, first, last) in [("a", 1, 1, 1), ("b", 7, 2, 3), ("a", 5, 4, 5)] {
        beside(&log, count_refusals(peer, count, first, last)).unwrap();
    }
    log_dir
}

#[test]
fn a_stop_is_said_in_the_reserve_and_taken_into_the_log() {
    for torn in [0, 50, 1 << 20] {
        let log_dir = stopped(torn);
        // Also for a closed log: an incomplete record was never confirmed.
        let report = offline::verify_copy(&log_dir.folder(), None).unwrap();
        assert!(report.is_good(), "{torn}: {report:?}");
        let stop = |what: &String| what.contains("was stopped");
        assert!(report.unseen.iter().any(stop), "{torn}");
        let left = reserve_of(&log_dir);
        assert_eq!(left.len() as u64, SPARE);
        let (log, replay) = log_dir.open();
        // The failed record is present only if it is complete; it was not confirmed in either case.
        let whole = torn > 1000;
        assert_eq!(replay.records, 3 + u64::from(whole));
        assert_eq!(replay.cut, (torn == 50).then_some(50));
        let since = all(&log, replay.records);
        let repair = (torn == 50).then_some("repair");
        let expected: Vec<&str> = ["segment"]
            .into_iter()
            .chain(repair)
            .chain(["stop", "refusal_count", "refusal_count"])
            .collect();
        assert_eq!(kinds(&since), expected);
        assert_eq!(since[0].body.get("suspect"), Some(&Json::Bool(true)));
        let stop = &since[expected.len() - 3].body;
        assert_eq!(stop.get("size"), Some(&Json::from_count(3)));
        assert_eq!(stop.get("full"), Some(&Json::Bool(true)));
        let sums: Vec<_> = since[expected.len() - 2..]
            .iter()
            .map(|one| ["peer", "count", "first", "last"].map(|name| one.body.get(name).cloned()))
            .collect();
        let report_of =
            |body: Json| ["peer", "count", "first", "last"].map(|name| body.get(name).cloned());
        assert_eq!(
            sums,
            [
                report_of(RecordBody::from(count_refusals("a", 6, 1, 5)).to_json()),
                report_of(RecordBody::from(count_refusals("b", 7, 2, 3)).to_json())
            ]
        );
        assert_eq!(reserve_of(&log_dir), vec![0; SPARE as usize]);
        let size = log.size();
        drop(log);
        // A crash after the record and before the reserve was emptied.
        std::fs::write(log_dir.folder().join(reserve::FILE), left).unwrap();
        let (log, replay) = log_dir.open();
        assert_eq!((replay.records, log.size()), (size, size));
        assert_eq!(reserve_of(&log_dir), vec![0; SPARE as usize]);
        let _ = log.record_blocking(test_evidence(9)).unwrap();
        drop(log);
        assert!(
            offline::verify_copy(&log_dir.folder(), None)
                .unwrap()
                .is_good()
        );
    }
}

#[test]
fn a_reserve_that_was_being_written_is_taken_as_far_as_it_goes() {
    let log_dir = stopped(50);
    let path = log_dir.folder().join(reserve::FILE);
    let whole = reserve_of(&log_dir);
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    // Within the first record, and within the second one.
    for (end, count) in [(first / 2, 0), (first + 40, 0)] {
        let mut torn = whole.clone();
        torn[end..].fill(0);
        std::fs::write(&path, &torn).unwrap();
        let (log, replay) = log_dir.open();
        let since = all(&log, replay.records);
        let stops = since.iter().filter(|one| one.kind == "stop").count();
        let sums = since
            .iter()
            .filter(|one| one.kind == "refusal_count")
            .count();
        assert_eq!((stops, sums), (1, count), "{end}");
        assert_eq!(reserve_of(&log_dir), vec![0; SPARE as usize]);
    }
}

#[test]
fn a_withdrawal_in_the_reserve_comes_into_the_log_as_it_is() {
    let log_dir = stopped(0);
    let path = log_dir.folder().join(reserve::FILE);
    drop(log_dir.open());
    std::fs::write(&path, vec![0; SPARE as usize]).unwrap();
    let (log, fail) = failing(log_dir.config());
    fail.at.store(1, SeqCst);
    assert!(log.record_blocking(test_evidence(4)).is_err());
    for contract in ["c1", "c2", "c1"] {
        let withdrawal = WithdrawalRecord {
            contract: contract.to_owned(),
            party: "h:acme.example".to_owned(),
            effective: None,
            statement: Digest::of(b"statement"),
            envelope: Some("{}".to_owned()),
            at: None,
            reserve_sha256: None,
        };
        log.record_in_reserve_blocking(withdrawal.into()).unwrap();
    }
    beside(&log, count_refusals("a", 1, 1, 1)).unwrap();
    drop(log);
    let (log, replay) = log_dir.open();
    let since = all(&log, replay.records);
    let withdrawn: Vec<_> = since.iter().filter(|one| one.kind == "withdraw").collect();
    let contracts: Vec<_> = withdrawn
        .iter()
        .map(|one| one.body.get("contract").and_then(Json::as_text).unwrap())
        .collect();
    assert_eq!(contracts, ["c1", "c2", "c1"]);
    for one in withdrawn {
        assert!(one.body.get("at").is_some() && one.body.get("envelope").is_some());
    }
    assert_eq!(kinds(&since).last(), Some(&"refusal_count"));
    drop(log);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
}

#[test]
fn where_the_disk_gives_no_reserve_the_log_goes_on() {
    let log_dir = TestLogDir::new();
    let config = LogConfig {
        spare: 1 << 60,
        ..log_dir.config()
    };
    let (log, _) = AuditLog::open(config).unwrap();
    let _ = log.record_blocking(test_evidence(0)).unwrap();
}

/// Isolated file system for the processes of the next tests: a small one, or one with a file-size limit.
struct LimitedFileSystem {
    folder: PathBuf,
    ballast: Option<PathBuf>,
}

const WORLD: &str = "HANSA_SMALL_WORLD";
const MARK: u64 = 300 * 1024;

impl LimitedFileSystem {
    fn of_this_process() -> Self {
        let folder = PathBuf::from(std::env::var(WORLD).expect("run by another test"));
        let ballast = std::env::var("HANSA_BALLAST").is_ok();
        Self {
            ballast: ballast.then(|| folder.join("ballast")),
            folder,
        }
    }

    fn place(&self) -> TestLogDir {
        TestLogDir::at(&self.folder)
    }

    fn config(&self, log_dir: &TestLogDir) -> LogConfig {
        LogConfig {
            reserve: if self.ballast.is_some() { MARK } else { 0 },
            ..log_dir.config()
        }
    }

    fn load(&self, kib: usize) {
        if let Some(ballast) = &self.ballast {
            std::fs::write(ballast, vec![1; kib * 1024]).unwrap();
        }
    }
}

/// Run by the test after the next one, in a process that is killed.
#[test]
#[ignore = "run by another test in a process of its own"]
fn fills_the_disk() {
    let file_system = LimitedFileSystem::of_this_process();
    let log_dir = file_system.place();
    let (log, _) = AuditLog::open(file_system.config(&log_dir)).unwrap();
    let permit = |n| {
        log.record_blocking(TestEvidence { kind: "permit", n })
            .map(drop)
    };
    permit(0).unwrap();
    if file_system.ballast.is_some() {
        // Below the mark no entry is opened, above it entries are opened again.
        file_system.load(1700);
        assert!(matches!(permit(1), Err(LedgerError::LowSpace { .. })));
        let refused = unwritable_log_refusal(&permit(1).unwrap_err());
        assert_eq!(refused.code, ErrorCode::DiskFull);
        // No restart is needed.
        assert!(
            refused.help.concat().contains("continues by itself"),
            "{refused}"
        );
        file_system.load(100);
        // The refusing group may still be running; this record ends it.
        let kind = "notice";
        let _ = log.record_blocking(TestEvidence { kind, n: 1 }).unwrap();
        permit(1).unwrap();
        file_system.load(1700);
    }
    let mut confirmed = 0;
    let failure = loop {
        match log.record_blocking(test_evidence(confirmed)) {
            Ok(_) => confirmed += 1,
            Err(failure) => break failure,
        }
    };
    assert!(
        matches!(&failure, LedgerError::Broken(broken) if broken.full),
        "{failure}"
    );
    assert_eq!(permit(2), Err(failure));
    beside(&log, count_refusals("a", 3, 1, 2)).unwrap();
    println!("\nshut {confirmed}");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn own(test: &str, world: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; [ -z \"$1\" ] || ulimit -f \"$1\"; exec \"$0\" --ignored --exact --nocapture \"$2\""])
        .arg(std::env::current_exe().unwrap())
        .env(WORLD, world)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command.arg(if std::env::var("HANSA_BALLAST").is_ok() {
        ""
    } else {
        "256"
    });
    command.arg(format!("tests::stop::{test}"));
    command
}

/// Number of confirmed records when the process found the disk full.
fn shut(child: &mut Child) -> i64 {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("shut "));
    line.and_then(|line| line["shut ".len()..].parse().ok())
        .expect("it came to its end")
}

fn full_and_killed(file_system: &LimitedFileSystem) {
    let mut child = own("fills_the_disk", &file_system.folder).spawn().unwrap();
    let confirmed = shut(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(confirmed > 100, "{confirmed}");
    let log_dir = file_system.place();
    if let Some(ballast) = &file_system.ballast {
        // Without space no entry is begun, and nothing is lost.
        let refused = AuditLog::open(file_system.config(&log_dir))
            .map(drop)
            .unwrap_err();
        assert_eq!(refused.code, ErrorCode::DiskFull, "{refused}");
        std::fs::remove_file(ballast).unwrap();
    }
    let (log, replay) = AuditLog::open(file_system.config(&log_dir)).unwrap();
    let said: Vec<i64> = numbers(&log, 0);
    let since = all(&log, 0);
    let found = since
        .iter()
        .filter(|record| record.kind == NUMBERED)
        .count() as i64;
    assert!(
        (confirmed..=confirmed + 1).contains(&found),
        "{confirmed} {found} {said:?}"
    );
    let taken = all(&log, replay.records);
    assert_eq!(taken.iter().filter(|one| one.kind == "stop").count(), 1);
    assert_eq!(
        taken
            .iter()
            .filter(|one| one.kind == "refusal_count")
            .count(),
        1
    );
    assert_eq!(
        replay.cut.is_some(),
        taken.iter().any(|one| one.kind == "repair")
    );
    if file_system.ballast.is_some() {
        let report = |kind: &str| since.iter().filter(|one| one.kind == kind).count();
        assert_eq!(
            (report("pause"), report("resume"), report("permit")),
            (2, 1, 2)
        );
    }
    let _ = log
        .record_blocking(TestEvidence {
            kind: "permit",
            n: 5,
        })
        .unwrap();
    drop(log);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
    println!("full after {confirmed} records");
}

#[test]
#[ignore = "run by another test on a file system of its own"]
fn on_a_small_file_system() {
    full_and_killed(&LimitedFileSystem::of_this_process());
}

#[test]
fn a_full_file_system_and_a_kill_lose_nothing_that_was_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    let possible = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        // The next test does this with a file-size limit.
        println!("no file system of its own is to be had here");
        return;
    }
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o size=2m none \"$1\" && exec \"$0\" --ignored --exact --nocapture tests::stop::on_a_small_file_system")
        .arg(std::env::current_exe().unwrap())
        .arg(dir.path())
        .env(WORLD, dir.path())
        .env("HANSA_BALLAST", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("full after "), "{text}");
}

#[test]
fn a_limit_on_files_and_a_kill_lose_nothing_that_was_confirmed() {
    let dir = tempfile::tempdir().unwrap();
    full_and_killed(&LimitedFileSystem {
        folder: dir.path().to_path_buf(),
        ballast: None,
    });
}
