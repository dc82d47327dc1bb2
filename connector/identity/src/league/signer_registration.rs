//! Who may sign for a participant beside its connector: keys for contracts alone, and authorities that seal for it.

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

/// How a key or a seal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEndKind {
    /// It is not used any more from now on.
    Over,
    /// It was revoked now.
    Revoked,
    /// Others may have had it since then.
    Compromised(UtcTimestamp),
}

impl LeagueAuthority {
    /// Registers a key that concludes contracts for a participant and does nothing else. The one before ends at the same
    /// instant; what it signed stays good. From the first such key on the connector's own key concludes none.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is no member; `KEY_INVALID` for a key that does not prove what it claims;
    /// `BUNDLE_INVALID` for one that stands in the bundle already.
    pub fn register_key(
        &mut self,
        statement: &[u8],
        now: UtcTimestamp,
    ) -> Result<ContractKey, Refusal> {
        let stated = ContractKey::read(statement)?;
        let mut content = self.bundle.content().clone();
        let member = member(&mut content, &stated.id)?;
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
        self.publish(content, now)?;
        Ok(stated)
    }

    /// Ends a signing key of a participant.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is no member, `KEY_INVALID` when it has no such key.
    pub fn end_key(
        &mut self,
        id: &ParticipantId,
        kid: &str,
        end: KeyEndKind,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let member = member(&mut content, id)?;
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
        self.publish(content, now)
    }

    /// Notes that a participant signs contracts with mandates from now on, or does so no more. What was concluded before is
    /// judged as it was.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is no member; `USAGE` when nothing would change.
    pub fn use_mandates(
        &mut self,
        id: &ParticipantId,
        uses: bool,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let member = member(&mut content, id)?;
        if member.mandates.since.is_some() == uses {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("that is so already for {id}"),
            ));
        }
        member.mandates.since = uses.then_some(now);
        self.publish(content, now)
    }

    /// Revokes one mandate of a participant, by the digest of its statement, now or since an earlier instant. What rests on it
    /// and was seen before stays good; nobody can have it revoked any later.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is no member; `USAGE` when it is revoked from that instant on already.
    pub fn revoke_mandate(
        &mut self,
        id: &ParticipantId,
        statement: Digest,
        since: Option<UtcTimestamp>,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let from = since.map_or(now, |since| since.min(now));
        let revoked = &mut member(&mut content, id)?.mandates.revoked;
        if revoked.get(&statement).is_some_and(|known| *known <= from) {
            return Err(Refusal::new(
                ErrorCode::UsageWrong,
                format!("the mandate `{}` is revoked already", statement.short()),
            ));
        }
        revoked.insert(statement, from);
        self.publish(content, now)
    }

    /// Names an authority that may seal for a participant, for seals issued to this organisation, for as long as its
    /// certificate lasts.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is no member, `KEY_INVALID` for a certificate that is no authority's,
    /// `BUNDLE_INVALID` for one that is named for the same organisation already.
    pub fn name_seal(
        &mut self,
        id: &ParticipantId,
        authority: CertificateDer<'static>,
        organization: &str,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let facts = AuthorityCertificate::read(&authority).map_err(|fault| fault.refusal())?;
        let mut content = self.bundle.content().clone();
        member(&mut content, id)?.seals.push(SealAnchor {
            certificate: authority,
            organization: organization.to_owned(),
            not_before: now.plus_micros(-SLACK),
            not_after: facts.not_after,
            revoked: Vec::new(),
        });
        self.publish(content, now)
    }

    /// Ends the seals that an authority may make for a participant, all of them, or those of one certificate or one key.
    ///
    /// # Errors
    /// `PEER_UNKNOWN` when the participant is no member, `KEY_INVALID` when no authority may seal for the organisation.
    pub fn end_seal(
        &mut self,
        id: &ParticipantId,
        organization: &str,
        one: Option<SealRevocation>,
        end: KeyEndKind,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut content = self.bundle.content().clone();
        let member = member(&mut content, id)?;
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
        // What ends before it began was never named.
        member.seals.retain(|seal| seal.not_before < seal.not_after);
        if !found {
            return Err(Refusal::new(
                ErrorCode::KeyInvalid,
                format!("no authority may seal for {id} as `{organization}`"),
            ));
        }
        self.publish(content, now)
    }
}

/// The first certificate of a file: an authority's own, or that of a seal.
///
/// # Errors
/// `FILE_MISSING` or `KEY_INVALID`.
pub fn certificate(file: &Path) -> Result<CertificateDer<'static>, Refusal> {
    let mut chain = participant_identity::read_certificates(file)?.into_iter();
    chain.next().ok_or_else(|| {
        Refusal::new(
            ErrorCode::KeyInvalid,
            format!("`{}` holds no certificate", file.display()),
        )
    })
}

/// A seal as it is revoked: by its certificate alone, or by its key.
///
/// # Errors
/// `FILE_MISSING`, `KEY_INVALID`, or `SIGNATURE_ALG` for a key of a kind that seals nothing.
pub fn ended(file: &Path, with_its_key: bool) -> Result<SealRevocation, Refusal> {
    let certificate = certificate(file)?;
    if with_its_key {
        return seal::key_of(&certificate).map(SealRevocation::Key);
    }
    Ok(SealRevocation::Certificate(Digest::of(&certificate)))
}

fn member<'a>(
    content: &'a mut BundleContent,
    id: &ParticipantId,
) -> Result<&'a mut LeagueMember, Refusal> {
    content
        .parties
        .iter_mut()
        .find(|party| party.id == *id && party.expelled_at.is_none())
        .ok_or_else(|| Refusal::new(ErrorCode::PeerUnknown, format!("{id} is not in the league")))
}
