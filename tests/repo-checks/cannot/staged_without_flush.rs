//! error: E0061

fn attempt(staged: PendingRecord<VerifiedContract>) {
    let _ = staged.confirm();
}
