//! Digest algorithms of tokens.

use super::der_reader::{DerReader, MalformedDer, NULL, SEQUENCE};
use super::object_identifier::{SHA_1, SHA_256, SHA_384, SHA_512};
use super::token_refusal::unknown_algorithm;
use aws_lc_rs::digest;
use hansa_policy::refusal::Refusal;

/// Digest algorithm of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DigestAlgorithm {
    /// SHA-1, for references to a certificate only (RFC 3161, section 2.4.2); the signature itself is bound to the certificate's
    /// key.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// Reads an `AlgorithmIdentifier`; parameters are absent or NULL (RFC 5754, section 2).
    pub(super) fn read(reader: &mut DerReader<'_>) -> Result<Self, Refusal> {
        let mut fields = reader.enter(SEQUENCE)?;
        let name = fields.object_identifier()?;
        let parameters = fields.optional_element(NULL)?;
        if parameters.is_some_and(|null| !null.content.is_empty()) {
            return Err(MalformedDer("a digest algorithm").into());
        }
        fields.finish()?;
        match name {
            name if name == SHA_1 => Ok(Self::Sha1),
            name if name == SHA_256 => Ok(Self::Sha256),
            name if name == SHA_384 => Ok(Self::Sha384),
            name if name == SHA_512 => Ok(Self::Sha512),
            _ => Err(unknown_algorithm("digest algorithm")),
        }
    }

    /// Digest of `bytes`.
    pub(super) fn digest(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}
