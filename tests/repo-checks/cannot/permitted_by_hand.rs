//! error: E0451
//! Only `apply` makes a plan that may be executed.

fn attempt() -> hansa_enforcement::permitted_plan::PermittedPlan {
    hansa_enforcement::permitted_plan::PermittedPlan { parts: given() }
}
