//! Kinds of signed statements.

use hansa_policy::refusal::ErrorCode;

/// Kind of a signed statement. Protected headers name it, so that a signature on one kind is invalid on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// Contract, or offer of a public view.
    Agreement,
    /// Withdrawal of a contract.
    Withdrawal,
    /// Receipt for an answer.
    Receipt,
    /// Consumer's dispute of a receipt that differs from the received data.
    Dispute,
    /// Comment of a party on a clause during a negotiation.
    Comment,
    /// Attributes of a participant by an issuer.
    Credential,
    /// Mandate of a participant to sign for it.
    Mandate,
    /// Members of a group.
    Group,
    /// Deletion of received data.
    Deletion,
    /// Usage of a contract, with its charges.
    Usage,
    /// Event under a contract.
    Notice,
    /// Damage or fork of the signer's log.
    Incident,
    /// Acceptance of a version of the league's rulebook.
    RulebookAcceptance,
    /// House grant: permission for workers to run a question of an own user.
    HouseGrant,
}

impl StatementKind {
    /// Value of `typ` in protected headers (RFC 7515, section 4.1.9).
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

    /// Error code of a malformed statement of this kind.
    pub(crate) const fn malformed_code(self) -> ErrorCode {
        if matches!(self, Self::Agreement) {
            ErrorCode::ContractMalformed
        } else {
            ErrorCode::StatementMalformed
        }
    }
}
