//! error: E0308
//! A refusal is told when it is on the books, not before.

use hansa_transport::front::NoAnswer;

pub fn hasten(declined: Declined) -> NoAnswer {
    NoAnswer::Declined(declined)
}
