//! error: E0616

fn attempt(mut permitted: enforce::apply::Permitted) {
    permitted.parts = given();
}
