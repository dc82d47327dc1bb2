//! error: E0616
//! What was verified of a certificate can't be put beside another one.

use hansa_identity::certificate::{VerifiedChain, LeafCertificate};

pub fn relabel(mut chain: VerifiedChain, other: LeafCertificate) -> VerifiedChain {
    chain.leaf = other;
    chain
}
