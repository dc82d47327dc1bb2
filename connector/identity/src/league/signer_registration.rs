//! Registration of a participant's signers besides its connector: keys for contracts alone, and authorities of seals.

use super::{DAY, KEY_YEARS, LeagueAuthority};
use crate::bundle::{BundleContent, LeagueMember};
use crate::certificate::authority_certificate::AuthorityCertificate;
use crate::participant_identity::{self, contract_key::ContractKey};
use crate::seal::{self, RevokedSeal, SealAnchor, SealRevocation};
use crate::signature::{RegisteredKey, SLACK};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustls_pki_types::CertificateDer;
use std::path::Path;

/// End of a key or a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEndKind {
    /// Out of use from now on.
    Over,
    /// Revoked now.
    Revoked,
    /// Possibly known to others since this instant.
    Compromised(UtcTimestamp),
}

impl LeagueAuthority {
    /// Registers a key that concludes contracts for a participant and has no other use. The former one ends now; its signatures
    /// stay valid.
    /// From the first such key on, the connector's own key concludes no contracts.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is not a member; `KEY_INVALID` when the key's proof of possession fails;
    /// `BUNDLE_INVALID` for a key that is in the bundle already.
    pub fn register_key(
        &mut self,
        statement: &[u8],
        now: UtcTimestamp,
    ) -> Result<ContractKey, Refusal> {
        let stated = ContractKey::read(statement)?;
        let mut content = self.bundle.content().clone();
        let member = find_member(&mut content, &stated.id)?;
        for key in member.keys.iter_mut().filter(|key| key.only_contracts) {
            key.not_after = key.not_after.min(now);
        }
        member.keys.push(RegisteredKey {
            key: stated.key.clone(),
            not_before: now.plus_micros(-SLACK),
            not_after: now.plus_micros(KEY_YEARS * 365 * DAY),
            revoked_at: None,
            compromised_since: None,
            only_contracts: true,
        });
        self.publish_bundle(content, now)?;
        Ok(stated)
    }

    /// Ends a signing key of a participant.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is not a member, `KEY_INVALID` when it has no such key.
    pub fn end_key(
        &mut self,
        id: &ParticipantId,
        kid: &str,
        end: KeyEndKind,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let member = find_member(&mut content, id)?;
        let key = member
            .keys
            .iter_mut()
            .find(|key| key.key.kid() == kid)
            .ok_or_else(|| {
                Refusal::new(
                    ErrorCode::KeyInvalid,
                    format!("no key `{kid}` is registered for {id}"),
                )
            })?;
        let earlier = |known: Option<UtcTimestamp>, at: UtcTimestamp| {
            Some(known.map_or(at, |known| known.min(at)))
        };
        match end {
            KeyEndKind::Over => key.not_after = key.not_after.min(now),
            KeyEndKind::Revoked => key.revoked_at = earlier(key.revoked_at, now),
            KeyEndKind::Compromised(since) => {
                key.compromised_since = earlier(key.compromised_since, since);
            }
        }
        self.publish_bundle(content, now)
    }

    /// Notes that a participant uses mandates from now on, or no longer. Earlier contracts are judged by the earlier state.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is not a member; `USAGE` when nothing would change.
    pub fn use_mandates(
        &mut self,
        id: &ParticipantId,
        uses: bool,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let member = find_member(&mut content, id)?;
        if member.mandates.since.is_some() == uses {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("that is so already for {id}"),
            ));
        }
        member.mandates.since = uses.then_some(now);
        self.publish_bundle(content, now)
    }

    /// Revokes one mandate of a participant, by the digest of its statement, now or since an earlier instant. Signatures under it
    /// that were seen earlier stay valid. A revocation can't be moved to a later instant.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is not a member; `USAGE` when the mandate is already revoked from that instant on.
    pub fn revoke_mandate(
        &mut self,
        id: &ParticipantId,
        statement: Digest,
        since: Option<UtcTimestamp>,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let from = since.map_or(now, |since| since.min(now));
        let revoked = &mut find_member(&mut content, id)?.mandates.revoked;
        if revoked.get(&statement).is_some_and(|known| *known <= from) {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!(
                    "the mandate `{}` is revoked already",
                    statement.to_short_text()
                ),
            ));
        }
        revoked.insert(statement, from);
        self.publish_bundle(content, now)
    }

    /// Names an authority that may certify seals of a participant, issued to this organisation, for as long as the authority's
    /// certificate is valid.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is not a member, `KEY_INVALID` for a certificate that is not an authority's,
    /// `BUNDLE_INVALID` for an authority that is already named for this organisation.
    pub fn name_seal(
        &mut self,
        id: &ParticipantId,
        authority: CertificateDer<'static>,
        organization: &str,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let facts = AuthorityCertificate::read(&authority).map_err(|fault| fault.to_refusal())?;
        let mut content = self.bundle.content().clone();
        find_member(&mut content, id)?.seals.push(SealAnchor {
            certificate: authority,
            organization: organization.to_owned(),
            not_before: now.plus_micros(-SLACK),
            not_after: facts.not_after,
            revoked: Vec::new(),
        });
        self.publish_bundle(content, now)
    }

    /// Ends the seals of a participant by an authority: all of them, or those of one certificate or one key.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is not a member, `KEY_INVALID` when no authority is named for the organisation.
    pub fn end_seal(
        &mut self,
        id: &ParticipantId,
        organization: &str,
        one: Option<SealRevocation>,
        end: KeyEndKind,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let member = find_member(&mut content, id)?;
        let mut found = false;
        let from = match end {
            KeyEndKind::Over | KeyEndKind::Revoked => now,
            KeyEndKind::Compromised(since) => since,
        };
        for seal in &mut member.seals {
            if seal.organization != organization {
                continue;
            }
            found = true;
            match &one {
                None => seal.not_after = seal.not_after.min(from),
                Some(one) => seal.revoked.push(RevokedSeal {
                    what: one.clone(),
                    from,
                }),
            }
        }
        // An entry that ends before its start is removed.
        member.seals.retain(|seal| seal.not_before < seal.not_after);
        if !found {
            return Err(Refusal::new(
                ErrorCode::KeyInvalid,
                format!("no authority may seal for {id} as `{organization}`"),
            ));
        }
        self.publish_bundle(content, now)
    }
}

/// First certificate in a file: an authority's, or that of a seal.
///
/// # Errors
/// `FILE_MISSING` or `KEY_INVALID`.
pub fn read_certificate(file: &Path) -> Result<CertificateDer<'static>, Refusal> {
    let mut chain = participant_identity::read_certificates(file)?.into_iter();
    chain.next().ok_or_else(|| {
        Refusal::new(
            ErrorCode::KeyInvalid,
            format!("`{}` holds no certificate", file.display()),
        )
    })
}

/// Revocation of a seal: of its certificate alone, or of its key.
///
/// # Errors
/// `FILE_MISSING`, `KEY_INVALID`, or `SIGNATURE_ALG` for a key of an unsupported algorithm.
pub fn read_seal_revocation(file: &Path, with_its_key: bool) -> Result<SealRevocation, Refusal> {
    let certificate = read_certificate(file)?;
    if with_its_key {
        return seal::key_of(&certificate).map(SealRevocation::Key);
    }
    Ok(SealRevocation::Certificate(Digest::of(&certificate)))
}

fn find_member<'a>(
    content: &'a mut BundleContent,
    id: &ParticipantId,
) -> Result<&'a mut LeagueMember, Refusal> {
    content
        .parties
        .iter_mut()
        .find(|party| party.id == *id && party.expelled_at.is_none())
        .ok_or_else(|| Refusal::new(ErrorCode::PeerUnknown, format!("{id} is not in the league")))
}
