//! The kinds of statements that are signed.

use hansa_policy::refusal::ErrorCode;

/// The kind of a statement. Protected headers name it, so that a signature on one kind is none on another.
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
    /// A remark of a party on a clause while a contract is negotiated.
    Comment,
    /// Attributes of a participant by an issuer.
    Credential,
    /// Right to sign for a participant, given by itself.
    Mandate,
    /// Members of a group.
    Group,
    /// Deletion of received data.
    Deletion,
    /// Use of a contract, with its charges.
    Usage,
    /// An event under a contract.
    Notice,
    /// Damage of the signer's log, or its continuation in two places.
    Incident,
    /// Acceptance of a version of the league's rulebook.
    RulebookAcceptance,
    /// Permission for workers to run a question of the own people.
    HouseGrant,
}

impl StatementKind {
    /// The `typ` of protected headers (RFC 7515, section 4.1.9).
    pub(crate) const fn typ(self) -> &'static str {
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

    /// The code for a statement of this kind that is not in its form.
    pub(crate) const fn malformed_code(self) -> ErrorCode {
        if matches!(self, Self::Agreement) {
            ErrorCode::ContractMalformed
        } else {
            ErrorCode::StatementMalformed
        }
    }
}
