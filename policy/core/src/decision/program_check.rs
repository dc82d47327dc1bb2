//! Whether a program without a connector may ask under a contract.

use crate::contract::DatasetGrant;
use crate::peer::ProgramAccess;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::Term;

/// The contract says that programs may ask, and the access token of the program is for this contract.
///
/// # Errors
/// `CONNECTOR_REQUIRED` where no clause says so, `TOKEN_INVALID` where the token is for another contract.
// INVARIANT: program-by-clause
pub(super) fn check(grant: &DatasetGrant, program: &ProgramAccess) -> Result<(), Refusal> {
    if let ProgramAccess::AccessToken { contract, .. } = program
        && grant.contract() != Some(*contract)
    {
        return Err(grant.name_contract(Refusal::new(
            ErrorCode::TokenInvalid,
            "the access token is for another contract",
        )));
    }
    match grant.clause_where(|term| matches!(term, Term::OneSidedReceipts)) {
        Some(_) => Ok(()),
        None => Err(grant.name_contract(connector_required())),
    }
}

/// What a program is told where the contract is answered to connectors alone.
#[must_use]
pub fn connector_required() -> Refusal {
    Refusal::new(
        ErrorCode::ConnectorRequired,
        "the contract is answered to the connector of the consumer alone, which countersigns receipts",
    )
    .with_help("ask through your own connector, or request an amendment with one_sided_receipts = true")
}
