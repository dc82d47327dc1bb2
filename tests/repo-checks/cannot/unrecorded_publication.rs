//! error: E0308
//! A dataset appears once its publication is durable: the catalogue takes no bare `PublishableDataset`.

use hansa_catalog::Catalog;
use hansa_catalog::publication::PublishableDataset;

pub fn hasten(catalog: &mut Catalog, listed: PublishableDataset) {
    catalog.publish(listed);
}
