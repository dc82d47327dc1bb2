//! Newest head of a log for a cosignature: the proofs that it extends earlier heads, and the reply of the witness.

use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;

/// Request for a cosignature on the own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadSubmission {
    /// Newest signed head.
    pub head: Bytes,
    /// Proofs that the log grew to this head.
    pub growth: Vec<HeadConsistencyProof>,
    /// Newest head of the other side's log, cosigned; absent if there is no new one.
    pub witnessed: Option<Bytes>,
}

/// Proof that a log grew from an earlier size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadConsistencyProof {
    /// Earlier size.
    pub from: u64,
    /// Hashes of the proof, in order.
    pub hashes: Vec<Digest>,
}

/// Reply of the witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CosignOutcome {
    /// The log has grown correctly; the cosigned head.
    Witnessed(Bytes),
    /// Proofs from these heads are missing.
    Wanted(Vec<Bytes>),
    /// The log does not extend this head.
    Refuted(Bytes),
}

/// Most earlier heads from which proofs are requested or given.
pub const EARLIER: usize = 16;

/// Reads a request from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn request_from_wire(message: pb::WitnessRequest) -> Result<HeadSubmission, Refusal> {
    let pb::WitnessRequest {
        head,
        growth,
        witnessed,
    } = message;
    check_entry_count("growth", growth.len())?;
    Ok(HeadSubmission {
        head: field::require_document("head", head)?,
        growth: growth
            .into_iter()
            .map(|message| {
                let pb::Growth { from, hashes } = message;
                let hashes = field::read_digests("hashes", hashes)?;
                Ok(HeadConsistencyProof { from, hashes })
            })
            .collect::<Result<_, Refusal>>()?,
        witnessed: field::non_empty(witnessed),
    })
}

/// Writes a request as a wire message.
#[must_use]
pub fn request_to_wire(submission: &HeadSubmission) -> pb::WitnessRequest {
    let HeadSubmission {
        head,
        growth,
        witnessed,
    } = submission;
    pb::WitnessRequest {
        head: head.clone(),
        growth: growth
            .iter()
            .map(|HeadConsistencyProof { from, hashes }| pb::Growth {
                from: *from,
                hashes: field::digests_to_bytes(hashes),
            })
            .collect(),
        witnessed: witnessed.clone().unwrap_or_default(),
    }
}

/// Reads a reply from its wire message.
///
/// # Errors
/// `MESSAGE_MALFORMED` or `MESSAGE_TOO_LARGE`.
pub fn from_wire(message: pb::WitnessReply) -> Result<CosignOutcome, Refusal> {
    let pb::WitnessReply {
        witnessed,
        wanted,
        refuted,
    } = message;
    check_entry_count("wanted", wanted.len())?;
    let filled = [witnessed.is_empty(), wanted.is_empty(), refuted.is_empty()];
    match filled {
        [false, true, true] => Ok(CosignOutcome::Witnessed(field::require_document(
            "witnessed",
            witnessed,
        )?)),
        [true, false, true] => {
            let heads = wanted
                .into_iter()
                .map(|head| field::require_document("wanted", head));
            Ok(CosignOutcome::Wanted(heads.collect::<Result<_, _>>()?))
        }
        [true, true, false] => Ok(CosignOutcome::Refuted(field::require_document(
            "refuted", refuted,
        )?)),
        _ => Err(field::malformed_message_refusal(
            "the reply must hold a cosigned head, or heads that are wanted, or one that is refuted",
        )),
    }
}

/// Writes a reply as a wire message.
#[must_use]
pub fn to_wire(outcome: &CosignOutcome) -> pb::WitnessReply {
    let mut reply = pb::WitnessReply {
        witnessed: Bytes::new(),
        wanted: Vec::new(),
        refuted: Bytes::new(),
    };
    match outcome {
        CosignOutcome::Witnessed(head) => reply.witnessed = head.clone(),
        CosignOutcome::Wanted(heads) => reply.wanted = heads.clone(),
        CosignOutcome::Refuted(head) => reply.refuted = head.clone(),
    }
    reply
}

fn check_entry_count(field: &str, count: usize) -> Result<(), Refusal> {
    if count <= EARLIER {
        return Ok(());
    }
    Err(field::malformed_message_refusal(format!(
        "`{field}` holds {count} entries; at most {EARLIER} are read"
    )))
}

#[cfg(test)]
mod tests {
    use super::{CosignOutcome, EARLIER, HeadConsistencyProof, HeadSubmission};
    use crate::peer::pb;
    use hansa_audit_log::digest::Digest;

    fn shown() -> HeadSubmission {
        HeadSubmission {
            head: "a head".into(),
            growth: vec![HeadConsistencyProof {
                from: 3,
                hashes: vec![Digest::of(b"1")],
            }],
            witnessed: Some("another".into()),
        }
    }

    #[test]
    fn what_is_shown_and_seen_survives_the_round_trip() {
        let back = super::request_from_wire(super::request_to_wire(&shown())).unwrap();
        assert_eq!(back, shown());
        for outcome in [
            CosignOutcome::Witnessed("head".into()),
            CosignOutcome::Wanted(vec!["one".into(), "two".into()]),
            CosignOutcome::Refuted("head".into()),
        ] {
            assert_eq!(super::from_wire(super::to_wire(&outcome)).unwrap(), outcome);
        }
    }

    #[test]
    fn a_reply_says_one_thing_and_lists_are_short() {
        let empty = super::to_wire(&CosignOutcome::Wanted(Vec::new()));
        let both = pb::WitnessReply {
            witnessed: "head".into(),
            refuted: "head".into(),
            ..empty.clone()
        };
        let many = super::to_wire(&CosignOutcome::Wanted(vec!["h".into(); EARLIER + 1]));
        for reply in [empty, both, many] {
            let refusal = super::from_wire(reply).unwrap_err();
            assert_eq!(refusal.code.as_str(), "MESSAGE_MALFORMED");
        }
        let mut long = shown();
        long.growth = vec![long.growth.remove(0); EARLIER + 1];
        let refusal = super::request_from_wire(super::request_to_wire(&long)).unwrap_err();
        assert_eq!(refusal.code.as_str(), "MESSAGE_MALFORMED");
    }
}
