//! error: E0616
//! What was verified of a certificate can't be put beside another one.

use hansa_identity::certificate::{Chain, Leaf};

pub fn relabel(mut chain: Chain, other: Leaf) -> Chain {
    chain.leaf = other;
    chain
}
