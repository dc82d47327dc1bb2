//! error: E0308

fn attempt(book: &mut ContractRegistry, staged: PendingRecord<VerifiedContract>) {
    book.admit(staged);
}
