//! error: E0451
//! Which contracts are in force for whom is the registry's to say: `ActiveContracts` can't be written down by hand.

use hansa_policy::contract::{Requester, ActiveContracts};
use std::collections::BTreeMap;

pub fn forge(asker: Requester) -> ActiveContracts {
    ActiveContracts {
        asker,
        grants: BTreeMap::new(),
    }
}
