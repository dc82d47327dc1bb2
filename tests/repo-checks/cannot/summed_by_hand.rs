//! error: E0451
//! A refusal is told when a durable record allows it: that it does can't be written down by hand.

use hansa_policy::decision::refusal_summary::DisclosableRefusal;

pub fn hasten(declined: PendingRefusal) -> DisclosableRefusal {
    DisclosableRefusal { declined }
}
