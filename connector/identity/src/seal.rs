//! Verification of seals: the certificates in a signature must lead to an authority that may certify seals of its signer, and their
//! key must have made the signature.
//!
//! An authority issues seals to many organisations. So the bundle names with its certificate the organisation to which the seal
//! must be issued, as in certificates: `organizationIdentifier` (ETSI EN 319 412-1, section 5.1.4).

use crate::jwk;
use crate::keys::{PublicKey, SignatureAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::contract::signature::Signature;
use hansa_policy::refusal::{ErrorCode, Refusal};
use josekit::jws::JwsVerifier as _;
use josekit::jws::alg::rsassa_pss::RsassaPssJwsAlgorithm;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{Oid, asn1_rs::oid};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey as Parsed;

mod certificate_path;
pub mod signer;
#[cfg(test)]
mod test_certificate;
#[cfg(test)]
mod tests;

/// Authority that may certify seals of a participant, as named in the trust bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealAnchor {
    /// Certificate of the authority.
    #[serde(with = "jwk::certificate")]
    pub certificate: CertificateDer<'static>,
    /// Organisation to which the seal must be issued, such as `VATDE-123456789`.
    pub organization: String,
    /// First instant at which its seals are valid.
    pub not_before: UtcTimestamp,
    /// First instant at which its seals are no longer valid.
    pub not_after: UtcTimestamp,
    /// Revoked certificates and keys of its seals.
    pub revoked: Vec<RevokedSeal>,
}

/// Revoked part of a seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedSeal {
    /// Certificate or key.
    #[serde(flatten)]
    pub what: SealRevocation,
    /// First instant at which the part is no longer valid.
    pub from: UtcTimestamp,
}

/// Certificate or key of a seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SealRevocation {
    /// One certificate, by its SHA-256.
    Certificate(Digest),
    /// Key with all its certificates, by its RFC 7638 thumbprint. A renewed certificate of a stolen key, or one by another
    /// authority, is revoked with it. The thumbprint is used since one key may have several SPKI encodings.
    Key(String),
}

/// Checks a sealed signature: certificates, organisation, times, key identifier and signature. `times` are the stated time of the
/// signature and the time of its log entry; `seen` is the time when it was first seen, which is compared only with revocations.
///
/// # Errors
/// `SEAL_NOT_TRUSTED`, `KEY_NOT_VALID_AT_SIGNING`, `KEY_REVOKED`, `SIGNATURE_ALG`, `SIGNATURE_HEADER` or
/// `SIGNATURE_INVALID`.
pub(super) fn check_sealed_signature(
    signature: &Signature,
    seal: &SealCertificates,
    anchors: &[SealAnchor],
    times: [UtcTimestamp; 2],
    seen: UtcTimestamp,
) -> Result<(), Refusal> {
    let own = CertificateDer::from(seal.signing_certificate());
    let read = parse_certificate(&own)?;
    for_signatures(&read)?;
    let organization = organization_identifier(&read)?;
    let mut worst = untrusted_seal_refusal(
        "no authority that may seal for it has issued the seal's certificate",
    );
    let mut found = false;
    for anchor in anchors {
        match certificate_path::verify_certificate_path(seal, &own, anchor, &organization, times) {
            Ok(()) => {
                found = true;
                break;
            }
            Err(Some(refusal)) => worst = refusal,
            Err(None) => {}
        }
    }
    if !found {
        return Err(worst);
    }
    let key = SealKey::of(&read)?;
    let digest = Digest::of(&own);
    // Of all authorities, since a stolen key is stolen whoever certifies it.
    for RevokedSeal { what, from } in anchors.iter().flat_map(|anchor| &anchor.revoked) {
        let it = match what {
            SealRevocation::Certificate(one) => *one == digest,
            SealRevocation::Key(kid) => kid == key.kid(),
        };
        if it && times.iter().chain([&seen]).any(|at| from <= at) {
            let what = match what {
                SealRevocation::Certificate(_) => format!("the seal `{}`", digest.to_short_text()),
                SealRevocation::Key(kid) => format!("the key `{kid}` of the seal"),
            };
            return Err(Refusal::new(
                ErrorCode::KeyRevoked,
                format!("the league has revoked {what}"),
            ));
        }
    }
    if key.kid() != signature.kid {
        return Err(Refusal::new(
            ErrorCode::SignatureHeader,
            "`kid` is not the thumbprint of the key in the seal's certificate",
        ));
    }
    if key.algorithm() != signature.alg {
        return Err(Refusal::new(
            ErrorCode::SignatureAlg,
            format!(
                "the signature says `{}`, the key of its seal signs with {}",
                signature.alg,
                key.algorithm()
            ),
        ));
    }
    if key.accepts_signature(&signature.signing_input, &signature.signature) {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::SignatureInvalid,
        "the signature does not match the key of its seal",
    ))
}

/// Organisation stated in a seal. It is not verified here.
#[must_use]
pub fn stated_organisation(seal: &SealCertificates) -> Option<String> {
    organization_identifier(
        &parse_certificate(&CertificateDer::from(seal.signing_certificate())).ok()?,
    )
    .ok()
}

/// Thumbprint of the key in a seal's certificate.
///
/// # Errors
/// `SIGNATURE_HEADER` or `SIGNATURE_ALG`.
pub(crate) fn key_of(certificate: &CertificateDer<'_>) -> Result<String, Refusal> {
    let key = SealKey::of(&parse_certificate(certificate)?)?;
    Ok(key.kid().to_owned())
}

/// True if the text can be the name of an organisation: one printable line.
pub(crate) fn is_organization(text: &str) -> bool {
    (1..=256).contains(&text.len()) && hansa_policy::safe_text::signed_line(text) == text
}

/// Key of a seal, from its certificate.
pub(crate) enum SealKey {
    /// P-256 key.
    Curve(PublicKey),
    /// RSA key, for PS256 alone.
    Rsa { spki: Vec<u8>, kid: String },
}

impl SealKey {
    /// Key in a certificate.
    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Result<Self, Refusal> {
        let spki = certificate.public_key().raw;
        if let Ok(key) = PublicKey::from_spki(spki)
            && key.algorithm() == SignatureAlgorithm::Es256
        {
            return Ok(Self::Curve(key));
        }
        let parsed = certificate.public_key().parsed();
        let Ok(Parsed::RSA(rsa)) = parsed else {
            return Err(Refusal::new(
                ErrorCode::SignatureAlg,
                "the key of a seal is on P-256, or RSA",
            ));
        };
        if !(2048..=8192).contains(&rsa.key_size()) {
            return Err(Refusal::new(
                ErrorCode::SignatureAlg,
                "an RSA key of a seal has 2048 to 8192 bits",
            ));
        }
        Ok(Self::Rsa {
            kid: rsa_thumbprint(rsa.modulus, rsa.exponent),
            spki: spki.to_vec(),
        })
    }

    /// RFC 7638 thumbprint.
    pub(crate) fn kid(&self) -> &str {
        match self {
            Self::Curve(key) => key.kid(),
            Self::Rsa { kid, .. } => kid,
        }
    }

    /// Signature algorithm of the key.
    pub(crate) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Curve(_) => "ES256",
            Self::Rsa { .. } => PS256,
        }
    }

    fn accepts_signature(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Curve(key) => key.accepts_signature(message, signature),
            Self::Rsa { spki, .. } => RsassaPssJwsAlgorithm::Ps256
                .verifier_from_der(spki)
                .is_ok_and(|verifier| verifier.verify(message, signature).is_ok()),
        }
    }
}

const PS256: &str = "PS256";

/// Thumbprint of an RSA key by RFC 7638, section 3.2: integers without leading zeros (RFC 7518, section 2).
pub(crate) fn rsa_thumbprint(modulus: &[u8], exponent: &[u8]) -> String {
    let number = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        URL_SAFE_NO_PAD.encode(bytes.get(zeros..).unwrap_or_default())
    };
    let jwk = format!(
        r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
        number(exponent),
        number(modulus)
    );
    URL_SAFE_NO_PAD.encode(Digest::of(jwk.as_bytes()).as_bytes())
}

/// Checks that the seal's own certificate is for signatures: `digitalSignature` or `nonRepudiation` (RFC 5280, section 4.2.1.3).
fn for_signatures(certificate: &X509Certificate<'_>) -> Result<(), Refusal> {
    let usage = certificate.key_usage().ok().flatten();
    let signs =
        usage.is_some_and(|usage| usage.value.digital_signature() || usage.value.non_repudiation());
    if signs && !certificate.is_ca() {
        return Ok(());
    }
    Err(untrusted_seal_refusal(
        "the seal's certificate is not for signatures",
    ))
}

/// Value of `organizationIdentifier` in the subject; exactly one is required.
fn organization_identifier(certificate: &X509Certificate<'_>) -> Result<String, Refusal> {
    const ORGANIZATION: Oid<'static> = oid!(2.5.4.97);
    let mut found = certificate
        .subject()
        .iter_by_oid(&ORGANIZATION)
        .map(|attribute| attribute.as_str());
    match (found.next(), found.next()) {
        (Some(Ok(text)), None) => Ok(text.to_owned()),
        _ => Err(untrusted_seal_refusal(
            "the seal's certificate does not say in `organizationIdentifier` to whom it is issued",
        )),
    }
}

fn parse_certificate<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Refusal> {
    match X509Certificate::from_der(der) {
        Ok(([], parsed)) => Ok(parsed),
        Ok(_) => Err(unreadable_certificate_refusal()),
        Err(cause) => Err(unreadable_certificate_refusal().caused_by(cause)),
    }
}

fn unreadable_certificate_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::SignatureHeader,
        "a certificate of the seal can't be read",
    )
}

fn untrusted_seal_refusal(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::SealNotTrusted, sentence)
}
