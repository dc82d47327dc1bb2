//! Time stamps (RFC 3161, with the update of RFC 5816): an external authority's statement that bytes existed at an instant.
//!
//! An authority signs that it has seen a digest at an instant. This proves to everybody who trusts the authority that the bytes
//! existed before that instant, whatever the clock of their owner. This module reads no clock and opens no connection: request and
//! response are bytes, and a token is judged at the instant that it states.

use anchors::TimeStampAnchors;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use signer_certificate::SignerCertificate;
use timestamp_info::TimestampInfo;
use token_refusal::invalid_token_refusal;
use token_signed_data::TokenSignedData;

pub mod anchors;
mod certificate_identifier;
mod der_reader;
mod digest_algorithm;
#[cfg(test)]
mod mutated_token;
mod object_identifier;
pub mod request;
mod signature_check;
mod signed_attributes;
mod signer_certificate;
#[cfg(test)]
mod test_authority;
#[cfg(test)]
mod tests;
mod timestamp_info;
mod token_refusal;
mod token_signed_data;

/// Largest size of a token, bytes. Tokens of public authorities, with their certificates, have 2 to 10 KB.
pub const LONGEST_TOKEN: usize = 64 * 1024;

/// Time stamp with a valid token, signed by an authority under one of the anchors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedTimeStamp {
    /// Subject of the authority's certificate.
    pub authority: String,
    /// Instant that the authority states (`genTime`).
    pub at: UtcTimestamp,
    /// Instant before which the bytes existed: the stated one plus the stated deviation (`accuracy`).
    pub existed_before: UtcTimestamp,
    /// Serial number of the token, in hexadecimal.
    pub serial: String,
    /// Policy of the token, as a dotted object identifier.
    pub policy: String,
    /// Nonce of the request, as the content octets of an INTEGER.
    nonce: Option<Vec<u8>>,
}

/// Verifies a token: it covers bytes with the digest `imprint`, and one of `anchors` leads to its signer, at the instant that it
/// states.
///
/// # Errors
/// `TIME_STAMP_INVALID`, `TIME_STAMP_NOT_TRUSTED`, or `SIGNATURE_ALG` for an unknown algorithm.
pub fn verify_token(
    token: &[u8],
    imprint: &Digest,
    anchors: &TimeStampAnchors,
) -> Result<VerifiedTimeStamp, Refusal> {
    if token.len() > LONGEST_TOKEN {
        return Err(invalid_token_refusal("it is longer than a token may be"));
    }
    let signed = TokenSignedData::read(token)?;
    let info = TimestampInfo::read(signed.content)?;
    if info.imprint != *imprint {
        return Err(invalid_token_refusal("it was made for other bytes"));
    }
    signed.check_content_digest()?;
    let certificate = SignerCertificate::find(&signed)?;
    signature_check::check_signature(&signed, &certificate)?;
    let authority = certificate.verify_signer_path(&signed.certificates, anchors, info.at)?;
    Ok(VerifiedTimeStamp {
        authority,
        at: info.at,
        existed_before: info.existed_before,
        serial: info.serial,
        policy: info.policy,
        nonce: info.nonce,
    })
}
