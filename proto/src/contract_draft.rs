//! A contract that waits for a signature, as a file: so that it can be read and signed on another machine.
//!
//! The file holds the payload itself. What is signed is made of that and of nothing else here.

use crate::contract;
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};

const FORMAT: &str = "draft/1";

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
    pub fn contract(&self) -> ContractId {
        ContractId(Digest::of(&self.payload()))
    }
}

/// The draft as a file.
#[must_use]
pub fn to_bytes(draft: &ContractDraft) -> Vec<u8> {
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("negotiation", Json::text(&draft.negotiation)),
        ("role", Json::text(draft.role.as_str())),
        ("contract", Json::text(draft.contract())),
        ("payload", contract::to_json(&draft.agreement)),
    ]))
}

/// The draft that a file holds; everything is checked of it that is checked of a contract, the page of its signers too.
///
/// # Errors
/// `CONTRACT_MALFORMED`, `TERM_UNKNOWN`, `TERM_ILL_TYPED` or `RENDERING_DIFFERS`.
pub fn from_bytes(bytes: &[u8]) -> Result<ContractDraft, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::ContractMalformed);
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let json = strict_json::document(body, LIMITS, ErrorCode::ContractMalformed)?;
    let mut file = StrictObjectReader::of(json, "", codes)?;
    file.exactly_text("hansa", FORMAT)?;
    let negotiation = file.text("negotiation")?;
    let role = match file.text("role")?.as_str() {
        "provider" => SignatoryRole::Provider,
        "consumer" => SignatoryRole::Consumer,
        other => return Err(codes.unknown(format!("the role `{other}` is not known"))),
    };
    let reported: ContractId = file.parse_text("contract")?;
    let payload = canonical(&file.take("payload")?);
    file.finish()?;
    let draft = ContractDraft {
        negotiation,
        role,
        agreement: contract::from_bytes(&payload)?,
    };
    if draft.contract() != reported {
        return Err(codes.wrong("the draft names another contract than its payload makes"));
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
            agreement: samples::agreement(),
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
