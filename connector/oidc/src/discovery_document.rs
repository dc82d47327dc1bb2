//! Metadata of the issuer (OpenID Connect Discovery 1.0, section 3; RFC 8414; RFC 9207).

use crate::answer_fault::invalid_answer_refusal;
use crate::client_authentication::ClientAuthentication;
use crate::issuer_address::AddressRule;
use crate::signature_algorithm::SignatureAlgorithm;
use hansa_policy::refusal::Refusal;
use reqwest::Url;
use serde::Deserialize;

/// Longest metadata, bytes.
pub(crate) const LONGEST_METADATA: usize = 64 << 10;

/// Metadata as the issuer writes it. Members that the sign-in does not use are ignored, as the standard demands.
#[derive(Debug, Deserialize)]
struct DiscoveryDocument {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    response_types_supported: Vec<String>,
    id_token_signing_alg_values_supported: Vec<String>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    claims_parameter_supported: bool,
    #[serde(default)]
    backchannel_logout_supported: bool,
}

/// Checked metadata of the issuer.
#[derive(Debug, Clone)]
pub(crate) struct IssuerMetadata {
    /// Address to which the browser goes.
    pub(crate) authorization_endpoint: Url,
    /// Address at which a code is exchanged.
    pub(crate) token_endpoint: Url,
    /// Address of the key set.
    pub(crate) key_set: Url,
    /// Proof that the client gives at the token endpoint.
    pub(crate) authentication: ClientAuthentication,
    /// `true` if each authorization response names the issuer.
    pub(crate) names_issuer: bool,
    /// `true` if the issuer reads the parameter `claims`.
    pub(crate) reads_claims_parameter: bool,
    /// `true` if the issuer tells clients of a logout.
    pub(crate) tells_logout: bool,
}

/// Address of the metadata of an issuer.
///
/// # Errors
/// A reason, if the issuer is no address.
pub(crate) fn metadata_address(issuer: &str, rule: AddressRule) -> Result<Url, String> {
    let issuer = issuer.trim_end_matches('/');
    rule.parse_address(&format!("{issuer}/.well-known/openid-configuration"))
}

/// Reads metadata that was fetched from the address of `issuer`.
///
/// # Errors
/// `ISSUER_ANSWER_INVALID`
pub(crate) fn read_metadata(
    bytes: &[u8],
    issuer: &str,
    rule: AddressRule,
) -> Result<IssuerMetadata, Refusal> {
    let document: DiscoveryDocument = serde_json::from_slice(bytes)
        .map_err(|fault| invalid_answer_refusal("its metadata is malformed").caused_by(fault))?;
    if document.issuer != issuer {
        return Err(invalid_answer_refusal(&format!(
            "its metadata is of `{}`, not of `{issuer}`",
            document.issuer
        )));
    }
    let parse = |address: &str| {
        let parsed = rule.parse_address(address);
        parsed.map_err(|reason| invalid_answer_refusal(&format!("in its metadata {reason}")))
    };
    let lacks = |what: &str| invalid_answer_refusal(&format!("its metadata offers no {what}"));
    let has = |list: &[String], word: &str| list.iter().any(|entry| entry == word);
    if !has(&document.response_types_supported, "code") {
        return Err(lacks("response type `code`"));
    }
    let algorithms = &document.id_token_signing_alg_values_supported;
    if !algorithms
        .iter()
        .any(|name| SignatureAlgorithm::from_name(name).is_some())
    {
        return Err(lacks("signature algorithm that is accepted here"));
    }
    // Some issuers understand PKCE and do not say so. The parameters are sent to each.
    let methods = document.code_challenge_methods_supported.as_deref();
    if methods.is_some_and(|methods| !has(methods, "S256")) {
        return Err(lacks("PKCE with `S256`"));
    }
    let methods = document.token_endpoint_auth_methods_supported.as_deref();
    let authentication = ClientAuthentication::choose(methods)
        .ok_or_else(|| lacks("proof with a client secret at its token endpoint"))?;
    Ok(IssuerMetadata {
        authorization_endpoint: parse(&document.authorization_endpoint)?,
        token_endpoint: parse(&document.token_endpoint)?,
        key_set: parse(&document.jwks_uri)?,
        authentication,
        names_issuer: document.authorization_response_iss_parameter_supported,
        reads_claims_parameter: document.claims_parameter_supported,
        tells_logout: document.backchannel_logout_supported,
    })
}
