//! error: E0382
//! One look into the book is good for one question: deciding takes it along.

use hansa_policy::contract::InForce;
use hansa_policy::ruling::{Facts, Question, decide};

pub fn twice<Q: Question>(standing: InForce, facts: &Facts<'_>, one: Q, other: Q) {
    let _ = decide(standing, facts, one);
    let _ = decide(standing, facts, other);
}
