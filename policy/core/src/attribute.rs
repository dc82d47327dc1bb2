//! What issuers state of participants, as signed credentials, and which of them count: whether the trust bundle lets an
//! issuer state such a thing, and of whom and until when it is said. A term is judged by what comes out here, never by text.

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

/// What can be stated of a participant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "value",
    rename_all = "lowercase",
    deny_unknown_fields
)]
pub enum ParticipantAttribute {
    /// What it works in.
    Sector(SectorCode),
    /// Where it sits.
    Region(RegionCode),
}

/// The kinds of attributes: what a trust bundle lets an issuer state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeKind {
    /// [`ParticipantAttribute::Sector`].
    Sector,
    /// [`ParticipantAttribute::Region`].
    Region,
}

impl AttributeKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Sector, Self::Region];

    /// Its word in bundles, credentials and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sector => "sector",
            Self::Region => "region",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

hansa_audit_log::serialize_as_word!(AttributeKind);

impl ParticipantAttribute {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> AttributeKind {
        match self {
            Self::Sector(_) => AttributeKind::Sector,
            Self::Region(_) => AttributeKind::Region,
        }
    }

    /// Its value as text.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Sector(sector) => sector.to_string(),
            Self::Region(region) => region.to_string(),
        }
    }
}

/// Who may state what, by the trust bundle.
pub type AttributeIssuers = BTreeMap<ParticipantId, BTreeSet<AttributeKind>>;

/// A credential as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// Who states it, and signs.
    pub issuer: ParticipantId,
    /// Of whom.
    pub subject: ParticipantId,
    /// What; sorted, none twice, at least one.
    pub attributes: Vec<ParticipantAttribute>,
    /// When it was written, and from when it counts.
    pub issued_at: UtcTimestamp,
    /// First instant at which it no longer counts.
    pub until: UtcTimestamp,
    /// The issuer's signature.
    pub signature: Signature,
}

/// The longest that a credential may count, microseconds: what it says is looked at again each year.
pub const LONGEST: i64 = 366 * 24 * 3600 * 1_000_000;

/// By how much an issuer's clock may be ahead, microseconds.
const AHEAD: i64 = 5 * 60 * 1_000_000;

/// What the trust bundle says of statements about participants.
#[derive(Debug)]
pub struct CredentialTrust<'a, K: ?Sized> {
    /// Who may state what.
    pub issuers: &'a AttributeIssuers,
    /// The issuers' keys, as they count now.
    pub keys: &'a K,
    /// Statements that no longer count, by their digests.
    pub denied: &'a BTreeSet<Digest>,
}

impl Credential {
    /// What it shows of `subject` at `now`: all that it states, or nothing.
    ///
    /// # Errors
    /// `CREDENTIAL_INVALID` when it is of somebody else, over, not begun, denied, too long, or by an issuer that may not
    /// state all of it; the code of the signature's fault.
    pub fn verify<K: SignatureVerifier + ?Sized>(
        &self,
        subject: &ParticipantId,
        stating: &CredentialTrust<'_, K>,
        now: UtcTimestamp,
    ) -> Result<Vec<AttestedAttribute>, Refusal> {
        let refuse = |sentence: String| Err(Refusal::new(ErrorCode::CredentialInvalid, sentence));
        let issuer = self.issuer.domain();
        if self.subject != *subject {
            return refuse(format!("the credential of {issuer} is of somebody else"));
        }
        let Some(may) = stating.issuers.get(&self.issuer) else {
            return refuse(format!("{issuer} is no issuer that the trust bundle names"));
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
                "the credential of {issuer} counts for no time, or for more than 366 days"
            ));
        }
        if now >= self.until {
            return refuse(format!(
                "the credential of {issuer} was over on {}",
                self.until
            ));
        }
        if now.plus_micros(AHEAD) < self.issued_at {
            return refuse(format!(
                "the credential of {issuer} counts from {} on",
                self.issued_at
            ));
        }
        stating
            .keys
            .check(&self.issuer, &self.signature, SignaturePurpose::Statement)?;
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

/// An attribute of whoever asks, shown by a credential that counts. Made by [`Credential::verify`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedAttribute {
    attribute: ParticipantAttribute,
    supporting_credential: SupportingCredential,
}

impl AttestedAttribute {
    /// What is shown.
    #[must_use]
    pub const fn attribute(&self) -> &ParticipantAttribute {
        &self.attribute
    }

    /// By what.
    #[must_use]
    pub const fn supporting_credential(&self) -> SupportingCredential {
        self.supporting_credential
    }
}

/// A signed statement on which letting a question in relies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SupportingCredential {
    /// First instant at which it no longer counts.
    pub until: UtcTimestamp,
    /// SHA-256 of its payload.
    pub statement: Digest,
}

/// What is known of an asker's attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresentedAttributes {
    /// What counts.
    pub attested: Vec<AttestedAttribute>,
    /// Why what it showed beside that does not.
    pub unfit: Vec<Refusal>,
    /// What our own people suppose, to see what would follow; it is no ground for an answer to anybody.
    pub supposed: Vec<ParticipantAttribute>,
}

impl PresentedAttributes {
    /// Nothing.
    pub const NOTHING: Self = Self {
        attested: Vec::new(),
        unfit: Vec::new(),
        supposed: Vec::new(),
    };

    /// The document that shows something for which `wanted` holds, and counts longest.
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

    /// The refusal, with what was wrong with what was shown.
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
        CONSUMER, PROVIDER, PermissiveKeys, RejectingKeys, participant, party, signature, time,
    };

    const ISSUER: &str = "hansa://chamber.example";

    fn credential() -> Credential {
        Credential {
            statement: Digest::of(b"credential"),
            issuer: participant(ISSUER),
            subject: participant(CONSUMER),
            attributes: vec![ParticipantAttribute::Sector("nace:H49".parse().unwrap())],
            issued_at: time("2026-01-01T00:00:00Z"),
            until: time("2026-12-31T00:00:00Z"),
            signature: signature(SignatoryRole::Provider, &party(ISSUER)),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Credential), at: &str, expect: Result<usize, ErrorCode>) {
        let mut credential = credential();
        change(&mut credential);
        let issuers =
            AttributeIssuers::from([(participant(ISSUER), [AttributeKind::Sector].into())]);
        let denied = BTreeSet::from([Digest::of(b"denied")]);
        let stating = CredentialTrust {
            issuers: &issuers,
            keys: &PermissiveKeys,
            denied: &denied,
        };
        let met = credential.verify(&participant(CONSUMER), &stating, time(at));
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
        check(|one| one.subject = participant(PROVIDER), now, invalid);
        check(|one| one.issuer = participant(PROVIDER), now, invalid);
        check(|one| one.statement = Digest::of(b"denied"), now, invalid);
        let region = ParticipantAttribute::Region("EU".parse().unwrap());
        check(|one| one.attributes.push(region), now, invalid);
        check(|_| {}, "2026-12-31T00:00:00Z", invalid);
        check(|_| {}, "2026-12-30T23:59:59Z", Ok(1));
        check(|_| {}, "2025-12-31T23:54:59Z", invalid);
        check(|_| {}, "2025-12-31T23:55:00Z", Ok(1));
        check(|one| one.until = time("2027-01-03T00:00:00Z"), now, invalid);
        let never = time("2026-01-01T00:00:00Z");
        check(|one| one.until = never, "2025-12-31T23:59:00Z", invalid);
    }

    #[test]
    fn a_signature_that_does_not_hold_shows_nothing() {
        let issuers =
            AttributeIssuers::from([(participant(ISSUER), [AttributeKind::Sector].into())]);
        let stating = CredentialTrust {
            issuers: &issuers,
            keys: &RejectingKeys,
            denied: &BTreeSet::new(),
        };
        let now = time("2026-06-01T00:00:00Z");
        let met = credential().verify(&participant(CONSUMER), &stating, now);
        assert_eq!(met.unwrap_err().code, ErrorCode::SignatureInvalid);
    }
}
