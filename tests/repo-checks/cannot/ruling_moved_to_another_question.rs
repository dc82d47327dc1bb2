//! error: E0616
//! The question travels inside its ruling, so that a ruling on one can't be used for another.

use hansa_policy::ruling::Ruled;

pub fn swap<Q>(ruled: &mut Ruled<Q>, other: Q) {
    ruled.question = other;
}
