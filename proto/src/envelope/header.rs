//! The protected header of a signature, both ways, and the signature beside it.
//!
//! A seal adds its certificates (RFC 7515, section 4.1.6) and, where we write it, the digest of its own one (4.1.8). A
//! mandate on which the signature rests stands in it whole, as the participant signed it.

use super::kind::StatementKind;
use super::opened::LIMITS;
use crate::base64url;
use crate::mandate;
use crate::strict_json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, canonical};
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::contract::signature::{SignatoryRole, Signature, SignedMandate};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

/// What a protected header says.
#[derive(Debug, Clone, Copy)]
pub struct ProtectedHeader<'a> {
    /// What is signed.
    pub kind: StatementKind,
    /// For whom.
    pub role: SignatoryRole,
    /// With which algorithm.
    pub alg: &'a str,
    /// Thumbprint of the key.
    pub kid: &'a str,
    /// When, in seconds.
    pub issued_at: i64,
    /// The certificates of the key, where it is a seal's.
    pub seal: Option<&'a SealCertificates>,
    /// The mandate on which it rests, in its envelope.
    pub mandate: Option<&'a [u8]>,
}

impl ProtectedHeader<'_> {
    /// The header as it stands in the statement and in the signing input.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        let mut header = Json::object([
            ("alg", Json::text(self.alg)),
            ("crit", critical(self.mandate.is_some())),
            (ROLE, Json::text(self.role.as_str())),
            ("iat", Json::Int(self.issued_at)),
            ("kid", Json::text(self.kid)),
            ("typ", Json::text(self.kind.typ())),
        ]);
        if let (Json::Object(members), Some(seal)) = (&mut header, self.seal) {
            let chain = seal.chain().map(|one| Json::Text(STANDARD.encode(one)));
            members.insert(CHAIN.to_owned(), Json::List(chain.collect()));
            members.insert(THUMBPRINT.to_owned(), Json::Text(thumbprint(seal)));
        }
        if let (Json::Object(members), Some(mandate)) = (&mut header, self.mandate) {
            let whole = Json::Text(base64url::encode(mandate));
            members.insert(MANDATE.to_owned(), whole);
        }
        base64url::encode(&canonical(&header))
    }
}

/// What a reader must understand: nobody takes a signature and passes over on what it rests.
fn critical(mandated: bool) -> Json {
    let mut names = vec![Json::text(ROLE)];
    if mandated {
        names.push(Json::text(MANDATE));
    }
    Json::List(names)
}

const ROLE: &str = "hansa-role";
const CHAIN: &str = "x5c";
const MANDATE: &str = "hansa-mandate";
const THUMBPRINT: &str = "x5t#S256";

/// A header with the certificates of a seal and a mandate.
const HEADER: JsonLimits = JsonLimits {
    bytes: 96 * 1024,
    depth: LIMITS.depth,
};

/// One entry of `signatures`: its header, of which every member is known, and the signature.
pub(super) fn signature(
    entry: Json,
    index: usize,
    kind: StatementKind,
    payload_text: &str,
) -> Result<Signature, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::SignatureHeader);
    let mut entry = StrictObjectReader::of(entry, format!("signatures[{index}]"), codes)?;
    let protected = entry.text("protected")?;
    let signature = entry.text("signature")?;
    // An unprotected `header` ends here.
    entry.finish()?;
    let header = base64url::decode(&protected)
        .ok_or_else(|| codes.wrong("a protected header is not in base64url without padding"))?;
    let header = strict_json::loose_document(&header, HEADER, ErrorCode::SignatureHeader)?;
    let mut header = StrictObjectReader::of(header, "protected", codes)?;
    let alg = header.text("alg")?;
    let seal = seal(&mut header, kind, codes)?;
    if !is_accepted_algorithm(&alg, seal.is_some()) {
        return Err(Refusal::new(
            ErrorCode::SignatureAlg,
            format!("the algorithm `{alg}` is not accepted"),
        ));
    }
    header.exactly_text("typ", kind.typ())?;
    let mandate = mandate(&mut header, kind, codes)?;
    header.exactly("crit", &critical(mandate.is_some()))?;
    let role = match header.text(ROLE)?.as_str() {
        "provider" => SignatoryRole::Provider,
        "consumer" => SignatoryRole::Consumer,
        other => return Err(codes.unknown(format!("the role `{other}` is not known"))),
    };
    let kid = header.text("kid")?;
    if base64url::decode(&kid).is_none_or(|bytes| bytes.len() != 32) {
        return Err(codes.wrong("`kid` is no thumbprint of 32 bytes in base64url"));
    }
    let issued_at = header.count("iat")?;
    let issued_at = i64::try_from(issued_at)
        .map_err(|cause| codes.wrong("`iat` is too large").caused_by(cause))?;
    header.finish()?;
    let signature = base64url::decode(&signature)
        .filter(|bytes| of_length(&alg, bytes.len()))
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::SignatureInvalid,
                format!(
                    "signature {index} is not as many bytes in base64url without padding as one by {alg} has"
                ),
            )
        })?;
    Ok(Signature {
        role,
        kid,
        alg,
        issued_at,
        signing_input: format!("{protected}.{payload_text}").into_bytes(),
        signature,
        seal,
        mandate,
    })
}

/// A key signs with `EdDSA` or `ES256`, a seal with `ES256` or `PS256`.
fn is_accepted_algorithm(alg: &str, sealed: bool) -> bool {
    match alg {
        "ES256" => true,
        "EdDSA" => !sealed,
        "PS256" => sealed,
        _ => false,
    }
}

/// One by RSA is as long as its key, from 2048 to 8192 bits.
fn of_length(alg: &str, bytes: usize) -> bool {
    if alg == "PS256" {
        (256..=1024).contains(&bytes)
    } else {
        bytes == 64
    }
}

/// The certificates of a seal, on what a seal may sign.
fn seal(
    header: &mut StrictObjectReader,
    kind: StatementKind,
    codes: ReaderErrorCodes,
) -> Result<Option<SealCertificates>, Refusal> {
    if !matches!(kind, StatementKind::Agreement | StatementKind::Withdrawal) {
        return Ok(None);
    }
    let mut chain = Vec::new();
    for (_, one) in header.items(CHAIN)? {
        let der = one.as_text().and_then(|text| {
            let bytes = STANDARD.decode(text).ok()?;
            (STANDARD.encode(&bytes) == text).then_some(bytes)
        });
        chain.push(der.ok_or_else(|| codes.wrong("a certificate of `x5c` is not in base64"))?);
    }
    if chain.is_empty() {
        return Ok(None);
    }
    let seal = SealCertificates::new(chain).map_err(|why| codes.wrong(why))?;
    let reported = header.text_if_there(THUMBPRINT)?;
    if reported.is_some_and(|reported| reported != thumbprint(&seal)) {
        return Err(codes.wrong("`x5t#S256` is not the digest of the first certificate of `x5c`"));
    }
    Ok(Some(seal))
}

/// The mandate on which the signature of a contract rests.
fn mandate(
    header: &mut StrictObjectReader,
    kind: StatementKind,
    codes: ReaderErrorCodes,
) -> Result<Option<Box<SignedMandate>>, Refusal> {
    if kind != StatementKind::Agreement {
        return Ok(None);
    }
    let Some(text) = header.text_if_there(MANDATE)? else {
        return Ok(None);
    };
    let bytes = base64url::decode(&text)
        .ok_or_else(|| codes.wrong("`hansa-mandate` is not in base64url without padding"))?;
    Ok(Some(Box::new(mandate::from_envelope(&bytes)?)))
}

fn thumbprint(seal: &SealCertificates) -> String {
    base64url::encode(Digest::of(seal.own()).as_bytes())
}
