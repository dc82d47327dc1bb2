//! Signed statements as JWS in general JSON form, read by a parser of our own.
//!
//! Ordinary JWS libraries accept a statement after its first good signature, skip headers that they don't know, and take
//! the algorithm from places that nobody signed. Here every member is known, every signature is kept for checking, and the
//! number of signatures is part of the format. Checking them is not done here: it takes the registered keys.

use crate::base64url;
use crate::comment::{self, SignedComment};
use crate::contract;
use crate::dispute::{self, SignedDispute};
use crate::envelope::header::ProtectedHeader;
use crate::receipt::{self, SignedReceipt};
use crate::strict_json;
use crate::withdrawal;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, canonical};
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::contract::{Assignee, SignedContract, SignedWithdrawal};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

pub mod header;
pub mod parts;
#[cfg(test)]
mod tests;

/// What a statement is; stands in its protected headers, so that a signature on one kind is none on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// A contract or the offer of a public view.
    Agreement,
    /// The withdrawal of a contract.
    Withdrawal,
    /// A receipt for an answer.
    Receipt,
    /// The consumer's answer to a receipt that says something else than it received.
    Dispute,
    /// What a party says of a clause while a contract is negotiated.
    Comment,
    /// What an issuer states of a participant.
    Credential,
    /// Who may sign for a participant, by its own word.
    Mandate,
    /// Who belongs to a group.
    Group,
    /// That what was received is deleted.
    Deletion,
    /// What was used under a contract.
    Usage,
    /// That something happened under a contract.
    Notice,
    /// That the signer's log went on in two places, or is out of order.
    Incident,
    /// Acceptance of a version of the league's rulebook.
    RulebookAcceptance,
    /// That workers run a question of the own people.
    HouseGrant,
}

impl StatementKind {
    const fn typ(self) -> &'static str {
        match self {
            Self::Agreement => "hansa-agreement+jws",
            Self::Withdrawal => "hansa-withdrawal+jws",
            Self::Receipt => "hansa-receipt+jws",
            Self::Dispute => "hansa-dispute+jws",
            Self::Comment => "hansa-comment+jws",
            Self::Credential => "hansa-credential+jws",
            Self::Mandate => "hansa-mandate+jws",
            Self::Group => "hansa-group+jws",
            Self::Deletion => "hansa-deletion+jws",
            Self::Usage => "hansa-usage+jws",
            Self::Notice => "hansa-notice+jws",
            Self::Incident => "hansa-incident+jws",
            Self::RulebookAcceptance => "hansa-rulebook-acceptance+jws",
            Self::HouseGrant => "hansa-house-grant+jws",
        }
    }

    const fn malformed(self) -> ErrorCode {
        if matches!(self, Self::Agreement) {
            ErrorCode::ContractMalformed
        } else {
            ErrorCode::StatementMalformed
        }
    }
}

/// Reads a contract: exactly two signatures, the provider's first.
///
/// # Errors
/// `SIGNATURE_MISSING`, `SIGNATURE_COUNT`, `SIGNATURE_HEADER`, `SIGNATURE_ALG`, `SIGNER_NOT_PARTY`,
/// `CONTRACT_MALFORMED`, `TERM_UNKNOWN` or `TERM_ILL_TYPED`.
pub fn parse_contract(bytes: &[u8]) -> Result<SignedContract, Refusal> {
    let signed = signed_contract(bytes, &[SignatoryRole::Provider, SignatoryRole::Consumer])?;
    match signed.agreement.assignee {
        Assignee::Participant(_) => Ok(signed),
        Assignee::Public | Assignee::Partner(_) => Err(Refusal::new(
            ErrorCode::SignatureCount,
            "a public view, or a contract with a partner, carries the provider's signature alone",
        )),
    }
}

/// Reads a contract with a partner, who signs nothing: exactly one signature, the provider's.
///
/// # Errors
/// As [`parse_contract`].
pub fn parse_partner_contract(bytes: &[u8]) -> Result<SignedContract, Refusal> {
    let signed = signed_contract(bytes, &[SignatoryRole::Provider])?;
    match signed.agreement.assignee {
        Assignee::Partner(_) => Ok(signed),
        Assignee::Participant(_) | Assignee::Public => Err(Refusal::new(
            ErrorCode::SignatureMissing,
            "it is no contract with a partner",
        )),
    }
}

/// Reads what is kept of a contract, whatever signatures it needs.
///
/// # Errors
/// As [`parse_contract`].
pub fn parse_any_contract(bytes: &[u8]) -> Result<SignedContract, Refusal> {
    parse_contract(bytes)
        .or_else(|first| parse_offer(bytes).map_err(|_| first))
        .or_else(|first| parse_partner_contract(bytes).map_err(|_| first))
}

/// Reads the offer of a public view: exactly one signature, the provider's.
///
/// # Errors
/// As [`parse_contract`].
pub fn parse_offer(bytes: &[u8]) -> Result<SignedContract, Refusal> {
    let signed = signed_contract(bytes, &[SignatoryRole::Provider])?;
    match signed.agreement.assignee {
        Assignee::Public => Ok(signed),
        Assignee::Participant(_) | Assignee::Partner(_) => Err(Refusal::new(
            ErrorCode::SignatureMissing,
            "the contract carries one of its two signatures",
        )),
    }
}

/// Reads a contract on its way: exactly one signature, that of `role`, on an agreement that two will sign.
///
/// # Errors
/// As [`parse_contract`].
pub fn parse_half(bytes: &[u8], role: SignatoryRole) -> Result<SignedContract, Refusal> {
    let signed = signed_contract(bytes, &[role])?;
    match signed.agreement.assignee {
        Assignee::Participant(_) => Ok(signed),
        Assignee::Public | Assignee::Partner(_) => Err(Refusal::new(
            ErrorCode::ContractMalformed,
            "a public view is offered, not agreed",
        )),
    }
}

/// Reads a withdrawal: exactly one signature, of either party.
///
/// # Errors
/// As [`parse_contract`], with `STATEMENT_MALFORMED`.
pub fn parse_withdrawal(bytes: &[u8]) -> Result<SignedWithdrawal, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open(bytes, StatementKind::Withdrawal)?;
    let statement = withdrawal::from_bytes(&payload)?;
    Ok(SignedWithdrawal {
        statement: Digest::of(&payload),
        contract: statement.contract,
        party: statement.party,
        effective_at: statement.effective_at,
        issued_at: statement.issued_at,
        reason: statement.reason,
        signature: only(signatures)?,
    })
}

/// Reads a dispute: exactly one signature, the consumer's.
///
/// # Errors
/// As [`parse_contract`], with `STATEMENT_MALFORMED`.
pub fn parse_dispute(bytes: &[u8]) -> Result<SignedDispute, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open(bytes, StatementKind::Dispute)?;
    insist_on_roles(&signatures, &[SignatoryRole::Consumer])?;
    Ok(SignedDispute {
        dispute: dispute::from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signature: only(signatures)?,
    })
}

/// Reads a comment: exactly one signature, of either party.
///
/// # Errors
/// As [`parse_contract`], with `STATEMENT_MALFORMED`.
pub fn parse_comment(bytes: &[u8]) -> Result<SignedComment, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open(bytes, StatementKind::Comment)?;
    Ok(SignedComment {
        comment: comment::from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signature: only(signatures)?,
    })
}

/// Reads a receipt: the provider's signature, and the consumer's once it has countersigned.
///
/// # Errors
/// As [`parse_contract`], with `STATEMENT_MALFORMED`.
pub fn parse_receipt(bytes: &[u8]) -> Result<SignedReceipt, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open(bytes, StatementKind::Receipt)?;
    if signatures.len() == 1 {
        insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    } else {
        insist_on_roles(
            &signatures,
            &[SignatoryRole::Provider, SignatoryRole::Consumer],
        )?;
    }
    Ok(SignedReceipt {
        receipt: receipt::from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signatures,
    })
}

/// A protected header, as it stands in the statement and in the signing input.
#[must_use]
pub fn protected_header(
    kind: StatementKind,
    role: SignatoryRole,
    alg: &str,
    kid: &str,
    issued_at: i64,
) -> String {
    ProtectedHeader {
        kind,
        role,
        alg,
        kid,
        issued_at,
        seal: None,
        mandate: None,
    }
    .encoded()
}

/// The bytes that are signed.
#[must_use]
pub fn signing_input(header: &str, payload: &[u8]) -> Vec<u8> {
    format!("{header}.{}", base64url::encode(payload)).into_bytes()
}

/// The whole statement: the payload and its signatures, each with its protected header, the provider's first.
#[must_use]
pub fn assemble(payload: &[u8], signatures: &[(String, Vec<u8>)]) -> Vec<u8> {
    let entries = signatures.iter().map(|(header, signature)| {
        Json::object([
            ("protected", Json::text(header)),
            ("signature", Json::text(base64url::encode(signature))),
        ])
    });
    canonical(&Json::object([
        ("payload", Json::text(base64url::encode(payload))),
        ("signatures", Json::List(entries.collect())),
    ]))
}

/// The whole contract from signatures that were read apart, such as the two halves of a negotiation.
#[must_use]
pub fn assemble_signed(payload: &[u8], signatures: &[Signature]) -> Vec<u8> {
    let mut ordered: Vec<&Signature> = signatures.iter().collect();
    ordered.sort_by_key(|signature| signature.role);
    let entries: Vec<(String, Vec<u8>)> = ordered
        .into_iter()
        .map(|one| (header_of(one), one.signature.clone()))
        .collect();
    assemble(payload, &entries)
}

fn header_of(signature: &Signature) -> String {
    let header = signature.signing_input.split(|byte| *byte == b'.').next();
    String::from_utf8_lossy(header.unwrap_or_default()).into_owned()
}

/// The payload in base64url, two signatures, and what is around them.
const LIMITS: JsonLimits = JsonLimits {
    bytes: 512 * 1024,
    depth: 4,
};

pub(crate) struct OpenedEnvelope {
    pub(crate) payload: Vec<u8>,
    pub(crate) signatures: Vec<Signature>,
}

fn signed_contract(bytes: &[u8], roles: &[SignatoryRole]) -> Result<SignedContract, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open(bytes, StatementKind::Agreement)?;
    insist_on_roles(&signatures, roles)?;
    Ok(SignedContract {
        id: ContractId(Digest::of(&payload)),
        agreement: contract::from_bytes(&payload)?,
        signatures,
    })
}

// INVARIANT: every-signature. Every entry of the statement is read, and none may be left out or added.
pub(crate) fn insist_on_roles(
    signatures: &[Signature],
    roles: &[SignatoryRole],
) -> Result<(), Refusal> {
    if signatures.len() < roles.len() {
        return Err(missing(signatures.len(), roles.len()));
    }
    if signatures.len() > roles.len() {
        return Err(Refusal::new(
            ErrorCode::SignatureCount,
            format!(
                "the statement carries {} signatures instead of {}",
                signatures.len(),
                roles.len()
            ),
        ));
    }
    for (signature, role) in signatures.iter().zip(roles) {
        if signature.role != *role {
            return Err(Refusal::new(
                ErrorCode::SignatureMissing,
                format!(
                    "where the signature of the {} is due stands one of the {}",
                    role.as_str(),
                    signature.role.as_str()
                ),
            ));
        }
    }
    if let [provider, consumer] = signatures
        && provider.kid == consumer.kid
    {
        return Err(Refusal::new(
            ErrorCode::SignerNotParty,
            "both signatures are by the same key",
        ));
    }
    Ok(())
}

/// The one signature of a statement that carries one.
pub(crate) fn only(signatures: Vec<Signature>) -> Result<Signature, Refusal> {
    let count = signatures.len();
    let mut signatures = signatures.into_iter();
    match (signatures.next(), signatures.next()) {
        (Some(signature), None) => Ok(signature),
        (None, _) => Err(missing(0, 1)),
        (Some(_), Some(_)) => Err(Refusal::new(
            ErrorCode::SignatureCount,
            format!("the statement carries {count} signatures instead of 1"),
        )),
    }
}

fn missing(found: usize, due: usize) -> Refusal {
    Refusal::new(
        ErrorCode::SignatureMissing,
        format!("the statement carries {found} of {due} signatures"),
    )
}

pub(crate) fn open(bytes: &[u8], kind: StatementKind) -> Result<OpenedEnvelope, Refusal> {
    let codes = ReaderErrorCodes::of(kind.malformed());
    let json = strict_json::document(bytes, LIMITS, kind.malformed())?;
    let mut envelope = StrictObjectReader::of(json, "", codes)?;
    let payload_text = envelope.text("payload")?;
    let payload = base64url::decode(&payload_text)
        .ok_or_else(|| codes.wrong("the payload is not in base64url without padding"))?;
    let entries = envelope.list("signatures")?;
    envelope.finish()?;
    let mut signatures = Vec::new();
    for (index, entry) in entries.into_iter().enumerate() {
        signatures.push(header::signature(entry, index, kind, &payload_text)?);
    }
    Ok(OpenedEnvelope {
        payload,
        signatures,
    })
}
