//! error: E0451
//! Which contracts are in force for whom is the book's to say: `InForce` can't be written down by hand.

use hansa_policy::contract::{Asker, InForce};
use std::collections::BTreeMap;

pub fn forge(asker: Asker) -> InForce {
    InForce {
        asker,
        grants: BTreeMap::new(),
    }
}
