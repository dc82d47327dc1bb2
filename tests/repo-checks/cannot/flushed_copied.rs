//! error: E0277

fn attempt(flushed: &FlushProof) -> FlushProof {
    Clone::clone(flushed)
}
