//! error: E0308

fn attempt(book: &mut Book, staged: Staged<Agreed>) {
    book.admit(staged);
}
