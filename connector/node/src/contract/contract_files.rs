//! Contract files: what was signed is checked again each time that it is read.

use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::contract::{SignedContract, VerifiedContract};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Reads a contract file again: everything is checked as when it came in, by the keys that counted then.
pub(crate) fn read_contract(
    bytes: &[u8],
    id: ContractId,
    bundle: &TrustBundle,
    logged: UtcTimestamp,
) -> Result<VerifiedContract, Refusal> {
    signed_contract(bytes, id)?.verify(&bundle.keys(logged))
}

/// A contract or public view as it is written, if it is the one of that identity; its signatures are not checked yet.
///
/// # Errors
/// `CONTRACT_MALFORMED` and what else is wrong with the text.
pub(crate) fn signed_contract(bytes: &[u8], id: ContractId) -> Result<SignedContract, Refusal> {
    let signed = hansa_proto::envelope::parse_any_contract(bytes)?;
    if signed.id != id {
        return Err(Refusal::new(
            ErrorCode::ContractMalformed,
            "the file holds another contract than its name says",
        )
        .with_contract(id));
    }
    Ok(signed)
}
