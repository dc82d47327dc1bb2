//! error: E0451
//! Only `hansa_enforcement::worker_plan` makes a plan of which a worker computes a share: no ungoverned one can be put in its place.

fn attempt() -> hansa_enforcement::worker_plan::DelegatedPlan {
    hansa_enforcement::worker_plan::DelegatedPlan { plan: given() }
}
