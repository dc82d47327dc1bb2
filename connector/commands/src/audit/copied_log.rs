//! `hansa audit verify FILE`: a copied log or an exported bundle; needs no configuration.

use crate::audit::verification::LogVerification;
use crate::cli::command_report::CommandReport;
use crate::cli::output::OutputSettings;
use crate::cli::terminal::{line_err, line_out};
use hansa_audit_log::note::{self, SignedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{IncidentBody, RecordBody};
use hansa_audit_store::offline;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Checks it, also against the newest head that the file `head` holds.
///
/// # Errors
/// `EVIDENCE_BROKEN` and what else the evidence is refused for.
pub(crate) fn verify_copied_log(
    file: &Path,
    head: Option<&Path>,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let newest = head.map(read_newest_head).transpose()?;
    let mut forks = ForkedLogs::default();
    let report = offline::visit_copy(file, newest.as_ref(), &mut |record: &Record, body| {
        forks.note_record(record, body);
    })?;
    let refusal = report.refusal().or_else(|| forks.refusal());
    show.print_report(&CopiedLogVerification {
        log: LogVerification::of(&report),
        forks,
    });
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(0),
    }
}

/// Result of the verification of a copied log, with the logs that have forked by its records.
#[derive(Serialize)]
struct CopiedLogVerification {
    #[serde(flatten)]
    log: LogVerification,
    forks: ForkedLogs,
}

impl CommandReport for CopiedLogVerification {
    fn to_text(&self) -> String {
        let mut text = self.log.to_text();
        for (log, record) in &self.forks.0 {
            text.push_str(&format!("\n  forked: {log}, record {record}"));
        }
        text
    }
}

/// The logs that have forked, as the records of one tell, each with the record that holds both heads. What its owner has stated
/// since is no longer among them.
#[derive(Default, Serialize)]
struct ForkedLogs(BTreeMap<String, u64>);

impl ForkedLogs {
    fn note_record(&mut self, record: &Record, body: RecordBody) {
        match body {
            RecordBody::Incident(IncidentBody::LogFork(fork)) => {
                self.0.insert(fork.peer, record.seq);
            }
            RecordBody::Incident(IncidentBody::Incident(incident)) => {
                if incident.upto.is_some() {
                    self.0.remove(&incident.peer);
                }
            }
            RecordBody::Incident(
                IncidentBody::ObservedHead(_)
                | IncidentBody::GossipedHead(_)
                | IncidentBody::WitnessedHead(_),
            )
            | RecordBody::Answer(_)
            | RecordBody::Contract(_)
            | RecordBody::Message(_)
            | RecordBody::Publication(_)
            | RecordBody::Configuration(_)
            | RecordBody::Upkeep(_) => {}
        }
    }

    fn refusal(&self) -> Option<Refusal> {
        let (log, record) = self.0.first_key_value()?;
        let sentence = format!(
            "record {record} holds two heads of the log of {log} that do not fit each other, and no statement of it closes that"
        );
        Some(Refusal::new(ErrorCode::LogFork, sentence))
    }
}

/// `hansa audit reconcile --files A B`: as `hansa-verify` does it, with its exit status.
pub(crate) fn reconcile_files(files: &[PathBuf], show: OutputSettings) -> u8 {
    let mut arguments = vec![OsString::from("hansa-verify"), "reconcile".into()];
    if show.json {
        arguments.push("--json".into());
    }
    arguments.extend(files.iter().map(OsString::from));
    let output = hansa_verify::run_program(arguments);
    if !output.out.is_empty() {
        line_out(output.out.trim_end());
    }
    if !output.err.is_empty() {
        line_err(output.err.trim_end());
    }
    output.status
}

/// The last head in a file of heads. A file without one is refused: nothing would be compared, and nobody would know.
fn read_newest_head(file: &Path) -> Result<SignedHead, Refusal> {
    let bytes = hansa_node::process::named_file::read_named_file(file)?;
    // In a log an empty line follows each head; a head that was noted alone has none.
    let text = format!("{}\n\n", String::from_utf8_lossy(&bytes).trim());
    let heads = note::read_all(&text).unwrap_or_default();
    heads.into_iter().next_back().ok_or_else(|| {
        let shown = file.display().to_string();
        Refusal::new(
            ErrorCode::EvidenceIncomplete,
            format!("`{shown}` holds no signed head"),
        )
        .with_place(shown, None, None)
    })
}
