//! `hansa audit show --proof`: one record, its answer, and the proof that it is in the log.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::log_summary::{Witness, list_witnesses};
use crate::audit::record_format::record_json;
use crate::audit::record_page::find_record;
use crate::cli::command_report::{CommandReport, report_json};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// Reports a record by its index. A few records are read, however long the log is.
pub(super) async fn report_record_proof(
    connector: &Arc<Connector>,
    index: &str,
    out: &EventSink,
) -> CommandResult {
    let place = index.parse::<u64>().map_err(|cause| {
        let sentence = format!("--proof is about one record, and `{index}` is no index");
        Refusal::new(ErrorCode::UsageWrong, sentence).caused_by(cause)
    })?;
    let inner = Arc::clone(connector);
    let proof = run_blocking(move || prove_record(&inner, place)).await?;
    out.send_report(&proof).await?;
    Ok(0)
}

/// Record with the proof that it is in the log.
#[derive(Debug, Serialize)]
struct RecordProof {
    /// Place of the record.
    place: u64,
    /// The record; none where its retention has ended, so that its leaf hash alone is kept.
    record: Option<Value>,
    /// Leaf hash of the record.
    hash: Option<Digest>,
    /// Newest signed head; none where it does not cover the record yet.
    head: Option<ProofHead>,
    /// Inclusion proof under this head (RFC 6962, section 2.1.1).
    proof: Vec<Digest>,
    /// Record that admitted the question of the record, where that is another one.
    permit: Option<Value>,
    /// Record that ended the answer of the record, where that is another one.
    close: Option<Value>,
}

/// Signed head above a record.
#[derive(Debug, Serialize)]
struct ProofHead {
    /// Number of records under the head.
    size: u64,
    /// Head with its signature, as it stands in the file of heads.
    note: SignedHead,
    /// Participants that have cosigned a head above the record.
    witnesses: Vec<Witness>,
}

impl CommandReport for RecordProof {
    fn to_text(&self) -> String {
        serde_json::to_string_pretty(&report_json(self)).unwrap_or_default()
    }
}

fn prove_record(connector: &Connector, place: u64) -> Result<RecordProof, Refusal> {
    let log = &connector.records.log;
    if place >= log.size() {
        let sentence = format!("no record {place} is in the log");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
    }
    let record = find_record(log, place)?;
    let answer = match &record {
        Some(record) => find_answer(connector, record)?,
        None => AnswerPlaces::default(),
    };
    let read_other = |other: Option<u64>| -> Result<Option<Value>, Refusal> {
        let Some(other) = other.filter(|other| *other != place) else {
            return Ok(None);
        };
        Ok(find_record(log, other)?.as_ref().map(record_json))
    };
    let note = log.head();
    let size = note.checkpoint.size;
    let covered = size > place;
    let proof = log.inclusion_proof(place, size).filter(|_| covered);
    let head = match covered {
        false => None,
        true => Some(ProofHead {
            size,
            note,
            witnesses: list_witnesses(connector)?
                .into_iter()
                .filter(|witness| witness.size > place)
                .collect(),
        }),
    };
    Ok(RecordProof {
        place,
        record: record.as_ref().map(record_json),
        hash: log.leaf(place),
        head,
        proof: proof.unwrap_or_default(),
        permit: read_other(answer.permit)?,
        close: read_other(answer.close)?,
    })
}

/// Places of the first and the last record of an answer.
#[derive(Debug, Default)]
struct AnswerPlaces {
    permit: Option<u64>,
    close: Option<u64>,
}

/// Answer that a record is about; empty where it is about none that was given here.
fn find_answer(connector: &Connector, record: &Record) -> Result<AnswerPlaces, Refusal> {
    let body = hansa_audit_store::read_body(record)?;
    let permit = match body.permit_index() {
        None => None,
        Some(permit) => match find_record(&connector.records.log, permit)? {
            Some(permit) => Some(hansa_audit_store::read_body(&permit)?),
            None => None,
        },
    };
    let RecordBody::Answer(answer) = permit.as_ref().unwrap_or(&body) else {
        return Ok(AnswerPlaces::default());
    };
    let (request, peer) = match answer {
        AnswerBody::Permit(permit) => (&permit.request_id, &permit.peer),
        AnswerBody::ReceiptAcknowledgement(word) => (&word.request_id, &word.peer),
        AnswerBody::OneSidedReceipt(receipt) => (&receipt.request_id, &receipt.peer),
        AnswerBody::Cancellation(end) => (&end.request_id, &end.peer),
        AnswerBody::Refusal(_)
        | AnswerBody::RefusalCount(_)
        | AnswerBody::NoNewData(_)
        | AnswerBody::Progress(_)
        | AnswerBody::Close(_)
        | AnswerBody::OpenBlock(_)
        | AnswerBody::RemoteQuery(_)
        | AnswerBody::Received(_)
        | AnswerBody::NotReceived(_)
        | AnswerBody::ModelSeen(_)
        | AnswerBody::ActionCount(_) => return Ok(AnswerPlaces::default()),
    };
    let records = &connector.records;
    let found = records.index(|state| state.answer_to(request, peer))?;
    Ok(
        found.map_or_else(AnswerPlaces::default, |(permit, close)| AnswerPlaces {
            permit: Some(permit),
            close,
        }),
    )
}
