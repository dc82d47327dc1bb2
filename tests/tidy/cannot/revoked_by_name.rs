//! error: E0308

fn attempt(book: &mut Book, id: ContractId) {
    book.revoke(id);
}
