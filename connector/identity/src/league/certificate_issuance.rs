//! Issuance of certificates by a league's authority: its own, and those of participants.

use super::LeagueSettings;
use crate::bundle::BundleContent;
use crate::certificate::subject_names::listens_at;
use crate::keys::SignatureAlgorithm;
use crate::participant_identity::admission_request::AdmissionRequest;
use crate::pem::certificate_library_refusal;
use crate::signature::SLACK;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls_pki_types::{CertificateDer, ServerName};
use std::time::Duration;

/// New key pair.
pub(crate) fn new_key(algorithm: SignatureAlgorithm) -> Result<KeyPair, Refusal> {
    let kind = match algorithm {
        SignatureAlgorithm::EdDsa => &rcgen::PKCS_ED25519,
        SignatureAlgorithm::Es256 => &rcgen::PKCS_ECDSA_P256_SHA256,
    };
    KeyPair::generate_for(kind).map_err(|error| certificate_library_refusal(&error))
}

/// SHA-256 of a key's SPKI.
pub(crate) fn spki_digest(key: &KeyPair) -> Digest {
    Digest::of(&key.subject_public_key_info())
}

/// Certificate of the authority, valid for ten years, and its end.
pub(super) fn issue_authority(
    founding: &LeagueSettings,
    key: &KeyPair,
    now: UtcTimestamp,
) -> Result<(CertificateDer<'static>, UtcTimestamp), Refusal> {
    let not_after = whole_second(now.plus_micros(10 * 365 * super::DAY));
    let mut params = certificate_params(now, not_after);
    let mark = if founding.demo { " (demo)" } else { "" };
    params.distinguished_name.push(
        DnType::CommonName,
        format!("{}{mark} authority", founding.name),
    );
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params
        .self_signed(key)
        .map_err(|error| certificate_library_refusal(&error))?;
    Ok((certificate.der().clone(), not_after))
}

/// Certificate of a participant. Its content is derived from the checked request; nothing is copied from the certificate request.
pub(super) fn issue_leaf(
    request: &AdmissionRequest,
    issuer: &CertificateDer<'_>,
    key: &KeyPair,
    now: UtcTimestamp,
    until: UtcTimestamp,
) -> Result<CertificateDer<'static>, Refusal> {
    let text = |text: &str| {
        text.to_owned()
            .try_into()
            .map_err(|error| certificate_library_refusal(&error))
    };
    let mut params = certificate_params(now, until);
    params
        .distinguished_name
        .push(DnType::CommonName, request.id.domain());
    params.subject_alt_names = vec![
        SanType::URI(text(request.id.as_str())?),
        SanType::DnsName(text(request.id.domain())?),
    ];
    if let Some(host) = request.host()
        && host != request.id.domain()
        && matches!(ServerName::try_from(host), Ok(ServerName::DnsName(_)))
    {
        params.subject_alt_names.push(SanType::DnsName(text(host)?));
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.use_authority_key_identifier_extension = true;
    let issuer = Issuer::from_ca_cert_der(issuer, key)
        .map_err(|error| certificate_library_refusal(&error))?;
    let certificate = params
        .signed_by(request.tls_key(), &issuer)
        .map_err(|error| certificate_library_refusal(&error))?;
    Ok(certificate.der().clone())
}

/// Checks that the names of the participant belong to no other one. Otherwise one of the two certificates would be refused.
pub(super) fn names_apart(
    content: &BundleContent,
    request: &AdmissionRequest,
) -> Result<(), Refusal> {
    let (id, parties) = (&request.id, &content.parties);
    let wrong = |sentence: String| Err(Refusal::new(ErrorCode::KeyInvalid, sentence));
    let host = request.host().map(str::to_ascii_lowercase);
    if let Some(host) = host.as_deref()
        && let Some(other) = parties.iter().find(|party| party.id.domain() == host)
        && other.id != *id
    {
        return wrong(format!(
            "{id} can't listen at `{host}`: that is the domain of {}",
            other.id
        ));
    }
    let mut others = parties.iter().filter(|party| party.id != *id);
    if let Some(other) = others.find(|party| listens_at(party, id.domain())) {
        return wrong(format!(
            "{} listens at `{}`: it must move before {id} can be admitted",
            other.id,
            id.domain()
        ));
    }
    Ok(())
}

/// Common parameters of certificates: validity and serial number.
pub(crate) fn certificate_params(now: UtcTimestamp, not_after: UtcTimestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since = |time: UtcTimestamp| {
        Duration::from_secs(u64::try_from(time.micros() / 1_000_000).unwrap_or(0))
    };
    params.not_before = epoch + since(now.plus_micros(-SLACK));
    params.not_after = epoch + since(not_after);
    let mut serial: [u8; 16] = rand::random();
    if let Some(first) = serial.first_mut() {
        // The serial number is positive and has a fixed length.
        *first = (*first & 0x7f) | 0x40;
    }
    params.serial_number = Some(serial.to_vec().into());
    params
}

/// Instant rounded down to the second, the resolution of certificates.
pub(crate) fn whole_second(time: UtcTimestamp) -> UtcTimestamp {
    time.plus_micros(-(time.micros().rem_euclid(1_000_000)))
}
