//! Cache of a peer's catalog entries. Most entries of the next catalog are equal byte for byte.

use bytes::Bytes;
use hansa_catalog::dataset::Dataset;
use hansa_catalog::offer::Offer;
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Clause;
use std::collections::HashMap;
use std::sync::Arc;

/// Most cached entries of each kind per peer. Others are parsed again.
const MOST: usize = 64;

/// Parsed entries by their bytes. Entries whose signature must be valid now are parsed each time.
#[derive(Debug, Default)]
pub(crate) struct CatalogCache {
    datasets: HashMap<Bytes, Dataset>,
    offers: HashMap<Bytes, Offer>,
}

impl CatalogCache {
    /// Title of an offer of these clauses on the dataset.
    pub(crate) fn title(&self, dataset: &DatasetId, clauses: &[Clause]) -> Option<String> {
        let mut offers = self.offers.values();
        let offer = offers.find(|one| one.dataset == *dataset && one.clauses == clauses)?;
        Some(offer.title.clone())
    }
}

/// Reader of a catalog that reuses cached entries. Unused ones are dropped.
#[derive(Debug, Default)]
pub(crate) struct CachedCatalogReader {
    before: Arc<CatalogCache>,
    now: CatalogCache,
}

impl CachedCatalogReader {
    /// Makes a reader before its first entry.
    pub(crate) fn from_cache(before: Arc<CatalogCache>) -> Self {
        let now = CatalogCache::default();
        Self { before, now }
    }

    /// Returns a dataset, from the cache or from its bytes.
    ///
    /// # Errors
    /// If the dataset can't be read.
    pub(crate) fn dataset(&mut self, bytes: &Bytes) -> Result<Dataset, Refusal> {
        let (now, before) = (&mut self.now.datasets, &self.before.datasets);
        read_or_reuse(now, before, bytes, hansa_proto::dataset::from_bytes)
    }

    /// Returns an offer, from the cache or from its bytes.
    ///
    /// # Errors
    /// If the offer can't be read.
    pub(crate) fn offer(&mut self, bytes: &Bytes) -> Result<Offer, Refusal> {
        let (now, before) = (&mut self.now.offers, &self.before.offers);
        read_or_reuse(now, before, bytes, hansa_proto::offer::from_bytes)
    }

    /// Returns the cache with all entries of this catalog.
    pub(crate) fn into_cache(self) -> CatalogCache {
        self.now
    }
}

fn read_or_reuse<T: Clone>(
    now: &mut HashMap<Bytes, T>,
    before: &HashMap<Bytes, T>,
    bytes: &Bytes,
    read: fn(&[u8]) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let value = match before.get(bytes) {
        Some(value) => value.clone(),
        None => read(bytes)?,
    };
    if now.len() < MOST {
        now.insert(bytes.clone(), value.clone());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use crate::peer::catalog_cache::{MOST, read_or_reuse};
    use bytes::Bytes;
    use hansa_policy::refusal::Refusal;
    use std::collections::HashMap;

    #[test]
    fn what_came_before_is_not_read_again_and_nothing_else_is_kept() {
        let text = |n: usize| Bytes::from(n.to_string());
        let fresh = |bytes: &[u8]| -> Result<String, Refusal> {
            Ok(format!("read {}", String::from_utf8_lossy(bytes)))
        };
        let mut first = HashMap::new();
        for n in 0..MOST + 9 {
            let value = read_or_reuse(&mut first, &HashMap::new(), &text(n), fresh).unwrap();
            assert_eq!(value, format!("read {n}"));
        }
        assert_eq!(first.len(), MOST);
        let never = |_: &[u8]| -> Result<String, Refusal> { panic!("it is known") };
        let mut second = HashMap::new();
        assert_eq!(
            read_or_reuse(&mut second, &first, &text(1), never).unwrap(),
            "read 1"
        );
        assert_eq!(
            read_or_reuse(&mut second, &first, &text(99), fresh).unwrap(),
            "read 99"
        );
        let kept: Vec<String> = second.into_values().collect();
        assert_eq!(kept.len(), 2, "{kept:?}");
    }
}
