//! error: E0451
//! A dataset is listed once its entry was compared with its snapshot: `Listed` can't be written down by hand.

use hansa_catalog::dataset::Dataset;
use hansa_catalog::publish::Listed;

pub fn forge(dataset: Dataset) -> Listed {
    Listed { dataset }
}
