//! Attributes of participants: credentials signed by issuers, and the check of a credential under the trust bundle.
//! The bundle lists the kinds of attributes that each issuer may state. Terms judge an [`AttestedAttribute`], never text.

use crate::contract::signature::{Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::id::ParticipantId;
use crate::refusal::{ErrorCode, Refusal};
use crate::value::region::RegionCode;
use crate::value::sector::SectorCode;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Attribute that an issuer can state of a participant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "value",
    rename_all = "lowercase",
    deny_unknown_fields
)]
pub enum ParticipantAttribute {
    /// Economic sector of the participant.
    Sector(SectorCode),
    /// Region of the participant's seat.
    Region(RegionCode),
}

/// Kinds of attributes. The trust bundle permits each issuer a set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeKind {
    /// Kind of [`ParticipantAttribute::Sector`].
    Sector,
    /// Kind of [`ParticipantAttribute::Region`].
    Region,
}

impl AttributeKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Sector, Self::Region];

    /// Word of the kind in bundles, credentials and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sector => "sector",
            Self::Region => "region",
        }
    }

    /// Kind with this word; none for an unknown word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

hansa_audit_log::serialize_as_word!(AttributeKind);

impl ParticipantAttribute {
    /// Kind of the attribute.
    #[must_use]
    pub const fn kind(&self) -> AttributeKind {
        match self {
            Self::Sector(_) => AttributeKind::Sector,
            Self::Region(_) => AttributeKind::Region,
        }
    }

    /// Value of the attribute as text.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Sector(sector) => sector.to_string(),
            Self::Region(region) => region.to_string(),
        }
    }
}

/// Kinds of attributes that each issuer may state, by the trust bundle.
pub type AttributeIssuers = BTreeMap<ParticipantId, BTreeSet<AttributeKind>>;

/// Credential as read from its envelope. Its signature is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// SHA-256 of the payload.
    pub statement: Digest,
    /// Issuer, which signs the credential.
    pub issuer: ParticipantId,
    /// Participant that the credential is about.
    pub subject: ParticipantId,
    /// Attributes: sorted, without duplicates, at least one.
    pub attributes: Vec<ParticipantAttribute>,
    /// Instant of writing, and first instant of validity.
    pub issued_at: UtcTimestamp,
    /// First instant at which the credential is no longer valid.
    pub until: UtcTimestamp,
    /// The issuer's signature.
    pub signature: Signature,
}

/// Longest validity of a credential, microseconds. Issuers must confirm an attribute at least once a year.
pub const LONGEST: i64 = 366 * 24 * 3600 * 1_000_000;

/// Largest accepted lead of an issuer's clock, microseconds.
const AHEAD: i64 = 5 * 60 * 1_000_000;

/// Trust bundle's statements about issuers of credentials.
#[derive(Debug)]
pub struct CredentialTrust<'a, K: ?Sized> {
    /// Kinds of attributes that each issuer may state.
    pub issuers: &'a AttributeIssuers,
    /// Issuers' keys with their present validity.
    pub keys: &'a K,
    /// Digests of the payloads of revoked credentials.
    pub denied: &'a BTreeSet<Digest>,
}

impl Credential {
    /// Checks the credential for `subject` at `now`, and gives all its attributes.
    ///
    /// # Errors
    /// `CREDENTIAL_INVALID` when it is about another participant, expired, not valid yet, revoked, valid for too long, or by an
    /// issuer that may not state all its attributes; otherwise the code of the signature check.
    pub fn verify<K: SignatureVerifier + ?Sized>(
        &self,
        subject: &ParticipantId,
        stating: &CredentialTrust<'_, K>,
        now: UtcTimestamp,
    ) -> Result<Vec<AttestedAttribute>, Refusal> {
        let refuse = |sentence: String| Err(Refusal::new(ErrorCode::CredentialInvalid, sentence));
        let issuer = self.issuer.domain();
        if self.subject != *subject {
            return refuse(format!(
                "the credential of {issuer} was issued to somebody else"
            ));
        }
        let Some(may) = stating.issuers.get(&self.issuer) else {
            return refuse(format!(
                "{issuer} is not an issuer that the trust bundle names"
            ));
        };
        if let Some(other) = self
            .attributes
            .iter()
            .find(|attribute| !may.contains(&attribute.kind()))
        {
            return refuse(format!(
                "{issuer} may not state a {} by the trust bundle",
                other.kind().as_str()
            ));
        }
        if stating.denied.contains(&self.statement) {
            return refuse(format!(
                "the credential of {issuer} is on the trust bundle's list of what is denied"
            ));
        }
        if self.until <= self.issued_at || self.until > self.issued_at.plus_micros(LONGEST) {
            return refuse(format!(
                "the credential of {issuer} must be valid for 1 to 366 days"
            ));
        }
        if now >= self.until {
            return refuse(format!(
                "the credential of {issuer} expired on {}",
                self.until
            ));
        }
        if now.plus_micros(AHEAD) < self.issued_at {
            return refuse(format!(
                "the credential of {issuer} is valid from {} on",
                self.issued_at
            ));
        }
        stating
            .keys
            .check_signature(&self.issuer, &self.signature, SignaturePurpose::Statement)?;
        let shown = self.attributes.iter().map(|attribute| AttestedAttribute {
            attribute: attribute.clone(),
            supporting_credential: SupportingCredential {
                statement: self.statement,
                until: self.until,
            },
        });
        Ok(shown.collect())
    }
}

/// Attribute of the asking participant, shown by a valid credential. Made by [`Credential::verify`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedAttribute {
    attribute: ParticipantAttribute,
    supporting_credential: SupportingCredential,
}

impl AttestedAttribute {
    /// Attribute that the credential shows.
    #[must_use]
    pub const fn attribute(&self) -> &ParticipantAttribute {
        &self.attribute
    }

    /// Credential that shows the attribute.
    #[must_use]
    pub const fn supporting_credential(&self) -> SupportingCredential {
        self.supporting_credential
    }
}

/// Signed statement that a decision relies on when it admits a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SupportingCredential {
    /// First instant at which the statement is no longer valid.
    pub until: UtcTimestamp,
    /// SHA-256 of the statement's payload.
    pub statement: Digest,
}

/// Attributes of the asking participant that a decision may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresentedAttributes {
    /// Attributes shown by valid credentials.
    pub attested: Vec<AttestedAttribute>,
    /// Refusals of the credentials that were presented and are not valid.
    pub unfit: Vec<Refusal>,
    /// Attributes that a local user assumes in a simulation. No answer may rest on them.
    pub supposed: Vec<ParticipantAttribute>,
}

impl PresentedAttributes {
    /// No attributes.
    pub const NOTHING: Self = Self {
        attested: Vec::new(),
        unfit: Vec::new(),
        supposed: Vec::new(),
    };

    /// Credential for an attribute that satisfies `wanted`. Of several credentials the one with the longest validity.
    #[must_use]
    pub fn supporting_credential(
        &self,
        wanted: impl Fn(&ParticipantAttribute) -> bool,
    ) -> Option<SupportingCredential> {
        self.attested
            .iter()
            .filter(|shown| wanted(&shown.attribute))
            .map(AttestedAttribute::supporting_credential)
            .max()
    }

    /// Adds to the refusal the reasons why presented credentials are not valid.
    #[must_use]
    pub fn explain(&self, refusal: Refusal) -> Refusal {
        self.unfit
            .iter()
            .fold(refusal, |refusal, why| refusal.with_help(&why.sentence))
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

    const ISSUER: &str = "hansa://chamber.example";

    fn credential() -> Credential {
        Credential {
            statement: Digest::of(b"credential"),
            issuer: parse_participant(ISSUER),
            subject: parse_participant(CONSUMER),
            attributes: vec![ParticipantAttribute::Sector("nace:H49".parse().unwrap())],
            issued_at: parse_time("2026-01-01T00:00:00Z"),
            until: parse_time("2026-12-31T00:00:00Z"),
            signature: sample_signature(SignatoryRole::Provider, &sample_party(ISSUER)),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Credential), at: &str, expect: Result<usize, ErrorCode>) {
        let mut credential = credential();
        change(&mut credential);
        let issuers =
            AttributeIssuers::from([(parse_participant(ISSUER), [AttributeKind::Sector].into())]);
        let denied = BTreeSet::from([Digest::of(b"denied")]);
        let stating = CredentialTrust {
            issuers: &issuers,
            keys: &PermissiveKeys,
            denied: &denied,
        };
        let met = credential.verify(&parse_participant(CONSUMER), &stating, parse_time(at));
        assert_eq!(
            met.map(|list| list.len()).map_err(|refusal| refusal.code),
            expect
        );
    }

    #[test]
    fn a_credential_counts_or_is_refused_whole() {
        let now = "2026-06-01T00:00:00Z";
        let invalid = Err(ErrorCode::CredentialInvalid);
        check(|_| {}, now, Ok(1));
        check(
            |one| one.subject = parse_participant(PROVIDER),
            now,
            invalid,
        );
        check(|one| one.issuer = parse_participant(PROVIDER), now, invalid);
        check(|one| one.statement = Digest::of(b"denied"), now, invalid);
        let region = ParticipantAttribute::Region("EU".parse().unwrap());
        check(|one| one.attributes.push(region), now, invalid);
        check(|_| {}, "2026-12-31T00:00:00Z", invalid);
        check(|_| {}, "2026-12-30T23:59:59Z", Ok(1));
        check(|_| {}, "2025-12-31T23:54:59Z", invalid);
        check(|_| {}, "2025-12-31T23:55:00Z", Ok(1));
        check(
            |one| one.until = parse_time("2027-01-03T00:00:00Z"),
            now,
            invalid,
        );
        let never = parse_time("2026-01-01T00:00:00Z");
        check(|one| one.until = never, "2025-12-31T23:59:00Z", invalid);
    }

    #[test]
    fn a_signature_that_does_not_hold_shows_nothing() {
        let issuers =
            AttributeIssuers::from([(parse_participant(ISSUER), [AttributeKind::Sector].into())]);
        let stating = CredentialTrust {
            issuers: &issuers,
            keys: &RejectingKeys,
            denied: &BTreeSet::new(),
        };
        let now = parse_time("2026-06-01T00:00:00Z");
        let met = credential().verify(&parse_participant(CONSUMER), &stating, now);
        assert_eq!(met.unwrap_err().code, ErrorCode::SignatureInvalid);
    }
}
