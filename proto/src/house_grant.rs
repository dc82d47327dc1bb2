//! Statement `house-grant/1` by which a connector lets its workers run one question of an own user. It takes the place of a
//! contract, for one question on named snapshots, and expires.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ParticipantId, RequestId, SqlIdentifier};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Content of the house grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HouseGrant {
    /// Participant whose users ask and whose datasets are read.
    pub participant: ParticipantId,
    /// Identity of the question.
    pub request: RequestId,
    /// SHA-256 of the question's text.
    pub question: Digest,
    /// Datasets to read, each with the digest of its snapshot.
    pub snapshots: BTreeMap<SqlIdentifier, Digest>,
    /// Time of writing.
    pub issued_at: UtcTimestamp,
    /// First instant after the validity.
    pub ends_at: UtcTimestamp,
}

impl Statement for HouseGrant {
    const FORM: &'static str = "house-grant/1";
    const KIND: StatementKind = StatementKind::HouseGrant;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::statement::{from_bytes, to_bytes};
    use crate::strict_json::LIMITS;
    use hansa_audit_log::digest::Digest;
    use hansa_audit_log::json::to_canonical_bytes;

    #[test]
    fn a_grant_survives_the_round_trip_and_nothing_else_is_one() {
        let agreement = samples::sample_agreement();
        let grant = HouseGrant {
            participant: agreement.provider.id,
            request: RequestId([7; 16]),
            question: Digest::of(b"SELECT 1"),
            snapshots: ["lines", "orders"]
                .map(|name| (name.parse().unwrap(), Digest::of(name.as_bytes())))
                .into(),
            issued_at: agreement.proposed_at,
            ends_at: agreement.proposed_at.plus_micros(1),
        };
        let bytes = to_bytes(&grant);
        assert_eq!(from_bytes::<HouseGrant>(&bytes).unwrap(), grant);
        let json = hansa_audit_log::json::parse_json(&bytes, LIMITS).unwrap();
        for (place, spoilt) in samples::spoilt_documents(&json) {
            // A grant of fewer datasets is another valid grant.
            if place.starts_with(".snapshots-") {
                continue;
            }
            assert!(
                from_bytes::<HouseGrant>(&to_canonical_bytes(&spoilt)).is_err(),
                "{place}"
            );
        }
    }
}
