//! error: E0308

fn attempt(bound: Recorded<hansa_enforcement::bound_plan::BoundPlan>, tools: &PrivatePlanContext) {
    let _ = apply(bound, tools);
}
