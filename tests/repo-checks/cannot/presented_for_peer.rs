//! error: E0308

fn attempt(book: &Book, presented: &Presented, id: ContractId, now: Time) {
    let _ = book.in_force(presented, &[id], now);
}
