//! Random bytes for identifiers and nonces.

/// Returns random bytes for identifiers and nonces.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut bytes);
    bytes
}

/// Returns `bytes` random bytes as hexadecimal digits.
pub fn random_hex(bytes: usize) -> String {
    let random: [u8; 32] = random_bytes();
    random
        .iter()
        .take(bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
