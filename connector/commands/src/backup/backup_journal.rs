//! Journal of the copies of a state and of their rehearsals: a file in the state folder, one event a line.
//!
//! The log can't hold it: a rehearsal runs beside the connector and writes nothing to the log.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::ReportRow;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// Name of the journal in the state folder.
const FILE: &str = "backups.jsonl";

/// Most bytes that are read, from the end of the journal: about a thousand events.
const MOST_BYTES: u64 = 256 * 1024;

/// Most copies that are listed.
const MOST_COPIES: usize = 100;

/// Event of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event", deny_unknown_fields)]
pub(crate) enum BackupEvent {
    /// A copy was written.
    Made {
        /// Path of the copy.
        file: String,
        at: UtcTimestamp,
        /// Number of files in the copy.
        files: u64,
        /// Size of the copy.
        bytes: u64,
    },
    /// A copy was rehearsed by `hansa restore --check`.
    Rehearsed {
        /// Path of the copy.
        file: String,
        at: UtcTimestamp,
        /// `true` if the copy can be put back.
        good: bool,
        /// Number of records in the log of the copy.
        records: u64,
    },
}

/// Path of a copy as the journal names it.
pub(crate) fn journal_path(file: &Path) -> String {
    let whole = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    whole.display().to_string()
}

/// Notes an event. A state folder that does not exist gets no journal.
///
/// # Errors
/// `STATE_BROKEN` or `DISK_FULL` when the journal can't be written.
pub(crate) fn note_event(state: &Path, event: &BackupEvent) -> Result<(), Refusal> {
    if !state.is_dir() {
        return Ok(());
    }
    let path = state.join(FILE);
    let broken = |fault: std::io::Error| hansa_files::unwritable_file_refusal(&path, &fault);
    let mut line = serde_json::to_string(event).map_err(|fault| {
        Refusal::new(ErrorCode::Internal, "an event has no form in JSON").caused_by(fault)
    })?;
    // A line that was cut off before takes nothing of this one with it. Empty lines are no events.
    line.insert(0, '\n');
    line.push('\n');
    // A line is written at once, so that two programs can't mix theirs.
    let mut journal = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .map_err(broken)?;
    journal.write_all(line.as_bytes()).map_err(broken)?;
    journal.sync_all().map_err(broken)
}

/// Events of the journal, the oldest first. A line that was not written to its end is left out.
fn read_events(state: &Path) -> Result<Vec<BackupEvent>, Refusal> {
    let path = state.join(FILE);
    let broken = |fault: std::io::Error| hansa_files::unreadable_file_refusal(&path, &fault);
    let mut journal = match File::open(&path) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened.map_err(broken)?,
    };
    let size = journal.metadata().map_err(broken)?.len();
    let begin = size.saturating_sub(MOST_BYTES);
    journal.seek(SeekFrom::Start(begin)).map_err(broken)?;
    let mut bytes = Vec::new();
    journal
        .take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(broken)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines();
    Ok(lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// The copies of the journal, the newest first, each with its last rehearsal.
fn collect_copies(events: Vec<BackupEvent>) -> Vec<CopyReport> {
    let mut copies: Vec<CopyReport> = Vec::new();
    for event in events {
        let (file, at) = match &event {
            BackupEvent::Made { file, at, .. } | BackupEvent::Rehearsed { file, at, .. } => {
                (file.clone(), *at)
            }
        };
        // The last event of a copy decides its place.
        let at_place = copies.iter().position(|copy| copy.file == file);
        let mut copy = at_place.map_or_else(
            || CopyReport {
                file,
                made_at: None,
                files: None,
                bytes: None,
                rehearsed_at: None,
                good: None,
                records: None,
            },
            |place| copies.remove(place),
        );
        match event {
            BackupEvent::Made { files, bytes, .. } => {
                // Another copy under a name that was used before has no rehearsal.
                copy = CopyReport {
                    made_at: Some(at),
                    files: Some(files),
                    bytes: Some(bytes),
                    rehearsed_at: None,
                    good: None,
                    records: None,
                    ..copy
                };
            }
            BackupEvent::Rehearsed { good, records, .. } => {
                copy.rehearsed_at = Some(at);
                copy.good = Some(good);
                copy.records = Some(records);
            }
        }
        copies.push(copy);
    }
    copies.sort_by_key(|copy| std::cmp::Reverse(copy.made_at.or(copy.rehearsed_at)));
    copies.truncate(MOST_COPIES);
    copies
}

/// Lists the copies that were made here.
pub(crate) async fn list_backups(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let state = connector.config().state.clone();
    let events = run_blocking(move || read_events(&state)).await?;
    out.send_list(&collect_copies(events)).await?;
    Ok(0)
}

/// Copy of the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct CopyReport {
    file: String,
    /// None for a copy that was only rehearsed here.
    made_at: Option<UtcTimestamp>,
    files: Option<u64>,
    bytes: Option<u64>,
    /// Last rehearsal; none for a copy that was never rehearsed.
    rehearsed_at: Option<UtcTimestamp>,
    /// `true` if the last rehearsal found the copy good.
    good: Option<bool>,
    /// Number of records in its log, from the last rehearsal.
    records: Option<u64>,
}

impl ReportRow for CopyReport {
    const HEADER: &'static [&'static str] = &["FILE", "MADE", "BYTES", "REHEARSED", "RESULT"];

    fn cells(&self) -> Vec<String> {
        let instant = |at: Option<UtcTimestamp>| {
            at.map_or_else(|| "never".to_owned(), |instant| instant.to_string())
        };
        let result = match self.good {
            Some(true) => "can be put back",
            Some(false) => "has faults",
            None => "–",
        };
        vec![
            self.file.clone(),
            self.made_at
                .map_or_else(|| "not here".to_owned(), |at| at.to_string()),
            self.bytes
                .map_or_else(|| "–".to_owned(), |bytes| bytes.to_string()),
            instant(self.rehearsed_at),
            result.to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(file: &str, at: &str) -> BackupEvent {
        BackupEvent::Made {
            file: file.to_owned(),
            at: at.parse().unwrap(),
            files: 12,
            bytes: 4_096,
        }
    }

    fn rehearse_copy(file: &str, at: &str, good: bool) -> BackupEvent {
        BackupEvent::Rehearsed {
            file: file.to_owned(),
            at: at.parse().unwrap(),
            good,
            records: 118,
        }
    }

    #[test]
    fn a_copy_has_its_last_rehearsal_and_a_new_copy_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let events = [
            made("/b/one", "2026-11-27T02:00:00Z"),
            rehearse_copy("/b/one", "2026-11-27T03:00:00Z", false),
            rehearse_copy("/b/one", "2026-11-28T03:00:00Z", true),
            made("/b/two", "2026-11-28T02:00:00Z"),
            rehearse_copy("/b/two", "2026-11-28T03:00:00Z", true),
            made("/b/two", "2026-11-29T02:00:00Z"),
        ];
        for event in &events {
            note_event(folder.path(), event).unwrap();
        }
        // The machine failed while the last line was written.
        let path = folder.path().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"event\":\"made\"");
        std::fs::write(&path, bytes).unwrap();
        let read = read_events(folder.path()).unwrap();
        assert_eq!(read, events);
        let again = made("/b/three", "2026-11-29T03:00:00Z");
        note_event(folder.path(), &again).unwrap();
        assert_eq!(read_events(folder.path()).unwrap().last(), Some(&again));
        let copies = collect_copies(read);
        let files: Vec<&str> = copies.iter().map(|copy| copy.file.as_str()).collect();
        assert_eq!(files, ["/b/two", "/b/one"]);
        assert_eq!((copies[0].good, copies[0].rehearsed_at), (None, None));
        assert_eq!(copies[1].good, Some(true));
    }

    #[test]
    fn a_state_without_a_journal_has_no_copies() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_events(folder.path()).unwrap().is_empty());
        let gone = folder.path().join("gone");
        note_event(&gone, &made("/b/one", "2026-11-27T02:00:00Z")).unwrap();
        assert!(!gone.exists());
    }
}
