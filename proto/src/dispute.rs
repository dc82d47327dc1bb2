//! The statement `dispute/1` of a consumer that received something else than the provider's receipt says. It takes the
//! place of the countersignature, and both sides keep both.

use crate::envelope::kind::StatementKind;
use crate::receipt::ResultDigest;
use crate::statement::Statement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ParticipantId, RequestId};
use serde::{Deserialize, Serialize};

/// What the consumer says that it received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisputeStatement {
    /// The question.
    #[serde(rename = "request_id")]
    pub request: RequestId,
    /// SHA-256 of the payload of the receipt that it disputes.
    pub receipt: Digest,
    /// Who answered.
    pub provider: ParticipantId,
    /// Who asked, and signs.
    pub consumer: ParticipantId,
    /// Rows received.
    pub rows: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Digest of what was received.
    #[serde(rename = "result_digest")]
    pub result: ResultDigest,
    /// When it was written.
    pub issued_at: UtcTimestamp,
}

impl Statement for DisputeStatement {
    const FORM: &'static str = "dispute/1";
    const KIND: StatementKind = StatementKind::Dispute;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Consumer);
}
