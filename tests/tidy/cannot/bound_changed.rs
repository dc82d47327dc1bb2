//! error: E0616

fn attempt(mut bound: enforce::bind::Bound) {
    bound.plan = given();
}
