//! error: E0616

fn attempt(mut bound: hansa_enforcement::bind::Bound) {
    bound.plan = given();
}
