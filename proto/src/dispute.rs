//! Statement `dispute/1` of a consumer whose received data differs from the provider's receipt. It takes the place of the
//! countersignature, and both parties store receipt and dispute.

use crate::envelope::kind::StatementKind;
use crate::receipt::ResultDigest;
use crate::statement::Statement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ParticipantId, RequestId};
use serde::{Deserialize, Serialize};

/// Received data according to the consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DisputeStatement {
    /// Identity of the question.
    #[serde(rename = "request_id")]
    pub request: RequestId,
    /// SHA-256 of the payload of the disputed receipt.
    pub receipt: Digest,
    /// Provider that answered.
    pub provider: ParticipantId,
    /// Consumer that asked, and signs.
    pub consumer: ParticipantId,
    /// Received rows.
    pub rows: u64,
    /// Received bytes.
    pub bytes: u64,
    /// Digest of the received data.
    #[serde(rename = "result_digest")]
    pub result: ResultDigest,
    /// Time of writing.
    pub issued_at: UtcTimestamp,
}

impl Statement for DisputeStatement {
    const FORM: &'static str = "dispute/1";
    const KIND: StatementKind = StatementKind::Dispute;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Consumer);
}
