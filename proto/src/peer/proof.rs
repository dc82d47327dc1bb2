//! Proofs that a peer may request from our log: its growth, and the records that concern the peer.

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;

/// Requested proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogProofRequest {
    /// Proof that the log of size `to` extends the log of size `from`.
    Consistency {
        /// Older size.
        from: u64,
        /// Newer size; absent: the newest.
        to: Option<u64>,
    },
    /// Records that concern the caller.
    Records {
        /// First index.
        from: u64,
        /// Most records; absent: the provider decides.
        limit: Option<u32>,
    },
}

/// Proof from a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogProof {
    /// Proof of growth.
    Consistency {
        /// Hashes in order.
        hashes: Vec<Digest>,
        /// Signed head of the newer size.
        head: Bytes,
    },
    /// Proof of records.
    Records {
        /// Records in order.
        records: Vec<ProvenRecord>,
        /// Signed head under which the records are proven.
        head: Bytes,
        /// Continuation; absent: no more records.
        next: Option<u64>,
    },
}

/// Record with its inclusion proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenRecord {
    /// Index of the record.
    pub index: u64,
    /// Bytes of the record as in the log.
    pub bytes: Bytes,
    /// Inclusion proof under the head, from the leaf to the root.
    pub inclusion: Vec<Digest>,
}

/// Most records of one reply.
const RECORDS: usize = 10_000;

/// Reads a request from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED`.
pub fn request_from_wire(message: pb::ProofRequest) -> Result<LogProofRequest, Refusal> {
    let pb::ProofRequest { of } = message;
    Ok(match field::require_value("of", of)? {
        pb::proof_request::Of::Consistency(message) => {
            let pb::ConsistencyRequest { from, to } = message;
            LogProofRequest::Consistency {
                from,
                to: (to > 0).then_some(to),
            }
        }
        pb::proof_request::Of::Records(message) => {
            let pb::RecordsRequest { from, limit } = message;
            LogProofRequest::Records {
                from,
                limit: (limit > 0).then_some(limit),
            }
        }
    })
}

/// Writes a request as a wire message.
#[must_use]
pub fn request_to_wire(request: LogProofRequest) -> pb::ProofRequest {
    let of = match request {
        LogProofRequest::Consistency { from, to } => {
            pb::proof_request::Of::Consistency(pb::ConsistencyRequest {
                from,
                to: to.unwrap_or(0),
            })
        }
        LogProofRequest::Records { from, limit } => {
            pb::proof_request::Of::Records(pb::RecordsRequest {
                from,
                limit: limit.unwrap_or(0),
            })
        }
    };
    pb::ProofRequest { of: Some(of) }
}

/// Reads a proof from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn from_wire(message: pb::ProofReply) -> Result<LogProof, Refusal> {
    let pb::ProofReply { of } = message;
    match field::require_value("of", of)? {
        pb::proof_reply::Of::Consistency(message) => {
            let pb::Consistency { hashes, head } = message;
            Ok(LogProof::Consistency {
                hashes: field::read_digests("hashes", hashes)?,
                head: field::require_document("head", head)?,
            })
        }
        pb::proof_reply::Of::Records(message) => {
            let pb::Records {
                records,
                head,
                next,
            } = message;
            if records.len() > RECORDS {
                return Err(field::malformed_message_refusal(format!(
                    "the reply holds {} records; at most {RECORDS} are read",
                    records.len()
                )));
            }
            Ok(LogProof::Records {
                records: records
                    .into_iter()
                    .map(record_from_wire)
                    .collect::<Result<_, _>>()?,
                head: field::require_document("head", head)?,
                next: (next > 0).then_some(next),
            })
        }
    }
}

/// Writes a proof as a wire message.
#[must_use]
pub fn to_wire(proof: &LogProof) -> pb::ProofReply {
    let of = match proof {
        LogProof::Consistency { hashes, head } => {
            pb::proof_reply::Of::Consistency(pb::Consistency {
                hashes: field::digests_to_bytes(hashes),
                head: head.clone(),
            })
        }
        LogProof::Records {
            records,
            head,
            next,
        } => pb::proof_reply::Of::Records(pb::Records {
            records: records.iter().map(record_to_wire).collect(),
            head: head.clone(),
            next: next.unwrap_or(0),
        }),
    };
    pb::ProofReply { of: Some(of) }
}

fn record_from_wire(message: pb::Record) -> Result<ProvenRecord, Refusal> {
    let pb::Record {
        index,
        bytes,
        inclusion,
    } = message;
    Ok(ProvenRecord {
        index,
        bytes: field::require_document("bytes", bytes)?,
        inclusion: field::read_digests("inclusion", inclusion)?,
    })
}

fn record_to_wire(record: &ProvenRecord) -> pb::Record {
    let ProvenRecord {
        index,
        bytes,
        inclusion,
    } = record;
    pb::Record {
        index: *index,
        bytes: bytes.clone(),
        inclusion: field::digests_to_bytes(inclusion),
    }
}

#[cfg(test)]
mod tests {
    use super::{LogProof, LogProofRequest, ProvenRecord};
    use hansa_audit_log::digest::Digest;

    #[test]
    fn proofs_survive_the_round_trip() {
        for request in [
            LogProofRequest::Consistency { from: 3, to: None },
            LogProofRequest::Consistency {
                from: 3,
                to: Some(9),
            },
            LogProofRequest::Records {
                from: 0,
                limit: Some(5),
            },
        ] {
            let back = super::request_from_wire(super::request_to_wire(request)).unwrap();
            assert_eq!(back, request);
        }
        for proof in [
            LogProof::Consistency {
                hashes: vec![Digest::of(b"1"), Digest::of(b"2")],
                head: "note".into(),
            },
            LogProof::Records {
                records: vec![ProvenRecord {
                    index: 0,
                    bytes: "{}".into(),
                    inclusion: vec![Digest::of(b"x")],
                }],
                head: "note".into(),
                next: Some(4),
            },
        ] {
            assert_eq!(super::from_wire(super::to_wire(&proof)).unwrap(), proof);
        }
    }
}
