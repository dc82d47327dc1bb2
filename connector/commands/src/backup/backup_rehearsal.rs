//! `hansa restore --check`: a copy is put back beside the state, opened as a connector would, read to its last byte and thrown away.

use crate::backup::backup_journal;
use crate::backup::backup_journal::BackupEvent;
use crate::backup::{UnpackedCopy, last_record_text};
use crate::cli::command_report::CommandReport;
use crate::cli::output::{OutputSettings, RefusalReport};
use hansa_audit_log::time::{Clock, UtcTimestamp};
use hansa_audit_store::offline;
use hansa_node::config::ConnectorConfig;
use hansa_node::dataset::snapshot_checks::SnapshotCheck;
use hansa_node::participant::opening;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// Rehearses putting a copy back; the state that is here is only read. Gives the status: that of the first thing that is wrong.
///
/// # Errors
/// When the copy is damaged, or can't be read, unpacked or opened.
pub(crate) async fn rehearse_restore(
    config: &ConnectorConfig,
    file: &Path,
    clock: Clock,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let at = clock().wall;
    let rehearsed = put_back_aside(config, file, clock, show).await;
    if let Err(refusal) = &rehearsed
        && !matches!(
            refusal.code,
            ErrorCode::DiskFull | ErrorCode::FileMissing | ErrorCode::ResourceLimit
        )
    {
        // A copy that can't even be opened was no good copy.
        note_rehearsal(
            config,
            show,
            &BackupEvent::Rehearsed {
                file: backup_journal::journal_path(file),
                at,
                good: false,
                records: 0,
            },
        );
    }
    rehearsed
}

/// Notes a rehearsal. It is good without its note.
fn note_rehearsal(config: &ConnectorConfig, show: OutputSettings, event: &BackupEvent) {
    if let Err(refusal) = backup_journal::note_event(&config.state, event) {
        show.print_warnings(&[refusal]);
    }
}

async fn put_back_aside(
    config: &ConnectorConfig,
    file: &Path,
    clock: Clock,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let (own, named) = (config.clone(), file.to_owned());
    let copy = run_blocking(move || UnpackedCopy::open(&own, &named)).await?;
    let now = clock().wall;
    let mut rehearsed = config.clone();
    rehearsed.state = copy.state_folder();
    let (connector, found) =
        run_blocking(move || opening::open_connector(rehearsed, clock)).await?;
    let inner = connector.clone();
    let checks = run_blocking(move || inner.look_at_snapshots()).await;
    let contracts = connector
        .contracts
        .with_registry(|registry| registry.all_contracts(connector.now()).count());
    connector.close(Duration::from_secs(5)).await;
    drop(connector);
    let checks = checks?;
    let mut faults = found.all_findings();
    faults.extend(checks.iter().filter_map(|check| check.found.clone().err()));
    let event = BackupEvent::Rehearsed {
        file: backup_journal::journal_path(file),
        at: now,
        good: faults.is_empty(),
        records: copy.log.records,
    };
    note_rehearsal(config, show, &event);
    show.print_report(&RehearsalReport {
        restored: false,
        good: faults.is_empty(),
        records: copy.log.records,
        last_record_at: copy.log.span.map(|(_, last)| last),
        newer_records_here: newer_records(config, &copy)?,
        contracts,
        snapshots: checks.iter().filter(|check| check.found.is_ok()).count(),
        snapshot_bytes: checks.iter().filter_map(bytes_of).sum(),
        faults: RefusalReport::list(&faults),
    });
    show.print_refusals(&faults);
    Ok(faults
        .first()
        .map_or(0, |fault| fault.code.kind().exit_code()))
}

/// Rehearsal of a restore.
#[derive(Debug, Serialize)]
struct RehearsalReport {
    restored: bool,
    good: bool,
    /// Records in the log of the copy.
    records: u64,
    last_record_at: Option<UtcTimestamp>,
    /// Records of the log here that the copy lacks; absent: there is no log here.
    newer_records_here: Option<u64>,
    contracts: usize,
    /// Snapshots that are as they were published.
    snapshots: usize,
    snapshot_bytes: u64,
    faults: Vec<RefusalReport>,
}

impl CommandReport for RehearsalReport {
    fn to_text(&self) -> String {
        format!(
            "the copy {}: {} records in its log, the last of {}; {} contracts; {} snapshots as they were published, {} bytes\n\
             {}; nothing here was changed",
            match self.good {
                true => "can be put back",
                false => "has faults",
            },
            self.records,
            last_record_text(self.last_record_at),
            self.contracts,
            self.snapshots,
            self.snapshot_bytes,
            match self.newer_records_here {
                Some(0) => "the log here holds nothing newer".to_owned(),
                Some(newer) =>
                    format!("the log here holds {newer} newer records, which are not in the copy"),
                None => "there is no log here to compare it with".to_owned(),
            },
        )
    }
}

fn bytes_of(check: &SnapshotCheck) -> Option<u64> {
    check.found.as_ref().ok().copied()
}

/// How many records the log here holds that the copy lacks; nothing where there is no log here.
///
/// # Errors
/// `LEDGER_ROLLBACK` where the copy holds more than the log here: one of the two is not what it should be.
fn newer_records(config: &ConnectorConfig, copy: &UnpackedCopy) -> Result<Option<u64>, Refusal> {
    let log = config.state.join("log");
    if !log.exists() {
        return Ok(None);
    }
    // A connector that runs goes on writing: what is there by now is counted.
    let ours = offline::verify_copy(&log, None)?;
    let newer = ours.records.checked_sub(copy.log.records);
    newer.map(Some).ok_or_else(|| {
        Refusal::new(
            ErrorCode::LedgerRollback,
            format!(
                "the log here holds {} records and the copy {}: the log here was put back to an earlier state",
                ours.records, copy.log.records
            ),
        )
    })
}
