//! error: E0277

fn attempt() -> FlushProof {
    Default::default()
}
