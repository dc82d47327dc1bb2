//! error: E0277

fn attempt(permitted: &hansa_enforcement::permitted_plan::PermittedPlan) -> PermittedPlan {
    Clone::clone(permitted)
}
