//! Signed statements as JWS in general JSON serialization, with a strict parser.
//!
//! Ordinary JWS libraries accept a statement after its first valid signature, skip unknown headers, and read the algorithm from
//! unsigned places. This parser knows every member, keeps every signature for verification, and fixes the number of signatures per
//! format. It does not verify signatures, which needs the registered keys.

use crate::base64url;
use crate::contract;
use crate::envelope::header::{ProtectedHeader, SignatureForm};
use crate::envelope::kind::StatementKind;
use crate::envelope::opened::{EnvelopeForm, OpenedEnvelope, insist_on_roles, open_envelope};
use crate::receipt::SignedReceipt;
use crate::statement;
use crate::withdrawal::WithdrawalStatement;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::serialized::to_json;
use hansa_audit_log::json::to_canonical_bytes;
use hansa_policy::contract::signature::{SignatoryRole, Signature};
use hansa_policy::contract::{Assignee, SignedContract, SignedWithdrawal};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};

pub mod header;
pub mod kind;
pub(crate) mod opened;
pub mod parts;
#[cfg(test)]
mod tests;

/// Reads a contract with exactly two signatures, the provider's first.
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

/// Reads a contract with a Dataspace Protocol partner, which does not sign: exactly one signature, the provider's.
///
/// # Errors
/// Same errors as [`parse_contract`].
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

/// Reads a stored contract of any kind, with the signatures of its kind.
///
/// # Errors
/// Same errors as [`parse_contract`].
pub fn parse_any_contract(bytes: &[u8]) -> Result<SignedContract, Refusal> {
    parse_contract(bytes)
        .or_else(|first| parse_offer(bytes).map_err(|_| first))
        .or_else(|first| parse_partner_contract(bytes).map_err(|_| first))
}

/// Reads the offer of a public view with exactly one signature, the provider's.
///
/// # Errors
/// Same errors as [`parse_contract`].
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

/// Reads a half-signed contract: exactly one signature, that of `role`, on an agreement of two parties.
///
/// # Errors
/// Same errors as [`parse_contract`].
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

/// Reads a withdrawal with exactly one signature, of either party.
///
/// # Errors
/// Errors of [`parse_contract`], and `STATEMENT_MALFORMED`.
pub fn parse_withdrawal(bytes: &[u8]) -> Result<SignedWithdrawal, Refusal> {
    let signed = statement::from_envelope::<WithdrawalStatement>(bytes)?;
    Ok(SignedWithdrawal {
        statement: signed.statement,
        contract: signed.content.contract,
        party: signed.content.party,
        effective_at: signed.content.effective_at,
        issued_at: signed.content.issued_at,
        reason: signed.content.reason,
        signature: signed.signature,
    })
}

/// Reads a receipt with the provider's signature and, if countersigned, the consumer's.
///
/// # Errors
/// Errors of [`parse_contract`], and `STATEMENT_MALFORMED`.
pub fn parse_receipt(bytes: &[u8]) -> Result<SignedReceipt, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open_envelope(bytes, StatementKind::Receipt)?;
    if signatures.len() == 1 {
        insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    } else {
        insist_on_roles(
            &signatures,
            &[SignatoryRole::Provider, SignatoryRole::Consumer],
        )?;
    }
    Ok(SignedReceipt {
        receipt: statement::from_bytes(&payload)?,
        statement: Digest::of(&payload),
        signatures,
    })
}

/// Protected header as it is in the statement and in the signing input.
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
    .to_base64url()
}

/// Returns the bytes that are signed.
#[must_use]
pub fn signing_input(header: &str, payload: &[u8]) -> Vec<u8> {
    format!("{header}.{}", base64url::encode(payload)).into_bytes()
}

/// Assembles a statement from its payload and its signatures with their protected headers, the provider's first.
#[must_use]
pub fn assemble_statement(payload: &[u8], signatures: &[(String, Vec<u8>)]) -> Vec<u8> {
    let entries = signatures.iter().map(|(header, signature)| {
        to_json(&SignatureForm {
            protected: header.clone(),
            signature: base64url::encode(signature),
        })
    });
    to_canonical_bytes(&to_json(&EnvelopeForm {
        payload: base64url::encode(payload),
        signatures: entries.collect(),
    }))
}

/// Assembles a contract from signatures that were read separately, such as the two halves of a negotiation.
#[must_use]
pub fn assemble_signed(payload: &[u8], signatures: &[Signature]) -> Vec<u8> {
    let mut ordered: Vec<&Signature> = signatures.iter().collect();
    ordered.sort_by_key(|signature| signature.role);
    let entries: Vec<(String, Vec<u8>)> = ordered
        .into_iter()
        .map(|one| (header_of(one), one.signature.clone()))
        .collect();
    assemble_statement(payload, &entries)
}

fn header_of(signature: &Signature) -> String {
    let header = signature.signing_input.split(|byte| *byte == b'.').next();
    String::from_utf8_lossy(header.unwrap_or_default()).into_owned()
}

fn signed_contract(bytes: &[u8], roles: &[SignatoryRole]) -> Result<SignedContract, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = open_envelope(bytes, StatementKind::Agreement)?;
    insist_on_roles(&signatures, roles)?;
    Ok(SignedContract {
        id: ContractId(Digest::of(&payload)),
        agreement: contract::from_bytes(&payload)?,
        signatures,
    })
}
