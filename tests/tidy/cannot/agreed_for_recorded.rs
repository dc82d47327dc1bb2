//! error: E0308

fn attempt(book: &mut Book, agreed: Agreed) {
    book.admit(agreed);
}
