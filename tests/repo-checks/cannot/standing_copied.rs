//! error: E0277

fn attempt(standing: &ActiveContracts) -> ActiveContracts {
    Clone::clone(standing)
}
