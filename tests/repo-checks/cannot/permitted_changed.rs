//! error: E0616

fn attempt(mut permitted: hansa_enforcement::apply::Permitted) {
    permitted.parts = given();
}
