//! error: E0451
//! A refusal is told when a durable record allows it: that it does can't be written down by hand.

use hansa_policy::ruling::sum::Summed;

pub fn hasten(declined: Declined) -> Summed {
    Summed { declined }
}
