//! error: E0624
//! A bound plan is only taken out by `apply`, after its ruling was recorded.

fn attempt(bound: hansa_enforcement::bound_plan::BoundPlan) {
    let _ = bound.into_parts();
}
