//! error: E0308
//! A dataset appears once its publication is durable: the catalogue takes no bare `Listed`.

use hansa_catalog::Catalog;
use hansa_catalog::publish::Listed;

pub fn hasten(catalog: &mut Catalog, listed: Listed) {
    catalog.publish(listed);
}
