//! `hansa audit reconcile`: what both logs say of each question, side by side.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::{ReportRow, report_table};
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::note::Checkpoint;
use hansa_audit_log::reconcile::{
    AnswerSummary, ComparedAnswer, Reconciliation, ReconciliationFinding, reconcile_answers,
};
use hansa_audit_log::record::Record;
use hansa_audit_log::tree;
use hansa_audit_store::answers::AnswerCollector;
use hansa_node::log::record_keeping::RecordKeeping;
use hansa_node::participant::Connector;
use hansa_node::peer::mailbox;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::proof::{self, LogProof, LogProofRequest};
use hansa_transport::peer::client::PeerClient;
use serde::Serialize;
use std::sync::Arc;

/// Compares the own log with that of a peer; the exit status says whether they agree.
pub(super) async fn reconcile_with_peer(
    connector: &Arc<Connector>,
    named: &str,
    out: &EventSink,
) -> CommandResult {
    let peer = connector.find_peer(named)?;
    let _ = mailbox::exchange_messages(connector, &peer).await;
    // Greeted anew, the peer shows its newest head, which must continue those that it has shown before.
    connector.hang_up(&peer.id).await;
    let client = connector.call_peer(&peer).await?;
    let theirs = fetch_peer_answers(connector, &client, &peer.id).await?;
    let inner = Arc::clone(connector);
    let ours = run_blocking(move || read_own_answers(&inner.records)).await?;
    let (own, other) = (connector.id(), peer.id.as_str());
    // What one of the logs keeps no longer can't be compared.
    let since = ours.comparable_from(&theirs);
    let asked = reconcile_answers(
        &theirs.answers_to_peer(own.as_str(), since),
        &ours.received_from(other, since),
    );
    let given = reconcile_answers(
        &ours.answers_to_peer(other, since),
        &theirs.received_from(own.as_str(), since),
    );
    let both = [("we asked", asked), ("they asked", given)];
    let mut rows = Vec::new();
    for (direction, found) in &both {
        for compared in &found.requests {
            let row = ComparisonReport::new(direction, compared);
            out.send_row(&row).await?;
            rows.push(row);
        }
    }
    if let Some(since) = since {
        out.send_notice(format!(
            "compared is what was asked since {since}: older decisions are past their retention"
        ))
        .await;
    }
    out.send_text(format!(
        "{}\n{}",
        report_table(&rows),
        summarise_reconciliations(&both)
    ))
    .await?;
    if let Some(fork) = connector.fork_of(&peer.id)? {
        return Err(fork.into());
    }
    Ok(if both.iter().all(|(_, found)| found.is_clean()) {
        0
    } else {
        ErrorCode::ReceiptMismatch.kind().exit_code()
    })
}

/// What the own log says.
fn read_own_answers(records: &RecordKeeping) -> Result<AnswerCollector, Refusal> {
    let mut answers = AnswerCollector::new();
    for record in records.log.read(0) {
        let record = record?;
        answers.add_record(&record, &hansa_audit_store::read_body(&record)?);
    }
    Ok(answers)
}

/// What the peer's log says, as far as it concerns us; each record is proven to be in the log that the peer signed.
async fn fetch_peer_answers(
    connector: &Connector,
    client: &PeerClient,
    peer: &ParticipantId,
) -> Result<AnswerCollector, Refusal> {
    let mut answers = AnswerCollector::new();
    let mut from = 0;
    loop {
        let request = LogProofRequest::Records { from, limit: None };
        let LogProof::Records {
            records,
            head,
            next,
        } = client.fetch_proof(request).await?
        else {
            return Err(Refusal::new(
                ErrorCode::PeerDataInvalid,
                "the participant sent a proof of something else than was requested",
            )
            .with_participant(peer.clone()));
        };
        connector.follow_head(client, &head).await?;
        let head = connector.checked_head(peer, &head).ok_or_else(|| {
            Refusal::new(
                ErrorCode::EvidenceBroken,
                format!("the head of the log of {} does not verify", peer.domain()),
            )
            .with_participant(peer.clone())
        })?;
        for record in &records {
            let record = verify_proven_record(peer, record, &head.checkpoint)?;
            answers.add_record(&record, &hansa_audit_store::read_body(&record)?);
        }
        match next {
            Some(next) if next > from => from = next,
            _ => return Ok(answers),
        }
    }
}

fn verify_proven_record(
    peer: &ParticipantId,
    record: &proof::ProvenRecord,
    head: &Checkpoint,
) -> Result<Record, Refusal> {
    let leaf = tree::leaf_hash(&record.bytes);
    let included =
        tree::check_inclusion(record.index, head.size, leaf, &record.inclusion, head.root);
    Record::from_bytes(&record.bytes)
        .ok()
        .filter(|_| included)
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::EvidenceBroken,
                format!(
                    "record {} of {} is not in the log that it signed",
                    record.index,
                    peer.domain()
                ),
            )
            .with_participant(peer.clone())
        })
}

/// Question as both logs have it.
#[derive(Debug, Serialize)]
struct ComparisonReport<'a> {
    direction: &'a str,
    request: &'a str,
    finding: &'static str,
    provider: Option<SideReport<'a>>,
    consumer: Option<SideReport<'a>>,
    /// Fields in which the two sides differ.
    #[serde(skip)]
    difference: String,
}

/// Question as one of the logs has it.
#[derive(Debug, Serialize)]
struct SideReport<'a> {
    rows: u64,
    bytes: u64,
    /// Bound of an answer that its provider has not counted.
    at_most: Option<AnswerBound>,
    outcome: &'a str,
    acknowledged: bool,
}

impl<'a> ComparisonReport<'a> {
    fn new(direction: &'a str, compared: &'a ComparedAnswer) -> Self {
        Self {
            direction,
            request: &compared.request_id,
            finding: compared.finding.as_str(),
            provider: compared.provider.as_ref().map(SideReport::of),
            consumer: compared.consumer.as_ref().map(SideReport::of),
            difference: describe_difference(&compared.finding),
        }
    }
}

impl<'a> SideReport<'a> {
    fn of(line: &'a AnswerSummary) -> Self {
        Self {
            rows: line.rows,
            bytes: line.bytes,
            at_most: line.at_most.filter(|_| line.is_uncounted()),
            outcome: &line.outcome,
            acknowledged: line.acknowledged,
        }
    }

    fn rows_text(&self) -> String {
        match self.at_most {
            Some(bound) => format!("at most {}", bound.rows),
            None => self.rows.to_string(),
        }
    }
}

impl ReportRow for ComparisonReport<'_> {
    const HEADER: &'static [&'static str] = &["", "QUESTION", "ROWS", "OUTCOME", "FINDING", ""];

    fn cells(&self) -> Vec<String> {
        let side = self.provider.as_ref().or(self.consumer.as_ref());
        vec![
            self.direction.to_owned(),
            self.request.chars().take(12).collect(),
            side.map_or_else(String::new, SideReport::rows_text),
            side.map_or_else(String::new, |side| side.outcome.to_owned()),
            self.finding.to_owned(),
            self.difference.clone(),
        ]
    }
}

fn describe_difference(finding: &ReconciliationFinding) -> String {
    match finding {
        ReconciliationFinding::Mismatch(differences) => differences
            .iter()
            .map(|one| format!("{} {} / {}", one.field, one.provider, one.consumer))
            .collect::<Vec<_>>()
            .join(", "),
        _ => String::new(),
    }
}

fn summarise_reconciliations(both: &[(&str, Reconciliation)]) -> String {
    let findings = || {
        both.iter()
            .flat_map(|(_, found)| &found.requests)
            .map(|compared| &compared.finding)
    };
    let matched = findings()
        .filter(|finding| matches!(finding, ReconciliationFinding::Matched))
        .count();
    format!(
        "{matched} of {} answers matched on both sides",
        findings().count()
    )
}
