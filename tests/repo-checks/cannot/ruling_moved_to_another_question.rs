//! error: E0616
//! The question travels inside its ruling, so that a ruling on one can't be used for another.

use hansa_policy::decision::PermitDecision;

pub fn swap<Q>(ruled: &mut PermitDecision<Q>, other: Q) {
    ruled.question = other;
}
