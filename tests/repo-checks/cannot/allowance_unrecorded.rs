//! error: E0308
//! A sum of refusals allows nothing before it is on the books.

use hansa_policy::ruling::sum::{Allowance, Summary};

pub fn hasten(summary: Summary) -> Allowance {
    Allowance::of(summary)
}
