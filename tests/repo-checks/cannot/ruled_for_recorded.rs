//! error: E0308

fn attempt(ruled: PermitDecision<hansa_enforcement::bound_plan::BoundPlan>, tools: &PrivatePlanContext) {
    let _ = apply(ruled, tools);
}
