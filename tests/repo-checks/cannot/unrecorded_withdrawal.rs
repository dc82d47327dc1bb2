//! error: E0308
//! A withdrawal ends a contract once it is durable: the book takes no bare `Revoked`.

use hansa_policy::contract::{Book, Revoked};

pub fn hasten(book: &mut Book, revoked: Revoked) {
    book.revoke(revoked);
}
