//! Validation of a bundle's content, beyond its form and its signature.

use super::{BundleContent, CertificateAnchor, LONGEST};
use crate::certificate::authority_certificate::{AuthorityCertificate, TrustedAuthority};
use crate::jwk;
use crate::seal::{self, SealRevocation};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

/// Authorities, each parsed from its certificate.
pub(super) fn parse_anchors(
    content: &BundleContent,
) -> Result<Vec<(TrustedAuthority, CertificateAnchor)>, Refusal> {
    let mut seen = BTreeSet::new();
    content
        .anchors
        .iter()
        .map(|anchor| {
            let facts = AuthorityCertificate::read(&anchor.certificate)
                .map_err(|fault| invalid_bundle_refusal(format!("an anchor of the trust bundle: {fault}")))?;
            if facts.spki != anchor.spki || !seen.insert(anchor.spki) {
                return Err(invalid_bundle_refusal(
                    "an anchor of the trust bundle has another key than its certificate, or stands twice",
                ));
            }
            if anchor.not_after > facts.not_after {
                return Err(invalid_bundle_refusal(
                    "an anchor of the trust bundle ends later than its certificate",
                ));
            }
            let trusted = webpki::anchor_from_trusted_cert(&anchor.certificate)
                .map_err(|cause| invalid_bundle_refusal("an anchor of the trust bundle can't be read").caused_by(cause))?;
            let trusted = TrustedAuthority {
                anchor: trusted.to_owned(),
                facts,
            };
            Ok((trusted, anchor.clone()))
        })
        .collect()
}

/// Checks the times, and that no identity and no key occurs twice.
pub(super) fn check_content(content: &BundleContent) -> Result<(), Refusal> {
    if content.expires_at <= content.issued_at
        || content.expires_at > content.issued_at.plus_micros(LONGEST)
    {
        return Err(invalid_bundle_refusal(
            "a trust bundle is valid for thirty days at most",
        ));
    }
    let mut ids = BTreeSet::new();
    let mut kids = BTreeSet::from([content.key.kid()]);
    for party in &content.parties {
        if !ids.insert(&party.id) {
            return Err(invalid_bundle_refusal(format!(
                "{} is listed twice in the trust bundle",
                party.id
            )));
        }
        if party.keys.is_empty() {
            return Err(invalid_bundle_refusal(format!(
                "{} has no signing key",
                party.id
            )));
        }
        let keys = party.keys.iter().map(|registered| &registered.key);
        for key in keys.chain([&party.note_key]) {
            if !kids.insert(key.kid()) {
                return Err(invalid_bundle_refusal(format!(
                    "the key `{}` is listed twice in the trust bundle",
                    key.kid()
                )));
            }
        }
        if party.expelled_at.is_some()
            && content
                .anchors
                .iter()
                .any(|anchor| anchor.identities.contains(&party.id))
        {
            return Err(invalid_bundle_refusal(format!(
                "{} was expelled, but an anchor may still speak for it",
                party.id
            )));
        }
    }
    check_seals(content)?;
    check_issuers(content, &mut kids)
}

/// Checks the authorities of seals: each certificate is an authority's, covers the period, and stands for one organisation with one
/// participant.
fn check_seals(content: &BundleContent) -> Result<(), Refusal> {
    let mut named = BTreeSet::new();
    for party in &content.parties {
        for one in &party.seals {
            let wrong = |why: &str| {
                Err(invalid_bundle_refusal(format!(
                    "an authority that seals for {} {why}",
                    party.id
                )))
            };
            let facts = AuthorityCertificate::read(&one.certificate).map_err(|fault| {
                invalid_bundle_refusal(format!("a seal of the trust bundle: {fault}"))
            })?;
            if webpki::anchor_from_trusted_cert(&one.certificate).is_err() {
                return wrong("can't be read");
            }
            if !seal::is_organization(&one.organization) {
                return wrong("is named with no organisation, or not in one line");
            }
            if one.not_before >= one.not_after || one.not_after > facts.not_after {
                return wrong("is to count for no time, or to outlive its certificate");
            }
            let is_name = |one: &SealRevocation| match one {
                SealRevocation::Certificate(_) => true,
                SealRevocation::Key(kid) => jwk::decode(kid).is_ok_and(|bytes| bytes.len() == 32),
            };
            if !one.revoked.iter().all(|revoked| is_name(&revoked.what)) {
                return wrong("has a revoked key that is named by no thumbprint");
            }
            if !named.insert((facts.spki, one.organization.as_str())) {
                return wrong("stands twice for the same organisation");
            }
        }
    }
    Ok(())
}

/// Checks the issuers: none occurs twice, each may state something, and each has keys of its own, which sign no contracts.
fn check_issuers<'a>(
    content: &'a BundleContent,
    kids: &mut BTreeSet<&'a str>,
) -> Result<(), Refusal> {
    let mut ids = BTreeSet::new();
    for issuer in &content.issuers {
        if !ids.insert(&issuer.id) || issuer.keys.is_empty() || issuer.states.is_empty() {
            return Err(invalid_bundle_refusal(format!(
                "the issuer {} is listed twice in the trust bundle, or has no key or nothing to state",
                issuer.id
            )));
        }
        for registered in &issuer.keys {
            if !kids.insert(registered.key.kid()) {
                return Err(invalid_bundle_refusal(format!(
                    "the key `{}` is listed twice in the trust bundle",
                    registered.key.kid()
                )));
            }
        }
    }
    Ok(())
}

pub(super) fn invalid_bundle_refusal(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::BundleInvalid, sentence)
}
