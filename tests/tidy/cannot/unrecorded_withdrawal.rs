//! error: E0308
//! A withdrawal ends a contract once it is durable: the book takes no bare `Revoked`.

use policy::contract::{Book, Revoked};

pub fn hasten(book: &mut Book, revoked: Revoked) {
    book.revoke(revoked);
}
