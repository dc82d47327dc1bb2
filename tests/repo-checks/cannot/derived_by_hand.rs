//! error: E0451
//! Only `derive_effects` says what contracts do to a question of a worker: effects can't be chosen by hand.

use hansa_policy::decision::derivation::DerivedQuery;
use std::collections::BTreeMap;

pub fn forge<Q>(question: Q) -> DerivedQuery<Q> {
    DerivedQuery {
        question,
        effects: BTreeMap::new(),
    }
}
