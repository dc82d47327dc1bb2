//! error: E0308

fn attempt(registry: &mut ContractRegistry, staged: PendingRecord<VerifiedContract>) {
    registry.admit(staged);
}
