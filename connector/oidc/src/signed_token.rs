//! Signed tokens in the compact form (RFC 7515, section 7.1; RFC 7519).

use crate::key_set::VerificationKey;
use crate::signature_algorithm::SignatureAlgorithm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Longest token, bytes.
const LONGEST_TOKEN: usize = 16 << 10;

/// Header of a token. Members that change the meaning of a token, or bring a key with it, are read in order to refuse them.
#[derive(Deserialize)]
struct TokenHeader {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
    cty: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
}

/// Token whose signature is not verified yet. Nothing but the header can be read.
pub(crate) struct UnverifiedToken<'a> {
    /// Algorithm of the header, one of those that are accepted.
    pub(crate) algorithm: SignatureAlgorithm,
    /// Key that the header names.
    pub(crate) kid: Option<String>,
    /// Media type of the header, in lower case and without `application/`.
    pub(crate) media_type: Option<String>,
    message: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

/// Claims of a token whose signature holds.
pub(crate) struct VerifiedPayload {
    /// Algorithm of the signature.
    pub(crate) algorithm: SignatureAlgorithm,
    /// JSON of the claims.
    pub(crate) bytes: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// A reason.
    pub(crate) fn parse(token: &'a str) -> Result<Self, String> {
        if token.len() > LONGEST_TOKEN {
            return Err(format!("it is longer than {LONGEST_TOKEN} bytes"));
        }
        let malformed = || "it is no signed token".to_owned();
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = message.split_once('.').ok_or_else(malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let header: TokenHeader =
            serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
        let special = [
            &header.crit,
            &header.b64,
            &header.cty,
            &header.zip,
            &header.enc,
            &header.jku,
            &header.jwk,
            &header.x5u,
            &header.x5c,
        ];
        if special.into_iter().any(Option::is_some) {
            return Err("its header has a member that is not accepted".to_owned());
        }
        let algorithm = SignatureAlgorithm::from_name(&header.alg);
        let algorithm = algorithm.ok_or_else(|| {
            let name: String = header.alg.chars().take(20).collect();
            format!("its algorithm `{name}` is not accepted")
        })?;
        let media_type = header.typ.map(|name| {
            let name = name.to_ascii_lowercase();
            match name.strip_prefix("application/") {
                Some(rest) => rest.to_owned(),
                None => name,
            }
        });
        // A further dot is in the payload, and no base64.
        Ok(Self {
            algorithm,
            kid: header.kid,
            media_type,
            message,
            payload,
            signature: decode(signature)?,
        })
    }

    /// Verifies the signature, and gives the claims.
    ///
    /// # Errors
    /// A reason.
    pub(crate) fn verify(&self, key: &VerificationKey) -> Result<VerifiedPayload, String> {
        if !key.verifies(self.algorithm, self.message.as_bytes(), &self.signature) {
            return Err("its signature is not by the issuer".to_owned());
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(self.payload)
            .map_err(|_| "it is no signed token".to_owned())?;
        Ok(VerifiedPayload {
            algorithm: self.algorithm,
            bytes,
        })
    }
}
