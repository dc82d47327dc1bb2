//! Purposes of signatures. Each key of a participant is permitted for some of them only.

/// Purpose of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignaturePurpose {
    /// Concludes a contract with another participant.
    Contract,
    /// Offers a public view, which binds no other participant.
    View,
    /// Ends a contract.
    Withdrawal,
    /// Confirms facts about the signer or others: receipts, disputes, comments, credentials.
    Statement,
    /// Gives a key the right to sign for the participant.
    Mandate,
}
