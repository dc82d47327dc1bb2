//! error: E0308
//! A dataset is withdrawn by a recorded act, not by naming it.

use hansa_catalog::Catalog;
use hansa_policy::id::SqlIdentifier;

pub fn hasten(catalog: &mut Catalog, name: SqlIdentifier) {
    catalog.withdraw(name);
}
