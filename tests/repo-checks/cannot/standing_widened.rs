//! error: E0616

fn attempt(active: &mut ActiveContracts) {
    active.grants = given();
}
