//! error: E0616

fn attempt(mut permitted: hansa_enforcement::permitted_plan::PermittedPlan) {
    permitted.parts = given();
}
