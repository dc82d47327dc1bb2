//! `hansa audit`: the log.

pub(crate) mod arguments;
pub(crate) mod copied_log;
mod erasure;
mod expiry_notice;
pub(crate) mod export;
mod incident;
mod kept_content;
mod log_heads;
mod log_summary;
mod processing_record;
mod recall_notice;
mod reconcile;
mod record_filter;
mod record_format;
mod record_page;
mod record_proof;
mod report_tables;
pub(crate) mod verification;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::audit::arguments::{AuditCommand, AuditFilter};
use crate::audit::expiry_notice::tell_expired;
use crate::audit::record_page::{ContinuationReport, PageBounds, RecordListing};
use crate::audit::report_tables::{AuditReportRequest, ReceivedNames};
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, report_json};
use crate::cli::output::render_table;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::Record;
use hansa_node::log::record_keeping::RecordKeeping;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

impl Command for AuditCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List { .. }
            | Self::Summary
            | Self::Show { .. }
            | Self::Person { .. }
            | Self::Verify { .. }
            | Self::Heads
            | Self::Affected { notify: false, .. }
            | Self::Breach { .. }
            | Self::Recipients { .. }
            | Self::Received { .. }
            | Self::Processing { .. } => CommandEffect::Looks,
            Self::Reconcile { .. } => CommandEffect::Judges,
            Self::Affected { notify: true, .. } => {
                CommandEffect::Acts("without --notify it says who would be told")
            }
            Self::Erase {
                question,
                before,
                actor,
                ..
            } => {
                let what = question.as_deref().or(before.as_deref());
                CommandEffect::Ends(match actor {
                    Some(user) => format!("Erasing who {user} was can't be undone."),
                    None => format!(
                        "Erasing the texts of {} can't be undone.",
                        what.unwrap_or_default()
                    ),
                })
            }
            Self::Incident { .. } => CommandEffect::Ends(
                "A signed statement of an incident can't be taken back.".to_owned(),
            ),
            Self::Archive { .. } => {
                CommandEffect::Acts("hansa audit verify says what the archive is")
            }
            Self::Export { .. } => {
                CommandEffect::Acts("hansa audit list shows the records, by the same filters")
            }
        }
    }
}

impl ConnectorVerb for AuditCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Export { output, .. } => vec![NamedFile::Opened(output)],
            Self::Incident { head: file, .. }
            | Self::Affected { output: file, .. }
            | Self::Breach { output: file, .. }
            | Self::Recipients { output: file, .. }
            | Self::Received { output: file, .. }
            | Self::Processing { output: file, .. } => NamedFile::list_opened(file.as_mut()),
            Self::List { .. }
            | Self::Summary
            | Self::Show { .. }
            | Self::Person { .. }
            | Self::Verify { .. }
            | Self::Heads
            | Self::Archive { .. }
            | Self::Erase { .. }
            | Self::Reconcile { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List { .. }
            | Self::Summary
            | Self::Show { .. }
            | Self::Person { .. }
            | Self::Verify { .. }
            | Self::Heads
            | Self::Incident { .. }
            | Self::Export { .. }
            | Self::Affected { .. }
            | Self::Breach { .. }
            | Self::Recipients { .. }
            | Self::Received { .. }
            | Self::Processing { .. }
            | Self::Archive { .. }
            | Self::Erase { .. }
            | Self::Reconcile { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self.effect() {
            // A look leaves no record.
            CommandEffect::Looks => tell_open_refusals(connector, out).await,
            CommandEffect::Judges
            | CommandEffect::Rehearses
            | CommandEffect::Acts(_)
            | CommandEffect::Ends(_) => connector.settle_refusals().await,
        }
        match self {
            AuditCommand::List {
                filter,
                checkpoints,
                before,
                within,
            } => {
                let bounds = PageBounds {
                    before,
                    within,
                    checkpoints,
                };
                list_records(connector, filter, bounds, out).await
            }
            AuditCommand::Summary => log_summary::report_log_summary(connector, out).await,
            AuditCommand::Show {
                id, proof: true, ..
            } => record_proof::report_record_proof(connector, &id, out).await,
            AuditCommand::Show { id, text: true, .. } => {
                kept_content::report_kept_text(connector, &id, out).await
            }
            AuditCommand::Show { id, .. } => show_records(connector, id, out).await,
            AuditCommand::Person { pseudonym } => {
                kept_content::report_person(connector, pseudonym, out).await
            }
            AuditCommand::Verify { .. } => verification::verify_own_log(connector, out).await,
            AuditCommand::Heads => log_heads::report_log_heads(connector, out).await,
            AuditCommand::Incident { cause, since, head } => {
                incident::state_incident(connector, cause, since, head, out).await
            }
            AuditCommand::Export {
                output,
                tiles: true,
                filter,
            } => export::write_tiles(connector, output, filter, out).await,
            AuditCommand::Export { output, filter, .. } => {
                export::write_export(connector, output, filter, out).await
            }
            AuditCommand::Affected {
                snapshot,
                since_good,
                output,
                notify,
            } => {
                if notify {
                    recall_notice::send_recall_notices(connector, &snapshot, since_good, out)
                        .await?;
                }
                let asked = AuditReportRequest::Affected {
                    snapshot,
                    since_good,
                };
                report_tables::write_report_table(connector, asked, output, out).await
            }
            AuditCommand::Breach {
                key,
                contract,
                from,
                to,
                output,
            } => {
                let asked = AuditReportRequest::Breach {
                    key,
                    contract,
                    from,
                    to,
                };
                report_tables::write_report_table(connector, asked, output, out).await
            }
            AuditCommand::Recipients { dataset, output } => {
                report_tables::write_report_table(
                    connector,
                    AuditReportRequest::Recipients(dataset),
                    output,
                    out,
                )
                .await
            }
            AuditCommand::Received {
                participant,
                dataset,
                contract,
                from,
                to,
                output,
            } => {
                let named = ReceivedNames {
                    participant,
                    dataset,
                    contract,
                    from,
                    to,
                };
                let asked = AuditReportRequest::Received(named);
                report_tables::write_report_table(connector, asked, output, out).await
            }
            AuditCommand::Processing {
                format: Some(format),
                ..
            } => processing_record::write_processing_record(connector, format, out).await,
            AuditCommand::Processing {
                format: None,
                output,
            } => {
                report_tables::write_report_table(
                    connector,
                    AuditReportRequest::Processing,
                    output,
                    out,
                )
                .await
            }
            AuditCommand::Erase {
                actor: Some(person),
                ground,
                ..
            } => erasure::erase_person(connector, person, ground, out).await,
            AuditCommand::Erase {
                question,
                before,
                ground,
                ..
            } => erasure::erase_question_texts(connector, question, before, ground, out).await,
            AuditCommand::Archive { keep } => archive_segments(connector, keep, out).await,
            AuditCommand::Reconcile { participant, .. } => {
                reconcile::reconcile_with_peer(connector, &participant.unwrap_or_default(), out)
                    .await
            }
        }
    }
}

/// Says how many refusals of the last minutes are in no record yet.
async fn tell_open_refusals(connector: &Connector, out: &EventSink) {
    let open = connector.count_open_refusals().await;
    if open > 0 {
        out.send_notice(format!(
            "{open} refusals of the last two minutes are in no record yet; the sum of a minute is recorded after it"
        ))
        .await;
    }
}

async fn list_records(
    connector: &Arc<Connector>,
    filter: AuditFilter,
    bounds: PageBounds,
    out: &EventSink,
) -> CommandResult {
    tell_expired(connector, out).await;
    let inner = Arc::clone(connector);
    let listed =
        run_blocking(move || record_page::read_newest_records(&inner, &filter, bounds)).await?;
    let RecordListing {
        records,
        left_out,
        continues_before,
        unjudged,
    } = listed;
    let mut rows = Vec::new();
    for record in &records {
        out.send_object(record_format::record_json(record), "")
            .await?;
        rows.push(record_format::record_cells(record));
    }
    out.send_text(render_table(&record_format::HEADER, &rows))
        .await?;
    if let Some(continues_before) = continues_before.filter(|_| bounds.within.is_some()) {
        let report = ContinuationReport { continues_before };
        let text = format!("older records: --before {continues_before}");
        out.send_object(report_json(&report), &text).await?;
    }
    if left_out > 0 {
        out.send_notice(format!(
            "{left_out} records that tell of signed heads are left out; --checkpoints shows them"
        ))
        .await;
    }
    if unjudged > 0 {
        out.send_notice(format!(
            "{unjudged} ends of own questions are left out: their beginnings, which say what they are about, are not among the {} records before each; hansa audit export reads the whole log",
            record_page::SEARCHED
        ))
        .await;
    }
    Ok(0)
}

async fn show_records(connector: &Arc<Connector>, id: String, out: &EventSink) -> CommandResult {
    let inner = Arc::clone(connector);
    let records = run_blocking(move || find_records(&inner, &id)).await?;
    for record in &records {
        let inner = Arc::clone(connector);
        let asked = record.clone();
        let sql = run_blocking(move || erasure::text(&inner, &asked)).await?;
        out.send_report(&ShownRecord {
            record: record_format::record_json(record),
            sql,
            people: erasure::RecordPeople::of(connector, record)?,
        })
        .await?;
    }
    Ok(0)
}

/// Record as it stands in the log, with what is kept beside the log.
#[derive(Debug, Serialize)]
struct ShownRecord {
    #[serde(flatten)]
    record: Value,
    /// Text of its question.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
    #[serde(flatten)]
    people: erasure::RecordPeople,
}

impl CommandReport for ShownRecord {
    fn to_text(&self) -> String {
        serde_json::to_string_pretty(&report_json(self)).unwrap_or_default()
    }
}

async fn archive_segments(
    connector: &Arc<Connector>,
    keep: usize,
    out: &EventSink,
) -> CommandResult {
    // The heads say of the hashes that stay that they are those of the records that go.
    let _head = sign_current_head(&connector.records).await?;
    let inner = Arc::clone(connector);
    let moved = run_blocking(move || {
        // One run after another: two would copy into the same file, and count the same segments twice.
        let _one = inner.records.archive_lock.lock();
        hansa_audit_store::archive::archive_segments(&inner.records.log, keep)
    })
    .await?;
    for one in &moved {
        let report = SegmentReport {
            segment: &one.name,
            first: one.first,
            end: one.end,
            sha256: one.sha256,
        };
        out.send_object(report_json(&report), "").await?;
    }
    let records = moved.last().map_or(0, |one| one.end);
    let text = if moved.is_empty() {
        "no file is full, or all that are stay".to_owned()
    } else {
        format!(
            "{} files with the records before {records} are in the archive",
            moved.len()
        )
    };
    out.send_text(text).await?;
    Ok(0)
}

/// File of records that was moved to the archive.
#[derive(Debug, Serialize)]
struct SegmentReport<'a> {
    segment: &'a str,
    /// Place of its first record.
    first: u64,
    /// Place after its last record.
    end: u64,
    sha256: Digest,
}

/// Whose question a record is about: as it says, or as the permit says that it names.
fn peer_of(connector: &Connector, record: &Record) -> Option<String> {
    record_format::record_field(record, "peer").or_else(|| {
        let permit = record_format::record_field(record, "opened")?
            .parse::<u64>()
            .ok()?;
        let permit = connector.records.log.get(permit).ok().flatten()?;
        record_format::record_field(&permit, "peer")
    })
}

/// The record of an index with what belongs to it, or the records of a question.
fn find_records(connector: &Connector, id: &str) -> Result<Vec<Record>, Refusal> {
    let (first, request) = match id.parse::<u64>() {
        Err(_) => (None, Some(id.to_owned())),
        Ok(index) => {
            let record = connector.records.log.get(index)?;
            let request = record
                .as_ref()
                .and_then(|record| record_format::record_field(record, "request_id"));
            (record, request)
        }
    };
    let index = first.as_ref().map(|record| record.seq);
    // Another peer may have drawn the same identity: a record that is named by its index is of one of them.
    let peer = first.as_ref().and_then(|record| peer_of(connector, record));
    let mut found: Vec<Record> = first.into_iter().collect();
    for record in connector
        .records
        .log
        .read(index.map_or(0, |index| index.saturating_add(1)))
    {
        let record = record?;
        let of_request = request.as_ref().is_some_and(|request| {
            record_format::record_field(&record, "request_id")
                .is_some_and(|one| one.starts_with(request))
        });
        let of_request = of_request && (peer.is_none() || peer_of(connector, &record) == peer);
        let closes = index.is_some_and(|index| {
            record_format::record_field(&record, "opened")
                .is_some_and(|opened| opened == index.to_string())
        });
        if of_request || closes {
            found.push(record);
        }
    }
    if found.is_empty() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("no record or question `{id}` is in the log"),
        ));
    }
    Ok(found)
}

/// A signed head over the log as it stands.
pub(crate) async fn sign_current_head(records: &RecordKeeping) -> Result<SignedHead, Refusal> {
    records
        .log
        .head_over(records.log.size())
        .await
        .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))
}
