//! error: E0308
//! A dataset is withdrawn by a recorded act, not by naming it.

use hansa_catalog::Catalog;
use hansa_policy::id::Name;

pub fn hasten(catalog: &mut Catalog, name: Name) {
    catalog.withdraw(name);
}
