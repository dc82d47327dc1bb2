//! error: E0451
//! A dataset is listed once its entry was compared with its snapshot: `PublishableDataset` can't be written down by hand.

use hansa_catalog::dataset::Dataset;
use hansa_catalog::publication::PublishableDataset;

pub fn forge(dataset: Dataset) -> PublishableDataset {
    PublishableDataset { dataset }
}
