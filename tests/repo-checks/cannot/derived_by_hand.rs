//! error: E0451
//! Only `derive` says what contracts do to a question of a worker: effects can't be chosen by hand.

use hansa_policy::ruling::derive::Derived;
use std::collections::BTreeMap;

pub fn forge<Q>(question: Q) -> Derived<Q> {
    Derived {
        question,
        effects: BTreeMap::new(),
    }
}
