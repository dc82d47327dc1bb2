//! error: E0308
//! A dataset is withdrawn by a recorded act, not by naming it.

use catalog::Catalog;
use policy::id::Name;

pub fn hasten(catalog: &mut Catalog, name: Name) {
    catalog.withdraw(name);
}
