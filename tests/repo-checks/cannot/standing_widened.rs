//! error: E0616

fn attempt(standing: &mut ActiveContracts) {
    standing.grants = given();
}
