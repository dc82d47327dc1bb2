//! Catalogs of peers as they were last read, so that a list needs no answer of a peer.

use crate::peer::peer_connections::KnownPeer;
use crate::peer::visible_dataset::VisibleDataset;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Largest size of all kept entries, in bytes of their form on the wire.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Largest size of the entries of one peer, so that none pushes out the others.
const MOST_OF_PEER: usize = MOST_BYTES / 8;

/// Catalog of a peer as it was last read.
#[derive(Debug, Clone)]
pub struct KnownCatalog {
    /// Instant at which it was read.
    pub read_at: UtcTimestamp,
    /// Datasets in the order of their names.
    pub datasets: Vec<VisibleDataset>,
    /// Number of datasets that were not kept, because the memory for catalogs was full.
    pub left_out: usize,
}

/// Dataset of a catalog with its size on the wire.
pub(crate) struct SizedDataset<'a> {
    pub(crate) dataset: &'a VisibleDataset,
    pub(crate) bytes: usize,
}

/// Catalogs of all peers. They are lost when the process ends.
#[derive(Debug, Default)]
pub(crate) struct KnownCatalogs(Mutex<BTreeMap<ParticipantId, StoredCatalog>>);

#[derive(Debug)]
struct StoredCatalog {
    catalog: Arc<KnownCatalog>,
    bytes: usize,
}

impl KnownCatalogs {
    /// Catalog of a peer; none where it was not read since the start of the process.
    pub(crate) fn find(&self, peer: &ParticipantId) -> Option<Arc<KnownCatalog>> {
        let all = self.0.lock();
        all.get(peer).map(|stored| Arc::clone(&stored.catalog))
    }

    /// Forgets the catalogs of all peers but these.
    pub(crate) fn retain(&self, peers: &[KnownPeer]) {
        let mut all = self.0.lock();
        all.retain(|id, _| peers.iter().any(|peer| peer.id == *id));
    }

    /// Replaces the catalog of a peer, as far as the memory for catalogs suffices.
    pub(crate) fn keep<'a>(
        &self,
        peer: &ParticipantId,
        read_at: UtcTimestamp,
        shown: impl Iterator<Item = SizedDataset<'a>>,
    ) {
        let mut all = self.0.lock();
        let others = all.iter().filter(|(id, _)| *id != peer);
        let of_others = others.fold(0_usize, |sum, (_, stored)| sum.saturating_add(stored.bytes));
        let mut stored_bytes = 0_usize;
        let mut catalog = KnownCatalog {
            read_at,
            datasets: Vec::new(),
            left_out: 0,
        };
        for SizedDataset { dataset, bytes } in shown {
            let next = stored_bytes.saturating_add(bytes);
            if next > MOST_OF_PEER || of_others.saturating_add(next) > MOST_BYTES {
                catalog.left_out = catalog.left_out.saturating_add(1);
            } else {
                stored_bytes = next;
                catalog.datasets.push(dataset.clone());
            }
        }
        let name = |visible: &VisibleDataset| visible.dataset.id.name.clone();
        catalog.datasets.sort_by_cached_key(name);
        let stored = StoredCatalog {
            catalog: Arc::new(catalog),
            bytes: stored_bytes,
        };
        all.insert(peer.clone(), stored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_catalog::dataset::{Dataset, DatasetDescription};
    use hansa_policy::id::DatasetId;

    fn visible(name: &str) -> VisibleDataset {
        let dataset = Dataset {
            id: DatasetId {
                owner: "hansa://lindau.example".parse().unwrap(),
                name: name.parse().unwrap(),
            },
            title: "Bicycles".to_owned(),
            licence: "CC0-1.0".to_owned(),
            attribution: None,
            high_value: false,
            model: None,
            kind: None,
            description: DatasetDescription::default(),
            queries: Vec::new(),
            unit_column: None,
            personal: false,
            columns: Vec::new(),
            whole_schema: None,
            grid: None,
            feed: None,
            version: "2026-11-27.1".to_owned(),
            published_at: "2026-11-27T09:00:00Z".parse().unwrap(),
            rows: 0,
            bytes: 0,
            time_span: None,
            area: None,
            zone: "UTC".to_owned(),
        };
        VisibleDataset {
            peer: KnownPeer {
                id: dataset.id.owner.clone(),
                address: String::new(),
                alias: "lindau".parse().unwrap(),
            },
            dataset,
            offers: Vec::new(),
            views: Vec::new(),
            unusable: Vec::new(),
        }
    }

    fn keep(known: &KnownCatalogs, peer: &str, datasets: &[(&str, usize)]) {
        let shown: Vec<_> = datasets
            .iter()
            .map(|(name, bytes)| (visible(name), *bytes))
            .collect();
        let sized = shown.iter().map(|(dataset, bytes)| SizedDataset {
            dataset,
            bytes: *bytes,
        });
        let at = "2026-11-27T10:00:00Z".parse().unwrap();
        known.keep(&peer.parse().unwrap(), at, sized);
    }

    #[test]
    fn the_memory_for_catalogs_has_an_end() {
        let known = KnownCatalogs::default();
        let (one, other) = ("hansa://lindau.example", "hansa://bregenz.example");
        let fillers: Vec<String> = (0..7)
            .map(|at| format!("hansa://city{at}.example"))
            .collect();
        for filler in fillers.iter().take(6) {
            keep(&known, filler, &[("x", MOST_OF_PEER)]);
        }
        // No peer has more than its share.
        keep(&known, one, &[("b", MOST_OF_PEER), ("a", 1)]);
        let of_one = known.find(&one.parse().unwrap()).unwrap();
        assert_eq!((of_one.datasets.len(), of_one.left_out), (1, 1));
        keep(&known, one, &[("b", MOST_OF_PEER - 1), ("a", 1)]);
        keep(&known, &fillers[6], &[("x", 1)]);
        keep(&known, other, &[("c", MOST_OF_PEER), ("d", 1)]);
        let names = |peer: &str| -> (Vec<String>, usize) {
            let catalog = known.find(&peer.parse().unwrap()).unwrap();
            let names = catalog.datasets.iter();
            let names = names.map(|visible| visible.dataset.id.name.to_string());
            (names.collect(), catalog.left_out)
        };
        assert_eq!(names(one), (vec!["a".to_owned(), "b".to_owned()], 0));
        assert_eq!(names(other), (vec!["d".to_owned()], 1));
        // A catalog that shrinks makes room.
        keep(&known, one, &[]);
        keep(&known, other, &[("c", MOST_OF_PEER - 1), ("d", 1)]);
        assert_eq!(names(other).1, 0);
        // So does one whose peer is known no longer.
        known.retain(&[visible("a").peer]);
        assert!(known.find(&other.parse().unwrap()).is_none());
        assert!(
            known
                .find(&"hansa://acme.example".parse().unwrap())
                .is_none()
        );
    }
}
