//! error: E0451
//! Only `bind` says what a plan reads.

fn attempt() -> hansa_enforcement::bound_plan::BoundPlan {
    hansa_enforcement::bound_plan::BoundPlan {
        plan: given(),
        reads: given(),
        digest: given(),
        meetings: given(),
        explain: false,
        origin: None,
    }
}
