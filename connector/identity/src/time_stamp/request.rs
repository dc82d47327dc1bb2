//! `TimeStampReq` and `TimeStampResp` (RFC 3161, sections 2.4.1 and 2.4.2).

use super::anchors::TimeStampAnchors;
use super::der_reader::{BIT_STRING, DerReader, INTEGER, OBJECT_IDENTIFIER, SEQUENCE};
use super::object_identifier::SHA_256;
use super::token_refusal::invalid_token_refusal;
use super::{LONGEST_TOKEN, VerifiedTimeStamp, verify_token};
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Largest size of a response, bytes: a token, and the text of its status.
pub const LONGEST_RESPONSE: usize = LONGEST_TOKEN + 4096;

/// Request for a token over one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampRequest {
    imprint: Digest,
    nonce: [u8; 8],
}

/// Token that matches its request and was verified under the anchors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedToken {
    /// Token in DER.
    pub token: Vec<u8>,
    /// Content of the token.
    pub stamp: VerifiedTimeStamp,
}

impl TimeStampRequest {
    /// Request for the digest `imprint`. `random` is the nonce, which binds the response to this request.
    #[must_use]
    pub const fn new(imprint: Digest, random: [u8; 8]) -> Self {
        let [first, rest @ ..] = random;
        let [a, b, c, d, e, f, g] = rest;
        // Positive and without leading zeros, as DER demands.
        let first = first & 0x7f | 0x40;
        Self {
            imprint,
            nonce: [first, a, b, c, d, e, f, g],
        }
    }

    /// Request in DER: SHA-256, the nonce, and `certReq`, so that the token contains its certificates.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut algorithm = encode_element(OBJECT_IDENTIFIER, &[SHA_256]);
        algorithm.extend([0x05, 0x00]);
        let digest = encode_element(0x04, &[self.imprint.as_bytes()]);
        let imprint = encode_element(
            SEQUENCE,
            &[&encode_element(SEQUENCE, &[&algorithm]), &digest],
        );
        let nonce = encode_element(INTEGER, &[&self.nonce]);
        encode_element(
            SEQUENCE,
            &[&[INTEGER, 1, 1], &imprint, &nonce, &[0x01, 1, 0xff]],
        )
    }

    /// Verifies the response of an authority: granted, over the digest and with the nonce of this request, signed, and under one of
    /// the anchors.
    ///
    /// # Errors
    /// `TIME_STAMP_UNAVAILABLE` when the authority does not grant the request, or as [`verify_token`].
    pub fn accept_response(
        &self,
        response: &[u8],
        anchors: &TimeStampAnchors,
    ) -> Result<AcceptedToken, Refusal> {
        if response.len() > LONGEST_RESPONSE {
            return Err(invalid_token_refusal(
                "the response is longer than one may be",
            ));
        }
        let token = granted_token(response)?;
        let stamp = verify_token(token, &self.imprint, anchors)?;
        if stamp.nonce.as_deref() != Some(&self.nonce[..]) {
            return Err(invalid_token_refusal("it answers another request"));
        }
        Ok(AcceptedToken {
            token: token.to_vec(),
            stamp,
        })
    }
}

/// Token of a response that grants one.
fn granted_token(response: &[u8]) -> Result<&[u8], Refusal> {
    const STRUCTURE: &str = "a TimeStampResp";
    let mut fields = DerReader::for_single_element(response, SEQUENCE, STRUCTURE)?;
    let mut status = fields.enter(SEQUENCE)?;
    let number = status.small_number(INTEGER)?;
    // Free text of the authority; the failure bits give the reason.
    let _words = status.optional_element(SEQUENCE)?;
    let bits = status.optional_element(BIT_STRING)?;
    status.finish()?;
    // 0 is granted, 1 granted with modifications; all relevant fields are checked anyway.
    if number > 1 {
        let why = bits.map_or("", |bits| failure_text(bits.content));
        return Err(Refusal::new(
            ErrorCode::TimeStampUnavailable,
            format!("the time-stamp authority grants no token (status {number}{why})"),
        ));
    }
    let token = fields.element(SEQUENCE)?.whole;
    fields.finish()?;
    Ok(token)
}

/// `PKIFailureInfo` as text: the first set bit with a meaning in RFC 3161.
fn failure_text(content: &[u8]) -> &'static str {
    const REASONS: [(usize, &str); 8] = [
        (0, ", badAlg"),
        (2, ", badRequest"),
        (5, ", badDataFormat"),
        (14, ", timeNotAvailable"),
        (15, ", unacceptedPolicy"),
        (16, ", unacceptedExtension"),
        (17, ", addInfoNotAvailable"),
        (25, ", systemFailure"),
    ];
    let bits = content.get(1..).unwrap_or_default();
    let is_set = |bit: usize| {
        let octet = bits.get(bit / 8).copied().unwrap_or(0);
        octet & (0x80 >> (bit % 8)) != 0
    };
    REASONS
        .into_iter()
        .find(|(bit, _)| is_set(*bit))
        .map_or("", |(_, word)| word)
}

/// Element with less than 128 content octets, as in all parts of a request.
fn encode_element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag, u8::try_from(content.len()).unwrap_or(u8::MAX)];
    bytes.extend(content);
    bytes
}
