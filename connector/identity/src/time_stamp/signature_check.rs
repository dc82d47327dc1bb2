//! Verification of a token's signature, with the key of the certificate that it names.

use super::der_reader::{DerReader, NULL};
use super::digest_algorithm::DigestAlgorithm;
use super::object_identifier::{
    ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, ED25519, RSA, RSA_PSS, RSA_SHA_256, RSA_SHA_384,
    RSA_SHA_512,
};
use super::signer_certificate::SignerCertificate;
use super::token_refusal::{invalid_token_refusal, unknown_algorithm};
use super::token_signed_data::TokenSignedData;
use hansa_policy::refusal::Refusal;
use rustls_pki_types::{AlgorithmIdentifier, alg_id};

/// Checks that the signature of a token is by the key of its signer's certificate.
pub(super) fn check_signature(
    signed: &TokenSignedData<'_>,
    certificate: &SignerCertificate<'_>,
) -> Result<(), Refusal> {
    let algorithm = signature_algorithm(signed.algorithm, signed.digest)?;
    let end = certificate.end_entity()?;
    let holds = rustls::crypto::aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .all
        .iter()
        .filter(|known| known.signature_alg_id() == algorithm)
        .any(|known| {
            end.verify_signature(*known, &signed.attributes.message, signed.signature)
                .is_ok()
        });
    if holds {
        return Ok(());
    }
    Err(invalid_token_refusal(
        "its signature is not by the key of its certificate",
    ))
}

/// Signature algorithm for this digest.
fn signature_algorithm(
    content: &[u8],
    digest: DigestAlgorithm,
) -> Result<AlgorithmIdentifier, Refusal> {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    let mut fields = DerReader::new(content, "a signature algorithm");
    let name = fields.object_identifier()?;
    if name == RSA_PSS {
        let known = match digest {
            Sha256 => alg_id::RSA_PSS_SHA256,
            Sha384 => alg_id::RSA_PSS_SHA384,
            _ => alg_id::RSA_PSS_SHA512,
        };
        // The parameters are part of the algorithm identifier.
        return match content == known.as_ref() {
            true => Ok(known),
            false => Err(unknown_algorithm("signature algorithm")),
        };
    }
    let parameters = fields.optional_element(NULL)?;
    if !fields.is_empty() || parameters.is_some_and(|null| !null.content.is_empty()) {
        return Err(unknown_algorithm("signature algorithm"));
    }
    let known = [
        (RSA, Sha256, alg_id::RSA_PKCS1_SHA256),
        (RSA, Sha384, alg_id::RSA_PKCS1_SHA384),
        (RSA, Sha512, alg_id::RSA_PKCS1_SHA512),
        (RSA_SHA_256, Sha256, alg_id::RSA_PKCS1_SHA256),
        (RSA_SHA_384, Sha384, alg_id::RSA_PKCS1_SHA384),
        (RSA_SHA_512, Sha512, alg_id::RSA_PKCS1_SHA512),
        (ECDSA_SHA_256, Sha256, alg_id::ECDSA_SHA256),
        (ECDSA_SHA_384, Sha384, alg_id::ECDSA_SHA384),
        (ECDSA_SHA_512, Sha512, alg_id::ECDSA_SHA512),
        (ED25519, Sha512, alg_id::ED25519),
    ];
    let fits = known
        .into_iter()
        .find(|(oid, with, _)| *oid == name && *with == digest);
    match fits {
        Some((_, _, algorithm)) => Ok(algorithm),
        None => Err(unknown_algorithm("signature algorithm")),
    }
}
