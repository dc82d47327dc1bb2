//! Proofs from the own log for peers: its growth, and the records that concern the caller.

use crate::participant::Connector;
use crate::process::blocking_work::run_blocking;
use bytes::Bytes;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{
    AnswerBody, ContractBody, MessageBody, RecordBody, UpkeepBody,
};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::proof::{self, LogProof, LogProofRequest};
use std::sync::Arc;

/// Returns the requested proof under a newly signed head.
///
/// # Errors
/// If the log never had such a size, or can't be read or signed.
pub(crate) async fn prove_log(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    request: LogProofRequest,
) -> Result<LogProof, Refusal> {
    let most = connector.records.log.size();
    let size = match request {
        LogProofRequest::Consistency { to: Some(to), .. } if to > most => {
            let sentence = format!("the log has {most} records, not {to}");
            return Err(Refusal::new(ErrorCode::MessageMalformed, sentence));
        }
        LogProofRequest::Consistency { to: Some(to), .. } => to,
        LogProofRequest::Consistency { to: None, .. } | LogProofRequest::Records { .. } => most,
    };
    let head = connector
        .records
        .log
        .head_over(size)
        .await
        .map_err(|unwritable| hansa_audit_store::unwritable_log_refusal(&unwritable))?;
    let size = head.checkpoint.size;
    let text = Bytes::from(head.to_string());
    match request {
        LogProofRequest::Consistency { from, to } => {
            // Exactly to the requested size, because the caller may hold a head of it.
            let size = to.unwrap_or(size);
            let hashes = connector
                .records
                .log
                .consistency_proof(from, size)
                .ok_or_else(|| {
                    Refusal::new(
                        ErrorCode::MessageMalformed,
                        format!("the log never had {from} records before {size}"),
                    )
                })?;
            Ok(LogProof::Consistency { hashes, head: text })
        }
        LogProofRequest::Records { from, limit } => {
            let most = limit.map_or(MOST, |limit| {
                usize::try_from(limit).unwrap_or(MOST).min(MOST)
            });
            let (connector, peer) = (Arc::clone(connector), peer.clone());
            let (records, next) = run_blocking(move || {
                read_proven_records(&connector, &peer, LogRange { from, size }, most)
            })
            .await?;
            Ok(LogProof::Records {
                records,
                head: text,
                next,
            })
        }
    }
}

/// Records of a log from a place on, under a head.
#[derive(Clone, Copy)]
struct LogRange {
    /// Place of the first record.
    from: u64,
    /// Number of records under the head.
    size: u64,
}

/// Returns the records of a range that concern a peer, and the place to continue. Each call reads a limited
/// number of records.
fn read_proven_records(
    connector: &Connector,
    peer: &ParticipantId,
    range: LogRange,
    most: usize,
) -> Result<(Vec<proof::ProvenRecord>, Option<u64>), Refusal> {
    let LogRange { from, size } = range;
    let mut records = Vec::new();
    let end = from.saturating_add(LOOKED_AT);
    for record in connector.records.log.read(from) {
        let record = record?;
        if record.seq >= size {
            break;
        }
        if records.len() >= most || record.seq >= end {
            return Ok((records, Some(record.seq)));
        }
        if !concerns_peer(connector, &record, peer) {
            continue;
        }
        let inclusion = connector
            .records
            .log
            .inclusion_proof(record.seq, size)
            .ok_or_else(|| Refusal::new(ErrorCode::Internal, "a record can't be proven"))?;
        records.push(proof::ProvenRecord {
            index: record.seq,
            bytes: Bytes::from(record.to_bytes()),
            inclusion,
        });
    }
    Ok((records, None))
}

/// Checks that a record is about a question by or to this peer, or about a contract or message with it.
pub(crate) fn concerns_peer(connector: &Connector, record: &Record, peer: &ParticipantId) -> bool {
    let Ok(body) = record.read_body() else {
        return false;
    };
    let is_peer = |body: &RecordBody| body.peer() == Some(peer.as_str());
    match &body {
        RecordBody::Answer(answer) => match answer {
            AnswerBody::Permit(_)
            | AnswerBody::NoNewData(_)
            | AnswerBody::Refusal(_)
            | AnswerBody::RefusalCount(_)
            | AnswerBody::ReceiptAcknowledgement(_)
            | AnswerBody::RemoteQuery(_)
            | AnswerBody::Received(_)
            | AnswerBody::NotReceived(_)
            | AnswerBody::OneSidedReceipt(_) => is_peer(&body),
            AnswerBody::Progress(_) | AnswerBody::Close(_) => {
                let opened = body.permit_index();
                let opened =
                    opened.and_then(|opened| connector.records.log.get(opened).ok().flatten());
                opened
                    .and_then(|opened| opened.read_body().ok())
                    .is_some_and(|opened| is_peer(&opened))
            }
            // The name of the own person is no matter of the peer; the end of the answer has the code.
            AnswerBody::OpenBlock(_)
            | AnswerBody::ModelSeen(_)
            | AnswerBody::Cancellation(_)
            | AnswerBody::ActionCount(_) => false,
        },
        RecordBody::Contract(ContractBody::Activation(_)) => {
            body.participants().contains(&peer.as_str())
        }
        RecordBody::Message(MessageBody::Message(_)) => is_peer(&body),
        // An expiry record names the records that a comparison will not find.
        RecordBody::Upkeep(UpkeepBody::Expiry(_)) => true,
        RecordBody::Contract(_)
        | RecordBody::Message(_)
        | RecordBody::Publication(_)
        | RecordBody::Configuration(_)
        | RecordBody::Incident(_)
        | RecordBody::Upkeep(_) => false,
    }
}

const MOST: usize = 1000;

/// Most records that one call reads.
const LOOKED_AT: u64 = 50_000;
