//! error: E0277

fn attempt(standing: &InForce) -> InForce {
    Clone::clone(standing)
}
