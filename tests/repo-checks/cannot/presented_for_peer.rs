//! error: E0308

fn attempt(registry: &ContractRegistry, presented: &PeerCertificate, id: ContractId, now: UtcTimestamp) {
    let _ = registry.in_force(presented, &[id], now);
}
