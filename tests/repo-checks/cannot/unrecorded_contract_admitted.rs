//! error: E0308
//! A contract is in force only once its activation is durable: the book takes no bare `Agreed`.

use hansa_policy::contract::{Agreed, Book};

pub fn hasten(book: &mut Book, agreed: Agreed) {
    book.admit(agreed);
}
