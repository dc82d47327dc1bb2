//! Signature algorithms of tokens (RFC 7518, section 3.1; RFC 8037, section 3.1).

use aws_lc_rs::digest;

/// Signature algorithm that is accepted. Algorithms with a shared secret and `none` have no variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// RSA with PSS and SHA-256.
    Ps256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SignatureAlgorithm {
    /// Algorithm of the header parameter `alg`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        // INVARIANT: oidc-algorithms. The only way from the text of a token to an algorithm.
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// Name in the header parameter `alg`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Left half of the digest of a text, with the digest of the algorithm: the claim `at_hash` (OpenID Connect Core 1.0, section 3.1.3.6).
    /// Ed25519 has SHA-512 inside.
    pub(crate) fn half_digest(self, text: &str) -> Vec<u8> {
        let kind = match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::EdDsa => &digest::SHA512,
        };
        let whole = digest::digest(kind, text.as_bytes());
        let half = whole.as_ref().len() / 2;
        whole.as_ref().iter().take(half).copied().collect()
    }
}
