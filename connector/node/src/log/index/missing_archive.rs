//! Archived log files that the rebuild of the index needs and that are missing here.

use hansa_audit_store::AuditLog;
use hansa_audit_store::archive;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Most files that the refusal names.
const NAMED: usize = 8;

/// Adds the needed archive files to a refusal, if records from `from` on can't be read without them.
pub(super) fn with_missing_archive(log: &AuditLog, from: u64, refusal: Refusal) -> Refusal {
    if refusal.code != ErrorCode::EvidenceIncomplete {
        return refusal;
    }
    let mut absent = match archive::find_absent_files(log, from) {
        Ok(absent) if !absent.is_empty() => absent,
        Ok(_) | Err(_) => return refusal,
    };
    let count = absent.len();
    let more = match count.checked_sub(NAMED) {
        Some(more) if more > 0 => format!(" and {more} more"),
        _ => String::new(),
    };
    absent.truncate(NAMED);
    Refusal::new(
        ErrorCode::EvidenceIncomplete,
        format!(
            "the index of the log is lost or has another version and must be made again from record {from} on, but {count} archived files for it are missing: {}{more}",
            absent.join(", ")
        ),
    )
    .with_help(format!(
        "put the archive back as `{}`, or a link to it; or restore the state from a backup",
        log.folder().join("archive").display()
    ))
}
