//! Issuance of credentials for members of the league.

use hansa_identity::league::LeagueAuthority;
use hansa_identity::signature::ParticipantSigner as _;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::refusal::Refusal;
use hansa_proto::credential::{self, CredentialStatement};
use hansa_proto::envelope;
use hansa_proto::statement;

/// Signs a credential and verifies it as every participant does.
///
/// # Errors
/// The refusal of the league, or `CREDENTIAL_INVALID` for a credential that no participant would accept.
pub fn issue_credential(
    league: &LeagueAuthority,
    statement: &CredentialStatement,
) -> Result<Vec<u8>, Refusal> {
    let signer = league.open_issuer_signer(&statement.issuer)?;
    let payload = statement::to_bytes(statement);
    let header = envelope::protected_header(
        envelope::kind::StatementKind::Credential,
        SignatoryRole::Provider,
        signer.algorithm().as_str(),
        signer.kid(),
        statement.issued_at.micros().div_euclid(1_000_000),
    );
    let signature = signer.sign(&envelope::signing_input(&header, &payload))?;
    let bytes = envelope::assemble_statement(&payload, &[(header, signature)]);
    let read = credential::from_envelope(&bytes)?;
    let bundle = league.bundle();
    bundle.attested_attributes(&read, &statement.subject, statement.issued_at)?;
    Ok(bytes)
}
