//! Warnings about a log's folder that don't prevent opening: linked files, and missing signed heads.

use crate::log_dir::{HEADS, KEY, LEAVES};
use crate::log_segment::{self, ARCHIVE};
use hansa_audit_log::record::Record;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::BufRead as _;
use std::path::Path;

/// Warnings for files of the log that are links. A person who changes the target changes the log. The archive may be a link as a
/// whole, so its content is not checked.
#[must_use]
pub fn linked_files(log: &Path) -> Vec<Refusal> {
    let segments = log_segment::list_segments(log).unwrap_or_default();
    let records = segments.into_iter().map(|segment| segment.path);
    let others = [HEADS, KEY, LEAVES].map(|name| log.join(name));
    let linked = records.chain(others).filter(|path| path.is_symlink());
    linked
        .map(|path| {
            let sentence = format!("`{}` of the log is a link", path.display());
            Refusal::new(ErrorCode::StateBroken, sentence)
                .with_help("put the file itself in its place")
                .with_help(format!(
                    "full files of the log may lie elsewhere as a whole: make `{ARCHIVE}` beside them a link, then hansa audit archive"
                ))
        })
        .collect()
}

/// Warning for a log that has records and no signed head, although it ran long enough to sign one. Must be called before the log is
/// opened, which signs a new head.
#[must_use]
pub fn lost_heads(log: &Path) -> Option<Refusal> {
    let heads = std::fs::metadata(log.join(HEADS));
    if heads.is_ok_and(|heads| heads.len() > 0) {
        return None;
    }
    let segments = log_segment::list_segments(log).ok()?;
    let first = log_segment::first_record(segments.first()?).ok()??;
    let last = last_record(segments.last()?)?;
    let ran = last.at.micros().saturating_sub(first.at.micros());
    if last.seq.saturating_sub(first.seq) < FEW && ran < SHORT {
        return None;
    }
    let sentence = format!(
        "`{}` is empty, and the log has {} records: the heads that were signed are gone",
        log.join(HEADS).display(),
        last.seq.saturating_add(1)
    );
    Some(
        Refusal::new(ErrorCode::StateBroken, sentence)
            .with_help("restore the file from a backup; without it nothing here shows that this log is the one whose heads partners hold")
            .with_help("compare with a partner: hansa audit reconcile PARTICIPANT"),
    )
}

fn last_record(segment: &log_segment::LogSegment) -> Option<Record> {
    let lines = segment.open_at(0).ok()?.split(b'\n');
    let records = lines.map_while(Result::ok);
    records
        .filter_map(|line| Record::from_bytes(&line).ok())
        .last()
}

/// Number of records after which there is always a head.
const FEW: u64 = 300;

/// Time after which records always have a head, microseconds.
const SHORT: i64 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::{linked_files, lost_heads};
    use crate::tests::{TestLogDir, test_evidence};

    #[test]
    fn an_emptied_file_of_heads_is_reported() {
        let log_dir = TestLogDir::new();
        let (log, _) = log_dir.open();
        for n in 0..400 {
            let _ = log.record_blocking(test_evidence(n)).unwrap();
        }
        drop(log);
        let folder = log_dir.folder();
        assert_eq!(lost_heads(&folder), None);
        std::fs::write(folder.join("heads"), b"").unwrap();
        let refusal = lost_heads(&folder).unwrap();
        assert!(refusal.sentence.contains("has 400 records"), "{refusal}");
        std::fs::remove_file(folder.join("heads")).unwrap();
        assert!(lost_heads(&folder).is_some());
    }

    #[test]
    fn a_log_that_has_just_begun_has_lost_nothing() {
        let log_dir = TestLogDir::new();
        assert_eq!(lost_heads(&log_dir.folder()), None);
        let (log, _) = log_dir.open();
        let _ = log.record_blocking(test_evidence(0)).unwrap();
        drop(log);
        std::fs::write(log_dir.folder().join("heads"), b"").unwrap();
        assert_eq!(lost_heads(&log_dir.folder()), None);
    }

    #[test]
    fn a_file_that_is_a_link_is_reported() {
        let log_dir = TestLogDir::new();
        let (log, _) = log_dir.open();
        let _ = log.record_blocking(test_evidence(0)).unwrap();
        drop(log);
        let folder = log_dir.folder();
        assert!(linked_files(&folder).is_empty());
        let own = folder.join("records-000000000000.jsonl");
        let away = folder.parent().unwrap().join("away.jsonl");
        std::fs::rename(&own, &away).unwrap();
        std::os::unix::fs::symlink(&away, &own).unwrap();
        let refusals = linked_files(&folder);
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        assert!(refusals[0].sentence.contains("records-000000000000.jsonl"));
    }
}
