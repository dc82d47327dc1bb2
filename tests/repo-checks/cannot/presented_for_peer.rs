//! error: E0308

fn attempt(book: &ContractRegistry, presented: &PeerCertificate, id: ContractId, now: UtcTimestamp) {
    let _ = book.in_force(presented, &[id], now);
}
