//! Protected header of a signature, in both directions, and the signature beside it.
//!
//! A seal adds its certificates (RFC 7515, section 4.1.6) and, in headers written here, the digest of its own certificate (4.1.8).
//! The header also contains the full mandate of the signature, as the participant signed it.

use super::kind::StatementKind;
use super::opened::LIMITS;
use crate::base64url;
use crate::mandate;
use crate::strict_json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::serialized::{from_json, to_json};
use hansa_audit_log::json::{Json, JsonLimits, to_canonical_bytes};
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignedMandate};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};

/// Members of an entry of `signatures`. An unprotected `header` is none of them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureForm {
    /// Protected header in base64url without padding.
    pub(super) protected: String,
    /// Signature in base64url without padding.
    pub(super) signature: String,
}

/// Members of a protected header. A seal may be written by a program of somebody else, so the reader takes them in any order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderForm {
    alg: String,
    crit: Vec<String>,
    #[serde(
        rename = "hansa-mandate",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    mandate: Option<String>,
    #[serde(rename = "hansa-role")]
    role: SignatoryRole,
    iat: i64,
    kid: String,
    typ: String,
    #[serde(rename = "x5c", default, skip_serializing_if = "Vec::is_empty")]
    chain: Vec<String>,
    #[serde(rename = "x5t#S256", default, skip_serializing_if = "Option::is_none")]
    thumbprint: Option<String>,
}

/// Content of a protected header.
#[derive(Debug, Clone, Copy)]
pub struct ProtectedHeader<'a> {
    /// Kind of the signed statement.
    pub kind: StatementKind,
    /// Role of the signatory.
    pub role: SignatoryRole,
    /// Signature algorithm.
    pub alg: &'a str,
    /// Thumbprint of the key.
    pub kid: &'a str,
    /// Time of the signature, in seconds.
    pub issued_at: i64,
    /// Certificates of the key, for a seal.
    pub seal: Option<&'a SealCertificates>,
    /// Mandate of the signature, in its envelope.
    pub mandate: Option<&'a [u8]>,
}

impl ProtectedHeader<'_> {
    /// Encodes the header as it is in the statement and in the signing input.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        let chain = self.seal.into_iter().flat_map(SealCertificates::chain);
        let form = HeaderForm {
            alg: self.alg.to_owned(),
            crit: critical_members(self.mandate.is_some()),
            mandate: self.mandate.map(base64url::encode),
            role: self.role,
            iat: self.issued_at,
            kid: self.kid.to_owned(),
            typ: self.kind.typ().to_owned(),
            chain: chain.map(|one| STANDARD.encode(one)).collect(),
            thumbprint: self.seal.map(seal_thumbprint),
        };
        base64url::encode(&to_canonical_bytes(&to_json(&form)))
    }
}

/// Members that a reader must understand: nobody takes a signature and passes over the mandate on which it rests.
fn critical_members(is_mandated: bool) -> Vec<String> {
    let mandate = is_mandated.then_some("hansa-mandate");
    let names = std::iter::once("hansa-role").chain(mandate);
    names.map(str::to_owned).collect()
}

/// A header with the certificates of a seal and a mandate.
const HEADER: JsonLimits = JsonLimits {
    bytes: 96 * 1024,
    depth: LIMITS.depth,
};

/// One entry of `signatures`: its header, of which every member is known, and the signature.
pub(super) fn read_signature(
    entry: &Json,
    index: usize,
    kind: StatementKind,
    payload_text: &str,
) -> Result<Signature, Refusal> {
    let SignatureForm {
        protected,
        signature,
    } = from_json(entry)
        .map_err(|fault| refuse_malformed(format!("`signatures[{index}]`: {fault}")))?;
    let header = base64url::decode(&protected).ok_or_else(|| {
        refuse_malformed("a protected header is not in base64url without padding")
    })?;
    let header = strict_json::loose_document(&header, HEADER, ErrorCode::SignatureHeader)?;
    refuse_unknown_algorithm(&header)?;
    let header: HeaderForm =
        from_json(&header).map_err(|fault| refuse_malformed(format!("`protected`: {fault}")))?;
    let seal = read_seal(&header, kind)?;
    if !is_accepted_algorithm(&header.alg, seal.is_some()) {
        return Err(refuse_algorithm(&header.alg));
    }
    if header.typ != kind.typ() {
        return Err(refuse_malformed(format!(
            "`protected.typ` is `{}` instead of `{}`",
            header.typ,
            kind.typ()
        )));
    }
    let mandate = read_mandate(&header, kind)?;
    let critical = critical_members(mandate.is_some());
    if header.crit != critical {
        return Err(refuse_malformed(format!(
            "`protected.crit` names `{}` instead of `{}`",
            header.crit.join(", "),
            critical.join(", ")
        )));
    }
    if base64url::decode(&header.kid).is_none_or(|bytes| bytes.len() != 32) {
        return Err(refuse_malformed(
            "`kid` is no thumbprint of 32 bytes in base64url",
        ));
    }
    if header.iat < 0 {
        return Err(refuse_malformed("`iat` is before 1970"));
    }
    let signature = base64url::decode(&signature)
        .filter(|bytes| is_signature_length(&header.alg, bytes.len()))
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::SignatureInvalid,
                format!(
                    "signature {index} is not as many bytes in base64url without padding as one by {} has",
                    header.alg
                ),
            )
        })?;
    Ok(Signature {
        role: header.role,
        kid: header.kid,
        alg: header.alg,
        issued_at: header.iat,
        signing_input: format!("{protected}.{payload_text}").into_bytes(),
        signature,
        seal,
        mandate,
    })
}

/// Refuses an algorithm that no signature has here. It is looked at before other members: a header of a later version can have both
/// a new algorithm and a new member, and is not understood then, rather than broken.
fn refuse_unknown_algorithm(header: &Json) -> Result<(), Refusal> {
    match header.get("alg").and_then(Json::as_text) {
        Some(alg)
            if [true, false]
                .iter()
                .all(|sealed| !is_accepted_algorithm(alg, *sealed)) =>
        {
            Err(refuse_algorithm(alg))
        }
        _ => Ok(()),
    }
}

fn refuse_algorithm(alg: &str) -> Refusal {
    let sentence = format!("the algorithm `{alg}` is not accepted");
    Refusal::new(ErrorCode::SignatureAlg, sentence)
}

/// Checks the algorithm: `EdDSA` or `ES256` for a key, `ES256` or `PS256` for a seal.
fn is_accepted_algorithm(alg: &str, sealed: bool) -> bool {
    match alg {
        "ES256" => true,
        "EdDSA" => !sealed,
        "PS256" => sealed,
        _ => false,
    }
}

/// One by RSA is as long as its key, from 2048 to 8192 bits.
fn is_signature_length(alg: &str, bytes: usize) -> bool {
    if alg == "PS256" {
        (256..=1024).contains(&bytes)
    } else {
        bytes == 64
    }
}

/// The certificates of a seal. They stand only on statements that a seal may sign.
fn read_seal(
    header: &HeaderForm,
    kind: StatementKind,
) -> Result<Option<SealCertificates>, Refusal> {
    let may_be_sealed = matches!(kind, StatementKind::Agreement | StatementKind::Withdrawal);
    if !header.chain.is_empty() && !may_be_sealed {
        return Err(refuse_malformed(
            "the member `protected.x5c` is not known here",
        ));
    }
    if header.chain.is_empty() {
        return match header.thumbprint {
            None => Ok(None),
            Some(_) => Err(refuse_malformed(
                "the member `protected.x5t#S256` is not known without `x5c`",
            )),
        };
    }
    let chain: Option<Vec<Vec<u8>>> = header.chain.iter().map(|one| read_base64(one)).collect();
    let chain = chain.ok_or_else(|| refuse_malformed("a certificate of `x5c` is not in base64"))?;
    let seal = SealCertificates::new(chain).map_err(refuse_malformed)?;
    let reported = header.thumbprint.as_ref();
    if reported.is_some_and(|reported| *reported != seal_thumbprint(&seal)) {
        return Err(refuse_malformed(
            "`x5t#S256` is not the digest of the first certificate of `x5c`",
        ));
    }
    Ok(Some(seal))
}

fn read_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text).ok()?;
    (STANDARD.encode(&bytes) == text).then_some(bytes)
}

/// The mandate on which the signature of a contract rests.
fn read_mandate(
    header: &HeaderForm,
    kind: StatementKind,
) -> Result<Option<Box<SignedMandate>>, Refusal> {
    let Some(text) = &header.mandate else {
        return Ok(None);
    };
    if kind != StatementKind::Agreement {
        return Err(refuse_malformed(
            "the member `protected.hansa-mandate` is not known here",
        ));
    }
    let bytes = base64url::decode(text)
        .ok_or_else(|| refuse_malformed("`hansa-mandate` is not in base64url without padding"))?;
    Ok(Some(Box::new(mandate::from_envelope(&bytes)?)))
}

fn seal_thumbprint(seal: &SealCertificates) -> String {
    base64url::encode(Digest::of(seal.signing_certificate()).as_bytes())
}

fn refuse_malformed(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::SignatureHeader, sentence)
}
