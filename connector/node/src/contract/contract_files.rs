//! Files of contracts. Each read checks the signatures again.

use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::contract::{SignedContract, VerifiedContract};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Reads a contract file and repeats all checks of its arrival, with the keys valid at that time.
pub(crate) fn read_contract(
    bytes: &[u8],
    id: ContractId,
    bundle: &TrustBundle,
    logged: UtcTimestamp,
) -> Result<VerifiedContract, Refusal> {
    signed_contract(bytes, id)?.verify(&bundle.keys(logged))
}

/// Parses a contract or public view and checks its identity. Its signatures are not checked yet.
///
/// # Errors
/// `CONTRACT_MALFORMED`, and other errors of the text.
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
