//! `TimeStampToken` (RFC 3161, section 2.4.2): a `ContentInfo` with `SignedData` (RFC 5652, section 5) by one signer.

use super::certificate_identifier::CertificateIdentifier;
use super::der_reader::{
    DerReader, INTEGER, MalformedDer, OCTET_STRING, SEQUENCE, SET, constructed_tag, primitive_tag,
};
use super::digest_algorithm::DigestAlgorithm;
use super::object_identifier::{SIGNED_DATA, TIMESTAMP_INFO};
use super::signed_attributes::SignedAttributes;
use super::token_refusal::{invalid_token_refusal, unknown_algorithm};
use hansa_policy::refusal::Refusal;

/// Largest number of certificates in a token.
const MOST_CERTIFICATES: usize = 16;

const STRUCTURE: &str = "a TimeStampToken";

/// Parsed token, not verified yet.
#[derive(Debug)]
pub(super) struct TokenSignedData<'a> {
    /// Bytes of `TSTInfo`.
    pub(super) content: &'a [u8],
    /// Certificates in the token, in DER.
    pub(super) certificates: Vec<&'a [u8]>,
    /// Reference to the signer's certificate.
    pub(super) signer: SignerIdentifier<'a>,
    /// Digest algorithm of the signature and of the content's attribute.
    pub(super) digest: DigestAlgorithm,
    /// Signed attributes.
    pub(super) attributes: SignedAttributes<'a>,
    /// Content octets of the signature's `AlgorithmIdentifier`.
    pub(super) algorithm: &'a [u8],
    /// Bytes of the signature.
    pub(super) signature: &'a [u8],
}

/// `SignerIdentifier` (RFC 5652, section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignerIdentifier<'a> {
    /// Issuer and serial number.
    Issued(CertificateIdentifier<'a>),
    /// Subject key identifier.
    Key(&'a [u8]),
}

impl<'a> TokenSignedData<'a> {
    /// Parses a token.
    pub(super) fn read(token: &'a [u8]) -> Result<Self, Refusal> {
        let content = content_info(token)?;
        let mut fields = DerReader::for_single_element(content, SEQUENCE, STRUCTURE)?;
        let version = fields.small_number(INTEGER)?;
        // Version 3, since the content is not id-data; 4 and 5 with other kinds of certificates or revocation data.
        if !(3..=5).contains(&version) {
            return Err(invalid_token_refusal(
                "its SignedData is of another version",
            ));
        }
        let digests = fields.element(SET)?;
        let content = encapsulated_content(&mut fields)?;
        let certificates = match fields.optional_element(constructed_tag(0))? {
            Some(set) => read_certificates(set.content)?,
            None => Vec::new(),
        };
        // Revocation lists in the token are ignored.
        let _revocations = fields.optional_element(constructed_tag(1))?;
        let mut signers = fields.enter(SET)?;
        let mut signer = signers.enter(SEQUENCE)?;
        // RFC 3161: no other signature than that of the authority.
        signers
            .finish()
            .map_err(|_| invalid_token_refusal("it has several signers"))?;
        fields.finish()?;
        let (identifier, version) = signer_identifier(&mut signer)?;
        let digest = DigestAlgorithm::read(&mut signer)?;
        let attributes = signer.element(constructed_tag(0))?;
        let algorithm = signer.element(SEQUENCE)?.content;
        let signature = signer.element(OCTET_STRING)?.content;
        let _unsigned = signer.optional_element(constructed_tag(1))?;
        signer.finish()?;
        if digest == DigestAlgorithm::Sha1 {
            return Err(unknown_algorithm("digest algorithm"));
        }
        let by_key = matches!(identifier, SignerIdentifier::Key(_));
        if version != if by_key { 3 } else { 1 } {
            return Err(invalid_token_refusal(
                "its SignerInfo is of another version",
            ));
        }
        if !lists_algorithm(digests.content, digest)? {
            return Err(invalid_token_refusal(
                "it does not list the digest of its signature",
            ));
        }
        Ok(Self {
            content,
            certificates,
            signer: identifier,
            digest,
            attributes: SignedAttributes::read(attributes)?,
            algorithm,
            signature,
        })
    }

    /// Checks that the signed attribute is the digest of the content (RFC 5652, section 5.6).
    pub(super) fn check_content_digest(&self) -> Result<(), Refusal> {
        if self.digest.digest(self.content).as_ref() == self.attributes.message_digest {
            return Ok(());
        }
        Err(invalid_token_refusal(
            "its content is not the one that was signed",
        ))
    }
}

/// Content of the `ContentInfo`.
fn content_info(token: &[u8]) -> Result<&[u8], MalformedDer> {
    let mut info = DerReader::for_single_element(token, SEQUENCE, STRUCTURE)?;
    if info.object_identifier()? != SIGNED_DATA {
        return Err(MalformedDer(STRUCTURE));
    }
    let content = info.element(constructed_tag(0))?.content;
    info.finish()?;
    Ok(content)
}

/// Bytes of the `EncapsulatedContentInfo`.
fn encapsulated_content<'a>(fields: &mut DerReader<'a>) -> Result<&'a [u8], MalformedDer> {
    let mut info = fields.enter(SEQUENCE)?;
    if info.object_identifier()? != TIMESTAMP_INFO {
        return Err(MalformedDer("a TSTInfo"));
    }
    let mut explicit = info.enter(constructed_tag(0))?;
    let content = explicit.element(OCTET_STRING)?.content;
    explicit.finish()?;
    info.finish()?;
    Ok(content)
}

/// Certificates of the `CertificateSet`; other choices than X.509 certificates are skipped.
fn read_certificates(content: &[u8]) -> Result<Vec<&[u8]>, Refusal> {
    let mut set = DerReader::new(content, "a CertificateSet");
    let mut found = Vec::new();
    while !set.is_empty() {
        let element = set.next_element()?;
        if element.tag == SEQUENCE {
            found.push(element.whole);
        }
        if found.len() > MOST_CERTIFICATES {
            return Err(invalid_token_refusal("it brings too many certificates"));
        }
    }
    Ok(found)
}

fn signer_identifier<'a>(
    signer: &mut DerReader<'a>,
) -> Result<(SignerIdentifier<'a>, u32), MalformedDer> {
    let version = signer.small_number(INTEGER)?;
    if let Some(key) = signer.optional_element(primitive_tag(0))? {
        return Ok((SignerIdentifier::Key(key.content), version));
    }
    let mut fields = signer.enter(SEQUENCE)?;
    let issuer = fields.element(SEQUENCE)?.whole;
    let serial = fields.element(INTEGER)?.content;
    fields.finish()?;
    let issued = CertificateIdentifier { issuer, serial };
    Ok((SignerIdentifier::Issued(issued), version))
}

/// True if `digestAlgorithms` contains this algorithm.
fn lists_algorithm(content: &[u8], digest: DigestAlgorithm) -> Result<bool, Refusal> {
    let mut set = DerReader::new(content, "a list of digest algorithms");
    let mut found = false;
    while !set.is_empty() {
        found |= DigestAlgorithm::read(&mut set)? == digest;
    }
    Ok(found)
}
