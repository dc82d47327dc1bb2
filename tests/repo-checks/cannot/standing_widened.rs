//! error: E0616

fn attempt(standing: &mut InForce) {
    standing.grants = given();
}
