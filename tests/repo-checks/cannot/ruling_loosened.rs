//! error: E0596
//! What is done to a dataset can be read in a ruling, not changed.

use hansa_policy::decision::PermitDecision;

pub fn loosen<Q>(ruled: &PermitDecision<Q>) {
    ruled.effects().clear();
}
