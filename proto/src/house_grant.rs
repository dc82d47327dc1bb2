//! The statement `house-grant/1`, by which a connector has its workers run one question of its own people: it stands where a
//! contract would stand, for one question over named snapshots, and ends.

use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::id::{ParticipantId, RequestId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use std::collections::BTreeMap;

const FORMAT: &str = "house-grant/1";

/// What is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// A grant as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHouseGrant {
    /// What is granted.
    pub grant: HouseGrant,
    /// The participant's signature.
    pub signature: Signature,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(grant: &HouseGrant) -> Vec<u8> {
    let HouseGrant {
        participant,
        request,
        question,
        snapshots,
        issued_at,
        ends_at,
    } = grant;
    let snapshots = snapshots.iter().map(|(dataset, digest)| {
        Json::object([
            ("dataset", Json::text(dataset)),
            ("digest", Json::text(digest)),
        ])
    });
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("participant", Json::text(participant)),
        ("request", Json::text(request)),
        ("question", Json::text(question)),
        ("snapshots", Json::List(snapshots.collect())),
        ("issuedAt", Json::text(issued_at)),
        ("endsAt", Json::text(ends_at)),
    ]))
}

/// The grant that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<HouseGrant, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let mut snapshots = BTreeMap::new();
    for entry in payload.list("snapshots")? {
        let mut entry = StrictObjectReader::of(entry, "snapshots", codes)?;
        snapshots.insert(entry.parsed("dataset")?, entry.parsed("digest")?);
        entry.finish()?;
    }
    let grant = HouseGrant {
        participant: payload.parsed("participant")?,
        request: payload.parsed("request")?,
        question: payload.parsed("question")?,
        snapshots,
        issued_at: payload.parsed("issuedAt")?,
        ends_at: payload.parsed("endsAt")?,
    };
    payload.finish()?;
    if to_bytes(&grant) != bytes {
        return Err(codes.wrong("a value of the statement is not in its one spelling"));
    }
    Ok(grant)
}

/// Reads a grant in its envelope: exactly one signature, that of the provider.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<SignedHouseGrant, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::HouseGrant)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    Ok(SignedHouseGrant {
        grant: from_bytes(&payload)?,
        signature: envelope::only(signatures)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

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
        assert_eq!(from_bytes(&bytes).unwrap(), grant);
        let json = hansa_audit_log::json::parse(&bytes, LIMITS).unwrap();
        for (place, spoilt) in samples::spoilt(&json) {
            assert!(from_bytes(&canonical(&spoilt)).is_err(), "{place}");
        }
    }
}
