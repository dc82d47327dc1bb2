//! A contract that waits for a signature, as a file: so that it can be read and signed on another machine.
//!
//! The file holds the payload itself. What is signed is made of that and of nothing else here.

use crate::canonical_document::{self, CanonicalDocument};
use crate::contract;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};

/// What is to be signed, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractDraft {
    /// The negotiation, `n-…`, in which it is on the table.
    pub negotiation: String,
    /// Who is to sign.
    pub role: SignatoryRole,
    /// What.
    pub agreement: Agreement,
}

impl ContractDraft {
    /// The payload, which is what is signed.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        contract::to_bytes(&self.agreement)
    }

    /// The contract that it would become.
    #[must_use]
    pub fn contract_id(&self) -> ContractId {
        ContractId(Digest::of(&self.payload()))
    }
}

/// Members of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftForm {
    negotiation: String,
    role: SignatoryRole,
    contract: ContractId,
    payload: Json,
}

impl CanonicalDocument for DraftForm {
    const FORM: &'static str = "draft/1";
    const MALFORMED: ErrorCode = ErrorCode::ContractMalformed;
}

/// The draft as a file.
#[must_use]
pub fn to_bytes(draft: &ContractDraft) -> Vec<u8> {
    canonical_document::to_bytes(&DraftForm {
        negotiation: draft.negotiation.clone(),
        role: draft.role,
        contract: draft.contract_id(),
        payload: contract::to_json(&draft.agreement),
    })
}

/// The draft that a file holds; everything is checked of it that is checked of a contract, the page of its signers too.
///
/// # Errors
/// `CONTRACT_MALFORMED`, `TERM_UNKNOWN`, `TERM_ILL_TYPED` or `RENDERING_DIFFERS`.
pub fn from_bytes(bytes: &[u8]) -> Result<ContractDraft, Refusal> {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let form: DraftForm = canonical_document::from_bytes(body)?;
    let draft = ContractDraft {
        negotiation: form.negotiation,
        role: form.role,
        agreement: contract::from_json(&form.payload)?,
    };
    if draft.contract_id() != form.contract {
        return Err(Refusal::new(
            ErrorCode::ContractMalformed,
            "the draft names another contract than its payload makes",
        ));
    }
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_draft_survives_the_round_trip_and_nothing_else_is_read() {
        let draft = ContractDraft {
            negotiation: "n-3c51".to_owned(),
            role: SignatoryRole::Consumer,
            agreement: samples::sample_agreement(),
        };
        let bytes = to_bytes(&draft);
        assert_eq!(from_bytes(&bytes).unwrap(), draft);
        let text = String::from_utf8(bytes).unwrap();
        for (from, to, code) in [
            ("\"draft/1\"", "\"draft/2\"", ErrorCode::ContractMalformed),
            (
                "\"role\":\"consumer\"",
                "\"role\":\"witness\"",
                ErrorCode::ContractMalformed,
            ),
            (
                "\"version\":1",
                "\"version\":2",
                ErrorCode::RenderingDiffers,
            ),
            (
                "\"nonce\":\"B",
                "\"nonce\":\"C",
                ErrorCode::ContractMalformed,
            ),
        ] {
            assert!(text.contains(from), "{from}");
            let refusal = from_bytes(text.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert_eq!(refusal.code, code, "{from}: {refusal}");
        }
    }
}
