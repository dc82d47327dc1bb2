//! Signed attributes of a token (RFC 5652, section 11): the signature covers them, and they refer to content and certificate.

use super::certificate_identifier::CertificateDigest;
use super::der_reader::{
    DerElement, DerReader, MalformedDer, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET,
};
use super::object_identifier::{
    CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, TIMESTAMP_INFO,
};
use super::token_refusal::invalid_token_refusal;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;

/// Signed attributes.
#[derive(Debug)]
pub(super) struct SignedAttributes<'a> {
    /// Digest of the content.
    pub(super) message_digest: &'a [u8],
    /// References to the signer's certificate: at least one.
    pub(super) certificates: Vec<CertificateDigest<'a>>,
    /// Signed bytes: the attributes as a SET OF (RFC 5652, section 5.4).
    pub(super) message: Vec<u8>,
}

impl<'a> SignedAttributes<'a> {
    /// Reads the element with the attributes.
    pub(super) fn read(element: DerElement<'a>) -> Result<Self, Refusal> {
        let found = attribute_values(element.content)?;
        let content_type = single_value(&found, CONTENT_TYPE, OBJECT_IDENTIFIER)?;
        if content_type.content != TIMESTAMP_INFO {
            return Err(invalid_token_refusal(
                "it is signed as another kind of content",
            ));
        }
        let message_digest = single_value(&found, MESSAGE_DIGEST, OCTET_STRING)?.content;
        let mut certificates = Vec::new();
        for (name, v1) in [(SIGNING_CERTIFICATE, true), (SIGNING_CERTIFICATE_V2, false)] {
            if found.contains_key(name) {
                let attribute = single_value(&found, name, SEQUENCE)?;
                certificates.push(CertificateDigest::read_signer_reference(
                    attribute.whole,
                    v1,
                )?);
            }
        }
        if certificates.is_empty() {
            return Err(invalid_token_refusal(
                "it does not name the certificate of its signer",
            ));
        }
        let mut message = element.whole.to_vec();
        if let Some(tag) = message.first_mut() {
            *tag = SET;
        }
        Ok(Self {
            message_digest,
            certificates,
            message,
        })
    }
}

/// Values of the attributes by type; no type occurs twice.
fn attribute_values(content: &[u8]) -> Result<BTreeMap<&[u8], &[u8]>, MalformedDer> {
    const STRUCTURE: &str = "signed attributes";
    let mut attributes = DerReader::new(content, STRUCTURE);
    let mut found = BTreeMap::new();
    while !attributes.is_empty() {
        let mut attribute = attributes.enter(SEQUENCE)?;
        let name = attribute.object_identifier()?;
        let values = attribute.element(SET)?.content;
        attribute.finish()?;
        if found.insert(name, values).is_some() {
            return Err(MalformedDer(STRUCTURE));
        }
    }
    Ok(found)
}

/// Single value of an attribute.
fn single_value<'a>(
    found: &BTreeMap<&[u8], &'a [u8]>,
    name: &[u8],
    tag: u8,
) -> Result<DerElement<'a>, Refusal> {
    let Some(values) = found.get(name) else {
        return Err(invalid_token_refusal("a signed attribute is missing"));
    };
    let mut values = DerReader::new(values, "a signed attribute");
    let value = values.element(tag)?;
    values.finish()?;
    Ok(value)
}
