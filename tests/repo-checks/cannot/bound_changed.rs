//! error: E0616

fn attempt(mut bound: hansa_enforcement::bound_plan::BoundPlan) {
    bound.plan = given();
}
