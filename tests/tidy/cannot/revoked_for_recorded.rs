//! error: E0308

fn attempt(book: &mut Book, revoked: Revoked) {
    book.revoke(revoked);
}
