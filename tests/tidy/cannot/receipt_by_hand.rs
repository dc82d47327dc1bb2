//! error: E0451

fn attempt(leaf: Digest, at: Time) -> Receipt {
    Receipt { index: 0, leaf, at }
}
