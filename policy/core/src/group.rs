//! Groups: lists of participants that their owner signs and renews. Terms judge a [`GroupMembership`], never text.

use crate::attribute::SupportingCredential;
use crate::contract::signature::{Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::id::ParticipantId;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Name of a group of one participant: `[a-z][a-z0-9_-]{0,62}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(String);

impl GroupName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

hansa_audit_log::serialize_as_text!(GroupName);

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Error of a text that is not a name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a group's name starts with a lower-case letter and holds up to 63 of a-z, 0-9, _ and -")]
pub struct GroupNameError;

impl FromStr for GroupName {
    type Err = GroupNameError;

    fn from_str(text: &str) -> Result<Self, GroupNameError> {
        let mut bytes = text.bytes();
        let head = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let tail = bytes.all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if head && tail && text.len() <= 63 {
            Ok(Self(text.to_owned()))
        } else {
            Err(GroupNameError)
        }
    }
}

/// List of a group's members as read from its envelope. Its signature is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedGroupList {
    /// SHA-256 of the payload.
    pub statement: Digest,
    /// Name of the group.
    pub name: GroupName,
    /// Owner of the group, who signs the list.
    pub owner: ParticipantId,
    /// Serial number of the list, from 1. Each new list of the group has a higher one.
    pub serial: u64,
    /// Members of the group.
    pub members: BTreeSet<ParticipantId>,
    /// Instant of writing.
    pub issued_at: UtcTimestamp,
    /// The owner's signature.
    pub signature: Signature,
}

/// Validity of a list after it was written, microseconds.
pub const COUNTS: i64 = 24 * 3600 * 1_000_000;

/// Age at which the owner's connector renews the list, microseconds.
pub const RENEWED: i64 = COUNTS / 2;

/// Largest accepted lead of the writer's clock, microseconds.
const AHEAD: i64 = 5 * 60 * 1_000_000;

impl SignedGroupList {
    /// Checks that the list is valid at this instant.
    ///
    /// # Errors
    /// `ATTRIBUTE_STALE` when the list is older than 24 hours; `CREDENTIAL_INVALID` when it belongs to another owner or was written
    /// in the future; otherwise the code of the signature check.
    pub fn check<K: SignatureVerifier + ?Sized>(
        &self,
        owner: &ParticipantId,
        keys: &K,
        now: UtcTimestamp,
    ) -> Result<SupportingCredential, Refusal> {
        let name = &self.name;
        if self.owner != *owner {
            let sentence = format!("the list of the group {name} is somebody else's");
            return Err(Refusal::new(ErrorCode::CredentialInvalid, sentence));
        }
        if now.plus_micros(AHEAD) < self.issued_at {
            let sentence = format!("the list of the group {name} is from the future");
            return Err(Refusal::new(ErrorCode::CredentialInvalid, sentence));
        }
        let until = self.issued_at.plus_micros(COUNTS);
        if now >= until {
            return Err(stale_list_refusal(format!(
                "the list of the group {name} was good until {until}"
            )));
        }
        keys.check_signature(owner, &self.signature, SignaturePurpose::Statement)?;
        Ok(SupportingCredential {
            until,
            statement: self.statement,
        })
    }

    /// Checks that `who` is a member of the group by a valid list.
    ///
    /// # Errors
    /// As [`SignedGroupList::check`]; `PARTY_NOT_IN_GROUP` where `who` is not on the list.
    pub fn check_membership<K: SignatureVerifier + ?Sized>(
        &self,
        who: &ParticipantId,
        owner: &ParticipantId,
        keys: &K,
        now: UtcTimestamp,
    ) -> Result<GroupMembership, Refusal> {
        let credential = self.check(owner, keys, now)?;
        if self.members.contains(who) {
            return Ok(GroupMembership(credential));
        }
        let sentence = format!("the asker is no member of the group {}", self.name);
        Err(Refusal::new(ErrorCode::PartyNotInGroup, sentence)
            .with_help(format!("ask {} to add you to the group", owner.domain())))
    }
}

/// Refusal where a list is too old or missing.
#[must_use]
pub fn stale_list_refusal(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::AttributeStale, sentence)
        .with_help("ask the provider to renew it: hansa group show says what stands in its way")
}

/// Membership of the asking participant by a valid list. Made by [`SignedGroupList::check_membership`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMembership(SupportingCredential);

impl GroupMembership {
    /// List that proves the membership.
    #[must_use]
    pub const fn supporting_credential(self) -> SupportingCredential {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::signature::SignatoryRole;
    use crate::fixture::{
        CONSUMER, PROVIDER, PermissiveKeys, RejectingKeys, parse_participant, parse_time,
        sample_party, sample_signature,
    };

    fn group() -> SignedGroupList {
        SignedGroupList {
            statement: Digest::of(b"group"),
            name: "hanse-cities".parse().unwrap(),
            owner: parse_participant(PROVIDER),
            serial: 1,
            members: [parse_participant(CONSUMER)].into(),
            issued_at: parse_time("2026-06-01T00:00:00Z"),
            signature: sample_signature(SignatoryRole::Provider, &sample_party(PROVIDER)),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut SignedGroupList), at: &str, expect: Result<(), ErrorCode>) {
        let mut group = group();
        change(&mut group);
        let (who, owner) = (parse_participant(CONSUMER), parse_participant(PROVIDER));
        let met = group.check_membership(&who, &owner, &PermissiveKeys, parse_time(at));
        assert_eq!(met.map(|_| ()).map_err(|refusal| refusal.code), expect);
    }

    #[test]
    fn a_list_counts_for_a_day_and_for_whom_it_names() {
        let noon = "2026-06-01T12:00:00Z";
        check(|_| {}, noon, Ok(()));
        check(|_| {}, "2026-06-01T23:59:59Z", Ok(()));
        check(
            |_| {},
            "2026-06-02T00:00:00Z",
            Err(ErrorCode::AttributeStale),
        );
        check(|_| {}, "2026-05-31T23:55:00Z", Ok(()));
        check(
            |_| {},
            "2026-05-31T23:54:59Z",
            Err(ErrorCode::CredentialInvalid),
        );
        let other = parse_participant("hansa://other.example");
        let named = other.clone();
        check(
            |one| one.owner = other,
            noon,
            Err(ErrorCode::CredentialInvalid),
        );
        let outside = Err(ErrorCode::PartyNotInGroup);
        check(|one| one.members = [named].into(), noon, outside);
        let (who, owner) = (parse_participant(CONSUMER), parse_participant(PROVIDER));
        let forged = group().check_membership(&who, &owner, &RejectingKeys, parse_time(noon));
        assert_eq!(forged.unwrap_err().code, ErrorCode::SignatureInvalid);
    }

    #[test]
    fn names_of_groups() {
        for good in ["g", "hanse-cities", "a_1"] {
            assert_eq!(good.parse::<GroupName>().unwrap().as_str(), good);
        }
        for bad in ["", "G", "1a", "-a", "a/b", "a b", &"a".repeat(64)] {
            assert!(bad.parse::<GroupName>().is_err(), "{bad}");
        }
    }
}
