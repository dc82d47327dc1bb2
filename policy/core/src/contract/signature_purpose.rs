//! What a signature does: not every key of a participant may do everything.

/// What a signature does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignaturePurpose {
    /// Concludes a contract with another participant.
    Contract,
    /// Offers a public view, which binds nobody else.
    View,
    /// Ends a contract.
    Withdrawal,
    /// States what happened, or something of others: receipts, disputes, comments, credentials.
    Statement,
    /// Says who may sign for the participant.
    Mandate,
}
