//! The statement `house-grant/1`, by which a connector has its workers run one question of its own people: it stands where a
//! contract would stand, for one question over named snapshots, and ends.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ParticipantId, RequestId, SqlIdentifier};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HouseGrant {
    /// Whose people ask, and whose datasets they are.
    pub participant: ParticipantId,
    /// The question's identity.
    pub request: RequestId,
    /// SHA-256 of its text.
    pub question: Digest,
    /// The datasets that it reads, each with the digest of its snapshot.
    pub snapshots: BTreeMap<SqlIdentifier, Digest>,
    /// When it was written.
    pub issued_at: UtcTimestamp,
    /// The first instant at which it counts no more.
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
    use hansa_audit_log::json::canonical;

    #[test]
    fn a_grant_survives_the_round_trip_and_nothing_else_is_one() {
        let agreement = samples::agreement();
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
        let json = hansa_audit_log::json::parse(&bytes, LIMITS).unwrap();
        for (place, spoilt) in samples::spoilt(&json) {
            // A grant of fewer datasets is another grant.
            if place.starts_with(".snapshots-") {
                continue;
            }
            assert!(
                from_bytes::<HouseGrant>(&canonical(&spoilt)).is_err(),
                "{place}"
            );
        }
    }
}
