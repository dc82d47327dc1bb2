//! Time stamps of heads (RFC 3161): proof by an authority outside the league that a head existed at an instant.
//!
//! The auditor supplies the trust anchors. Files of the case can't add any.

use crate::documents::of_refusal;
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_store::time_stamps::StampedHead;
use hansa_identity::time_stamp::anchors::TimeStampAnchors;
use hansa_identity::time_stamp::{self, VerifiedTimeStamp};
use std::path::PathBuf;

/// Head with a valid time stamp.
pub(crate) struct DatedHead {
    /// Number of records.
    pub(crate) size: u64,
    /// Statement of the authority.
    pub(crate) stamp: VerifiedTimeStamp,
}

/// Time stamps of one file.
#[derive(Default)]
pub(crate) struct TimeStampReport {
    /// Valid time stamps, by the size of their heads.
    pub(crate) dated: Vec<DatedHead>,
    /// Number of time stamps that were not judged, since no anchor was given.
    pub(crate) not_judged: usize,
}

/// Reads the given anchors; none if no file is given. The error describes an unreadable file.
pub(crate) fn read_anchors(files: &[PathBuf]) -> Result<Option<TimeStampAnchors>, String> {
    if files.is_empty() {
        return Ok(None);
    }
    TimeStampAnchors::open(files)
        .map(Some)
        .map_err(|refusal| refusal.to_string())
}

/// Judges the time stamps of each file, in the order of the files.
pub(crate) fn judge_time_stamps(
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
        match time_stamp::verify_token(token, &head.note_digest(), anchors) {
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
