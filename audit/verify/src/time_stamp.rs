//! Time stamps of heads (RFC 3161): when an authority outside the league says that a head existed.
//!
//! The anchors are the auditor's own. No file of the case says whom to believe here.

use crate::documents::of_refusal;
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_store::time_stamps::StampedHead;
use hansa_identity::time_stamp::anchors::TimeStampAnchors;
use hansa_identity::time_stamp::{self, VerifiedTimeStamp};
use std::path::PathBuf;

/// A head whose time stamp holds.
pub(crate) struct DatedHead {
    /// How many records it is over.
    pub(crate) size: u64,
    /// What the authority states.
    pub(crate) stamp: VerifiedTimeStamp,
}

/// The time stamps of one file.
#[derive(Default)]
pub(crate) struct TimeStampReport {
    /// Those that hold, by the size of their heads.
    pub(crate) dated: Vec<DatedHead>,
    /// How many were not judged, as no anchor was named.
    pub(crate) not_judged: usize,
}

/// Reads the anchors that were named; none where none was. The error says what is wrong with a file.
pub(crate) fn anchors(files: &[PathBuf]) -> Result<Option<TimeStampAnchors>, String> {
    if files.is_empty() {
        return Ok(None);
    }
    TimeStampAnchors::open(files)
        .map(Some)
        .map_err(|refusal| refusal.to_string())
}

/// Judges the time stamps of each file, in the order of the files.
pub(crate) fn judge(
    case: &EvidenceSet,
    anchors: Option<&TimeStampAnchors>,
    findings: &mut Vec<AuditFinding>,
) -> Vec<TimeStampReport> {
    let copies = case.copies.iter();
    copies
        .map(|copy| match anchors {
            Some(anchors) => of_copy(copy, anchors, findings),
            None => TimeStampReport {
                dated: Vec::new(),
                not_judged: copy.time_stamps.len(),
            },
        })
        .collect()
}

fn of_copy(
    copy: &ExportFile,
    anchors: &TimeStampAnchors,
    findings: &mut Vec<AuditFinding>,
) -> TimeStampReport {
    let mut report = TimeStampReport::default();
    for StampedHead { head, token } in &copy.time_stamps {
        let size = head.checkpoint.size;
        match time_stamp::verify(token, &head.note_digest(), anchors) {
            Ok(stamp) => report.dated.push(DatedHead { size, stamp }),
            Err(refusal) => {
                let mut finding = of_refusal(&copy.file, &refusal);
                finding.sentence = format!("the head over {size} records: {}", finding.sentence);
                findings.push(finding);
            }
        }
    }
    report.dated.sort_by_key(|dated| dated.size);
    report
}
