//! error: E0277

fn attempt(active: &ActiveContracts) -> ActiveContracts {
    Clone::clone(active)
}
