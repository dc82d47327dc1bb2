//! Tests of records that are erased too early, or without a statement.

use super::*;
use crate::log_segment;

/// A clock that is set forward makes all records look old. Nothing is erased before the log has shown for a week that the clock is
/// stable.
#[test]
fn nothing_goes_in_the_week_after_the_clock_was_set_forward() {
    let log_dir = TestLogDir::new();
    let mut log = jumped(&log_dir, 4000);
    let looks = |log: &AuditLog| {
        let all = log.read(0).map(Result::unwrap);
        let clocks = all.filter(|record| record.kind == "clock");
        clocks
            .filter(|clock| clock.body.get("source").and_then(Json::as_text) == Some("retention"))
            .count()
    };
    // The log may have recorded the jump itself; the week then begins with that record.
    for (day, goes) in [(4000, false), (4001, false), (4006, false), (4008, true)] {
        drop(log);
        log = AuditLog::open(config(&log_dir, day)).unwrap().0;
        let run = expire_decisions(&log, month_ago(&log), &TestRetention::default()).unwrap();
        assert_eq!(run.is_some(), goes, "{day}");
        assert!(looks(&log) <= 1);
    }
    // Set back and forward again, far from its first value.
    for n in 60..120 {
        let _ = log.record_blocking(MixedEvidence(n)).unwrap();
    }
    for (day, goes) in [(9000, false), (9040, false), (9048, true)] {
        drop(log);
        log = AuditLog::open(config(&log_dir, day)).unwrap().0;
        let run = expire_decisions(&log, month_ago(&log), &TestRetention::default()).unwrap();
        assert_eq!(run.is_some(), goes, "{day}");
    }
    assert!(numbers(&log).contains(&119));
    drop(log);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
}

#[test]
fn what_is_gone_without_a_word_is_missed() {
    let log_dir = TestLogDir::new();
    let (log, run) = expired(&log_dir);
    drop(log);
    let stub = |number: u64| erase(&log_dir, number);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
    // One more than stated in the log, and one after the stated range.
    let kept = offline_numbers(&log_dir.folder())
        .into_iter()
        .next()
        .unwrap();
    for number in [kept, run.end] {
        let saved = bytes_of_all(&log_dir.folder());
        stub(number);
        let fault = offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .fault
            .unwrap();
        assert_eq!(fault.what, FaultKind::Gone, "{number}");
        for (path, bytes) in saved {
            std::fs::write(path, bytes).unwrap();
        }
    }
    // Without any statement in the log.
    let log_dir = TestLogDir::new();
    drop(old(&log_dir));
    let first = &log_segment::list_segments(&log_dir.folder()).unwrap()[0].path;
    let text = std::fs::read_to_string(first).unwrap();
    let rest = text.split_once('\n').unwrap().1;
    std::fs::write(first, format!("null\n{rest}")).unwrap();
    let fault = offline::verify_copy(&log_dir.folder(), None).unwrap().fault;
    assert_eq!(fault.map(|f| (f.index, f.what)), Some((0, FaultKind::Gone)));
    let log = AuditLog::open(config(&log_dir, 60)).unwrap().0;
    assert_eq!(log.get(0).unwrap_err().code, ErrorCode::EvidenceBroken);
    // Erasing the others does not make it valid.
    assert_eq!(
        expire_decisions(&log, month_ago(&log), &TestRetention::default())
            .unwrap_err()
            .code,
        ErrorCode::EvidenceBroken
    );
}

/// Replaces the line of this record by that of an expired one.
pub(super) fn erase(log_dir: &TestLogDir, number: u64) {
    for segment in log_segment::all_segments(&log_dir.folder()).unwrap() {
        let text = std::fs::read_to_string(&segment.path).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        let at = number.checked_sub(segment.first).map(|at| at as usize);
        if let Some(line) = at.and_then(|at| lines.get_mut(at)) {
            *line = "null";
            std::fs::write(&segment.path, lines.join("\n") + "\n").unwrap();
        }
    }
}

#[test]
fn no_month_is_past_its_retention() {
    let log_dir = TestLogDir::new();
    let log = old(&log_dir);
    let before = log.now().plus_micros(-DAY);
    let run = expire_decisions(&log, before, &TestRetention::default()).unwrap();
    assert!(run.is_some());
    drop(log);
    // A participant that erases day-old records and states it is not believed.
    let fault = offline::verify_copy(&log_dir.folder(), None).unwrap().fault;
    assert_eq!(fault.map(|fault| fault.what), Some(FaultKind::Gone));
}

/// A participant that erases a young decision can state that all records are old, but their times show that they are not.
#[test]
fn a_log_is_not_believed_what_it_says_of_young_records() {
    let log_dir = TestLogDir::new();
    let log = old(&log_dir);
    for n in 60..120 {
        let _ = log.record_blocking(MixedEvidence(n)).unwrap();
    }
    let size = log.size();
    let before = month_ago(&log);
    let begins = log_segment::all_segments(&log_dir.folder()).unwrap();
    let run = ExpiryRun {
        first: 0,
        end: begins.last().unwrap().first,
        records: 1000,
        retained: 0,
        before,
        of: RetainedContracts::default(),
    };
    assert!(run.end > 80 && run.end < size);
    let young = log
        .read(70)
        .find(|record| record.as_ref().unwrap().kind == "permit");
    let young = young.unwrap().unwrap().seq;
    let _durable = log.record_blocking(run).unwrap();
    drop(log);
    assert!(
        offline::verify_copy(&log_dir.folder(), None)
            .unwrap()
            .is_good()
    );
    erase(&log_dir, young);
    let fault = offline::verify_copy(&log_dir.folder(), None).unwrap().fault;
    assert_eq!(fault.map(|fault| fault.what), Some(FaultKind::Gone));
}
