//! error: E0624
//! A bound plan is only taken out by `apply`, after its ruling was recorded.

fn attempt(bound: enforce::bind::Bound) {
    let _ = bound.into_parts();
}
