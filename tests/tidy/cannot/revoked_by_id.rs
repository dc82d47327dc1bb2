//! error: E0308
//! A contract is ended by a recorded withdrawal, not by naming it.

use policy::contract::Book;
use policy::id::ContractId;

pub fn end(book: &mut Book, id: ContractId) {
    book.revoke(id);
}
