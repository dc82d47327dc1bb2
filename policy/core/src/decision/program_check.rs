//! Check that a program without a connector may ask under a contract.

use crate::contract::DatasetGrant;
use crate::peer::ProgramAccess;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::{Clause, Term};

/// Checks that the contract permits programs, and that the program's access token is for this contract.
///
/// # Errors
/// `CONNECTOR_REQUIRED` where no clause says so, `TOKEN_INVALID` where the token is for another contract.
// INVARIANT: program-by-clause
pub(super) fn check_program(grant: &DatasetGrant, program: &ProgramAccess) -> Result<(), Refusal> {
    if let ProgramAccess::AccessToken { contract, .. } = program
        && grant.contract() != Some(*contract)
    {
        return Err(grant.name_contract(Refusal::new(
            ErrorCode::TokenInvalid,
            "the access token is for another contract",
        )));
    }
    match lets_programs_ask(grant.clauses()) {
        true => Ok(()),
        false => Err(grant.name_contract(connector_required())),
    }
}

/// True if a clause permits programs of the consumer to ask without a connector.
#[must_use]
pub fn lets_programs_ask(clauses: &[Clause]) -> bool {
    let mut terms = clauses.iter().map(|clause| &clause.term);
    terms.any(|term| matches!(term, Term::OneSidedReceipts))
}

/// Refusal for a program where the contract permits connectors alone.
#[must_use]
pub fn connector_required() -> Refusal {
    Refusal::new(
        ErrorCode::ConnectorRequired,
        "the contract gives answers only to the consumer's connector, which countersigns receipts",
    )
    .with_help(
        "ask through your own connector, or request an amendment with one_sided_receipts = true",
    )
}
