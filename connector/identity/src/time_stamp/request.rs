//! `TimeStampReq` and `TimeStampResp` (RFC 3161, sections 2.4.1 and 2.4.2).

use super::anchors::TimeStampAnchors;
use super::der_reader::{BIT_STRING, DerReader, INTEGER, OBJECT_IDENTIFIER, SEQUENCE};
use super::object_identifier::SHA_256;
use super::token_refusal::invalid;
use super::{LONGEST_TOKEN, VerifiedTimeStamp, verify};
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// The most bytes of a response: a token, and the words of its status.
pub const LONGEST_RESPONSE: usize = LONGEST_TOKEN + 4096;

/// A request for a token over one digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampRequest {
    imprint: Digest,
    nonce: [u8; 8],
}

/// A token that its request and the anchors hold good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedToken {
    /// The token, in DER.
    pub token: Vec<u8>,
    /// Its content.
    pub stamp: VerifiedTimeStamp,
}

impl TimeStampRequest {
    /// Request for the digest `imprint`; `random` makes the response one to this request.
    #[must_use]
    pub const fn new(imprint: Digest, random: [u8; 8]) -> Self {
        let [first, rest @ ..] = random;
        let [a, b, c, d, e, f, g] = rest;
        // Positive, and without leading zeros: the one form in DER.
        let first = first & 0x7f | 0x40;
        Self {
            imprint,
            nonce: [first, a, b, c, d, e, f, g],
        }
    }

    /// The request in DER: SHA-256, the drawn number, and `certReq`, so that the token can be judged by itself.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let mut algorithm = element(OBJECT_IDENTIFIER, &[SHA_256]);
        algorithm.extend([0x05, 0x00]);
        let digest = element(0x04, &[self.imprint.as_bytes()]);
        let imprint = element(SEQUENCE, &[&element(SEQUENCE, &[&algorithm]), &digest]);
        let nonce = element(INTEGER, &[&self.nonce]);
        element(
            SEQUENCE,
            &[&[INTEGER, 1, 1], &imprint, &nonce, &[0x01, 1, 0xff]],
        )
    }

    /// Judges the response of an authority wholly: granted, over the digest and with the number of this request, signed, and
    /// vouched for by one of the anchors.
    ///
    /// # Errors
    /// `TIME_STAMP_UNAVAILABLE` where the authority does not grant it, or as [`verify`].
    pub fn accept(
        &self,
        response: &[u8],
        anchors: &TimeStampAnchors,
    ) -> Result<AcceptedToken, Refusal> {
        if response.len() > LONGEST_RESPONSE {
            return Err(invalid("the response is longer than one may be"));
        }
        let token = granted(response)?;
        let stamp = verify(token, &self.imprint, anchors)?;
        if stamp.nonce.as_deref() != Some(&self.nonce[..]) {
            return Err(invalid("it answers another request"));
        }
        Ok(AcceptedToken {
            token: token.to_vec(),
            stamp,
        })
    }
}

/// The token of a response that grants one.
fn granted(response: &[u8]) -> Result<&[u8], Refusal> {
    const STRUCTURE: &str = "a TimeStampResp";
    let mut fields = DerReader::only(response, SEQUENCE, STRUCTURE)?;
    let mut status = fields.enter(SEQUENCE)?;
    let number = status.small_number(INTEGER)?;
    // Free words of the authority; the bits say why.
    let _words = status.optional(SEQUENCE)?;
    let bits = status.optional(BIT_STRING)?;
    status.finish()?;
    // 0 is granted, 1 granted with modifications, of which every one that matters is checked.
    if number > 1 {
        let why = bits.map_or("", |bits| failure(bits.content));
        return Err(Refusal::new(
            ErrorCode::TimeStampUnavailable,
            format!("the time-stamp authority grants no token (status {number}{why})"),
        ));
    }
    let token = fields.element(SEQUENCE)?.whole;
    fields.finish()?;
    Ok(token)
}

/// `PKIFailureInfo`, as far as RFC 3161 gives it a meaning: the first bit that is set.
fn failure(content: &[u8]) -> &'static str {
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

/// An element whose content is shorter than 128 octets, as all parts of a request are.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag, u8::try_from(content.len()).unwrap_or(u8::MAX)];
    bytes.extend(content);
    bytes
}
